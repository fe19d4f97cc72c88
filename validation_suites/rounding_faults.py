"""Seeded faults of rounding: wrong direction, wrong ties, lost subnormals and signs of zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Fault, Function, Results, Sample
from csvkit_ml.model.tensor import Array

Exact = Callable[[Sample], Array | None]
"""Results before rounding, in a format that holds them exactly or nearly; None where the fault is not to be tried."""


def toward_zero(exact: Exact) -> Fault:
    """Results that were rounded away from zero are one step smaller."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        true, (r,) = exact(sample), results
        if true is None or r.dtype.name not in FORMATS:
            return None
        away = np.abs(r.astype(true.dtype)) > np.abs(true)
        return (np.where(away, np.nextafter(r, np.zeros_like(r)), r),) if away.any() else None

    return Fault(id="toward-zero", sentence="Results are truncated instead of rounded to nearest.", apply=apply)


def ties_away(exact: Exact) -> Fault:
    """Ties go to the larger magnitude instead of to the even last bit."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        true, (r,) = exact(sample), results
        if true is None or r.dtype.name not in FORMATS:
            return None
        above = np.nextafter(r, np.where(true < 0, -np.inf, np.inf).astype(r.dtype))
        low, high = r.astype(true.dtype), above.astype(true.dtype)
        tie = np.isfinite(true) & (np.abs(true) > np.abs(low)) & (true - low == high - true)
        return (np.where(tie, above, r),) if tie.any() else None

    return Fault(id="ties-away", sentence="Ties are rounded away from zero instead of to even.", apply=apply)


def flushed() -> Fault:
    """Subnormal results become zero."""

    def change(r: Array) -> Array:
        wide = r.astype(np.float64)
        return np.asarray((wide != 0) & (np.abs(wide) < FORMATS[r.dtype.name].eta))

    return Fault(id="flushed", sentence="Subnormal results are flushed to zero.", apply=_zeroed(change))


def zeros_unsigned() -> Fault:
    """Negative zeros come out positive."""

    def change(r: Array) -> Array:
        wide = r.astype(np.float64)
        return np.asarray((wide == 0) & np.signbit(wide))

    return Fault(id="zeros-unsigned", sentence="Negative zeros lose their sign.", apply=_zeroed(change))


def finite_overflow() -> Fault:
    """Infinite results become the largest number."""

    def apply(_: Function, __: Sample, results: Results) -> Results | None:
        (r,) = results
        if r.dtype.name not in FORMATS or not np.isinf(r.astype(np.float64)).any():
            return None
        largest = FORMATS[r.dtype.name].largest
        return (np.clip(r.astype(np.float64), -largest, largest).astype(r.dtype),)

    return Fault(id="finite-overflow", sentence="Overflow gives the largest number instead of infinity.", apply=apply)


def _zeroed(where: Callable[[Array], Array]) -> Callable[[Function, Sample, Results], Results | None]:
    def apply(_: Function, __: Sample, results: Results) -> Results | None:
        (r,) = results
        if r.dtype.name not in FORMATS:
            return None
        hit = where(r)
        return (np.where(hit, np.zeros_like(r), r),) if hit.any() else None

    return apply
