"""Exact agreement: integers, indices, casts, data movement, and operations that IEEE 754 requires to round correctly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import empty, text, true_text
from csvkit_ml.criteria.formats import round_to
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """y equals the true value correctly rounded to the output's dtype; NaN meets NaN, zeros keep their sign."""

    rationale: str = "The operation only moves values, or IEEE 754 requires the correctly rounded result."
    literature: str = "IEEE 754-2019, 4.3 and 5.4"
    kind: str = "exact"

    @property
    def formula(self) -> str:
        return "y = RN(r), NaN = NaN, sign of zero kept"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Count the elements that differ."""
        if expected.value.size == 0:
            return empty(expected)
        true = round_to(expected.dtype, expected.value, expected.low)
        same = _same(actual, true, any_zero=expected.any_sign_of_zero)
        bad = ~same
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape)) if bad.ndim else ()
        failed = bool(bad.any())
        wrong = Reason.SPECIAL_VALUE if failed and _special_at(actual, true, index) else Reason.BEYOND_HARD
        return Measurement(
            output=expected.name,
            reason=wrong if failed else Reason.IDENTICAL,
            compared=int(same.size),
            offenders=int(np.count_nonzero(bad)),
            error=_distance(actual[index], true[index]) if failed else 0.0,
            ratio=float("inf") if failed else 0.0,
            worst_index=index if failed else (),
            expected=true_text(expected, index),
            actual=text(actual[index]),
        )


def _same(actual: Array, true: Array, *, any_zero: bool) -> Array:
    if actual.dtype.kind in "fV":
        with np.errstate(invalid="ignore"):
            a, t = actual.astype(np.float64), true.astype(np.float64)
        same = (a == t) | (np.isnan(a) & np.isnan(t))
        return np.asarray(same if any_zero else same & ((a != 0) | (np.signbit(a) == np.signbit(t))))
    if actual.dtype.kind == "c":
        return np.asarray(_same(actual.real, true.real, any_zero=any_zero) & _same(actual.imag, true.imag, any_zero=any_zero))
    return np.asarray(actual == true)


def _special_at(actual: Array, true: Array, index: tuple[int, ...]) -> bool:
    if actual.dtype.kind not in "fV":
        return False
    a, t = float(actual[index]), float(true[index])
    return not (np.isfinite(a) and np.isfinite(t)) or a == t


def _distance(a: Array, t: Array) -> float:
    if np.asarray(a).dtype.kind in "iub":
        return float(abs(int(a) - int(t)))
    d = float(abs(complex(a) - complex(t))) if np.asarray(a).dtype.kind == "c" else abs(float(a) - float(t))
    return d if np.isfinite(d) and d else float("inf")
