"""Further questions that follow from a sample: its rows alone, and in reverse order. Pure.

Whether the rows of a function are independent of each other is not declared but asked of the reference: rows taken from the operands
must give the rows of the true result. Otherwise nothing is derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from csvkit_ml.model.function import Expected, Function, Sample
from csvkit_ml.model.tensor import Array, Tensor

Rows = Callable[[Array], Array]
"""Rows of an array."""
_SAME = 2.0**-40
"""Relative to the largest value: references of other shapes add in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A sample made of another one's rows."""

    dimension: str
    """`batch` or `position`."""
    sample: Sample
    expected: tuple[Expected, ...]
    of_whole: Rows
    """Rows of the whole sample's outputs that correspond to `of_part`."""
    of_part: Rows


def derived(function: Function, sample: Sample) -> Iterator[Derived]:
    """The first and the last row alone, and all rows in reverse order, where rows are independent."""
    rows = sample.inputs[0].shape[0] if sample.inputs and sample.inputs[0].shape else 0
    if rows < 2 or "seed" in dict(sample.params):  # numbers drawn from a stream belong to no row
        return
    whole = function.reference(sample)
    if any(not e.shape or e.shape[0] != rows for e in whole):
        return
    last = rows - 1
    ways: tuple[tuple[str, str, Rows, Rows], ...] = (
        ("batch", "row-0", lambda a: a[:1], lambda a: a),
        ("batch", f"row-{last}", lambda a: a[last:], lambda a: a),
        ("position", "reversed", lambda a: a[::-1], lambda a: a),
    )
    ask = partial(_taken, function, sample, whole, rows)
    found: bool | None = None
    """Whether rows are taken of every operand, once that is known."""
    for dimension, name, take, keep in ways:
        every, made = next(((e, m) for e in ((False, True) if found is None else (found,)) if (m := ask(name, take, every=e))), (found, None))
        if made is not None:
            found = every
            yield Derived(dimension=dimension, sample=made[0], expected=made[1], of_whole=take, of_part=keep)


def _taken(
    function: Function, sample: Sample, whole: tuple[Expected, ...], rows: int, name: str, take: Rows, *, every: bool
) -> tuple[Sample, tuple[Expected, ...]] | None:
    """The sample of those rows with its true result; None where they do not give those rows of the whole result.

    Args:
        every: take rows of every operand that has as many, not of the first alone.
    """
    inputs = tuple(Tensor.of(take(t.array())) if i == 0 or (every and t.shape[:1] == (rows,)) else t for i, t in enumerate(sample.inputs))
    part = replace(sample, name=f"{sample.name}-{name}", inputs=inputs)
    try:
        expected = function.reference(part)
    except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        return None
    return (part, expected) if _rows_of(whole, expected, take) else None


def _rows_of(whole: tuple[Expected, ...], part: tuple[Expected, ...], take: Rows) -> bool:
    return len(whole) == len(part) and all(_same(take(np.asarray(w.value)), np.asarray(p.value)) for w, p in zip(whole, part, strict=True))


def _same(a: Array, b: Array) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    finite = a[np.isfinite(a)]
    room = _SAME * float(np.abs(finite).max()) if finite.size else 0.0
    return bool(np.allclose(a, b, rtol=_SAME, atol=room, equal_nan=True))
