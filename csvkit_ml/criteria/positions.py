"""Positions that an ordering returns: judged by what they point at where the definition leaves the order of equal elements open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import empty, text
from csvkit_ml.criteria.exact import Exact
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Values are exact; every position is inside the data, occurs once in its row, and names an element equal to the true one.

    An output without Expected.extra is a value, judged by Exact. One with `operand` (the data) and `axis` (a scalar) holds positions
    along that axis of the data. Equal: NaN equals NaN, -0 equals 0. Which of two equal zeros was taken is not compared with the sign
    of the value that is returned beside the position.
    """

    rationale: str = "The definition fixes the order of the values, not which of equal elements comes first; an element cannot come twice."
    literature: str = "Knuth, The Art of Computer Programming, vol. 3, ch. 5 (a sort is a permutation; stability is a property of its own)"
    kind: str = "positions"

    @property
    def formula(self) -> str:
        return "values exact; x[i_k] = x[true i_k], i_k distinct, 0 <= i_k < n"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge values, or positions by the elements that they name."""
        if not expected.extra:
            return Exact().measure(actual, expected)
        if expected.value.size == 0:
            return empty(expected)
        axis = int(expected.extra["axis"])
        x, i, true = (np.moveaxis(a, axis, -1) for a in (expected.extra["operand"], actual, expected.value))
        inside = (i >= 0) & (i < x.shape[-1])
        found = np.take_along_axis(x, np.where(inside, i, 0), axis=-1)
        bad = np.moveaxis(~inside | _repeated(i) | ~_equal(found, np.take_along_axis(x, true, axis=-1)), -1, axis)
        return _summary(actual, expected, bad)


def _repeated(i: Array) -> Array:
    """Positions that stand a second time in their row (last axis)."""
    order = np.argsort(i, axis=-1, kind="stable")
    ranked = np.take_along_axis(i, order, axis=-1)
    again = np.zeros(i.shape, dtype=bool)
    again[..., 1:] = ranked[..., 1:] == ranked[..., :-1]
    out = np.zeros(i.shape, dtype=bool)
    np.put_along_axis(out, order, again, axis=-1)
    return out


def _equal(a: Array, b: Array) -> Array:
    if a.dtype.kind not in "fV":
        return np.asarray(a == b)
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _summary(actual: Array, expected: Expected, bad: Array) -> Measurement:
    failed = bool(bad.any())
    index = tuple(int(n) for n in np.unravel_index(int(np.argmax(bad)), bad.shape)) if failed else ()
    identical = not failed and np.array_equal(actual, expected.value)
    return Measurement(
        output=expected.name,
        reason=Reason.BEYOND_HARD if failed else Reason.IDENTICAL if identical else Reason.WITHIN_BAND,
        compared=int(actual.size),
        offenders=int(np.count_nonzero(bad)),
        error=float("inf") if failed else 0.0,
        ratio=float("inf") if failed else 0.0,
        worst_index=index,
        expected=text(expected.value[index]) if failed else "a permutation that orders the data",
        actual=text(actual[index]) if failed else "a permutation that orders the data",
    )
