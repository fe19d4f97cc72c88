"""Pairwise covering arrays (strength 2): every pair of values of every two parameters occurs in at least one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Row = dict[str, Any]


def pairwise(parameters: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool] = lambda row: True) -> list[Row]:
    """Rows that cover all allowed pairs, greedily, deterministically.

    Args:
        parameters: values by parameter name.
        allowed: refuses impossible combinations; called with complete rows.

    Returns:
        Rows in construction order, the first takes the first value of every parameter where allowed.
    """
    names = list(parameters)
    rows = [r for r in _rows(parameters) if allowed(r)]
    uncovered = {p for r in rows for p in _pairs(r, names)}
    chosen: list[Row] = []
    while uncovered:
        best = max(rows, key=lambda r: sum(p in uncovered for p in _pairs(r, names)))
        chosen.append(best)
        uncovered -= set(_pairs(best, names))
    return chosen


def _rows(parameters: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
    for values in product(*parameters.values()):
        yield dict(zip(parameters, values, strict=True))


def _pairs(row: Row, names: Sequence[str]) -> list[tuple[str, str, str, str]]:
    if len(names) == 1:
        return [(names[0], repr(row[names[0]]), "", "")]
    return [(a, repr(row[a]), b, repr(row[b])) for a, b in combinations(names, 2)]
