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
    covers = [_pairs(r, names) for r in rows]
    uncovered = set().union(*covers)
    chosen: list[Row] = []
    while uncovered:
        best = max(range(len(rows)), key=lambda i: len(uncovered & covers[i]))
        chosen.append(rows[best])
        uncovered -= covers[best]
    return chosen


def _rows(parameters: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
    for values in product(*parameters.values()):
        yield dict(zip(parameters, values, strict=True))


def _pairs(row: Row, names: Sequence[str]) -> frozenset[tuple[str, ...]]:
    shown = [(n, repr(row[n])) for n in names]
    return frozenset([(*x, *y) for x, y in combinations(shown, 2)] if len(names) > 1 else shown)
