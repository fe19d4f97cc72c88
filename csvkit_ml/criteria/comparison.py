"""The one comparison loop of all difference criteria: classes of values first, then |y - r| + rad(r) <= T."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array

_NOTHING_ENDS = 64
BLOCK = 1 << 14
"""Elements that are looked at together."""
Limits = Callable[[Expected], tuple[Array, Array]]
"""(band: declared accuracy, hard: a-priori bound) of the elements of an Expected, absolute, broadcastable; asked block by block."""


def empty(expected: Expected) -> Measurement:
    """The true result has no elements: shape and dtype, already compared, are the whole statement."""
    return Measurement(output=expected.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)


def differences(actual: Array, expected: Expected, limits: Limits) -> Measurement:
    """Judge by absolute limits, block by block: what is looked at stays in the processor's cache.

    1. NaN must meet NaN, infinity the same infinity (or a true value that rounds to it), an exact zero its sign.
    2. Elsewhere |y - r| + rad(r) is divided by the band limit; the worst ratio decides.
    3. A reference that is less accurate than a quarter of the band makes the result REFERENCE_WEAK, never a failure.

    Args:
        actual: library's output, own dtype, shape of expected.
        expected: true value.
        limits: band and hard limit.
    """
    size = expected.value.size
    if size == 0:
        return empty(expected)
    y, flat = actual.reshape(-1), _flat(expected)
    parts = [_part(y[i : i + BLOCK], _block(flat, i), limits, i) for i in range(0, size, BLOCK)]
    return _summary(actual, expected, parts)


def _flat(expected: Expected) -> Expected:
    """The same elements in one dimension; radius and scale stay numbers where they are."""

    def along(a: Array | float) -> Array | float:
        array = np.asarray(a)
        return array[()] if array.ndim == 0 else np.broadcast_to(array, expected.shape).reshape(-1)

    return replace(
        expected, value=expected.value.reshape(-1), low=None if expected.low is None else expected.low.reshape(-1),
        radius=along(expected.radius), scale=along(expected.scale), extra={},
    )  # fmt: skip


def _block(flat: Expected, start: int) -> Expected:
    if flat.value.size <= BLOCK:
        return flat
    here = slice(start, start + BLOCK)

    def cut(a: Array | float) -> Array | float:
        return a[here] if isinstance(a, np.ndarray) else a

    return replace(
        flat, value=flat.value[here], low=None if flat.low is None else flat.low[here], radius=cut(flat.radius), scale=cut(flat.scale)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one block shows."""

    worst: int
    """Flat index of the worst element."""
    ratio: float
    error: float
    band: float
    hard: float
    offenders: int = 0
    squares: float = 0.0
    """Sum of squared finite ratios."""
    finite: int = 0
    clash: bool = False
    weak: bool = False
    beyond: bool = False
    """An error past the hard limit."""


def _part(actual: Array, expected: Expected, limits: Limits, start: int) -> _Part:
    wide = np.complex128 if actual.dtype.kind == "c" or expected.value.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        y, r = actual.astype(wide), expected.value.astype(wide, copy=False)
        if _identical(y, r, expected):
            band, hard = limits(_first(expected))
            return _Part(worst=start, ratio=0.0, error=0.0, band=float(np.max(band)), hard=float(np.max(hard)), finite=y.size)
        band, hard = (np.broadcast_to(limit, r.shape) for limit in limits(expected))
        error = np.abs((y - r) - (0.0 if expected.low is None else expected.low)) + expected.radius
        settled, clash = _special(y, r, expected, band)
        if settled is not None:
            error = np.where(settled, 0.0, error)
        if clash is not None:
            error = np.where(clash, np.inf, error)
        ratio = error / band
        if np.isnan(ratio).any():
            ratio = np.where(error == 0, 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    worst = int(np.argmax(ratio))
    some = bool(ratio[worst] > 1)
    finite = ratio if np.isfinite(ratio[worst]) else ratio[np.isfinite(ratio)]
    return _Part(
        worst=start + worst, ratio=float(ratio[worst]), error=float(error[worst]), band=float(band[worst]), hard=float(hard[worst]),
        offenders=int(np.count_nonzero(ratio > 1)) if some else 0, squares=float(np.sum(np.square(np.minimum(finite, 1e150)))), finite=finite.size,
        clash=clash is not None and bool(clash.any()), weak=some and _weak(expected, settled, clash, ratio, band), beyond=bool((error > hard).any()),
    )  # fmt: skip


def _identical(y: Array, r: Array, expected: Expected) -> bool:
    """Every element is the true value, known exactly, and no zero has a sign to be looked at."""
    exact = expected.low is None and not isinstance(expected.radius, np.ndarray) and expected.radius == 0
    return exact and bool((y == r).all()) and (expected.any_sign_of_zero or bool(y.all())) and bool(np.isfinite(y).all())


def _first(expected: Expected) -> Expected:
    """The first element alone."""

    def cut(a: Array | float) -> Array | float:
        return a[:1] if isinstance(a, np.ndarray) else a

    return replace(expected, value=expected.value[:1], radius=cut(expected.radius), scale=cut(expected.scale))


def _weak(expected: Expected, settled: Array | None, clash: Array | None, ratio: Array, band: Array) -> bool:
    """Whether an offender's reference is less accurate than a quarter of its band."""
    weak = (ratio > 1) & (4 * np.asarray(expected.radius) > band)
    for other in (settled, clash):
        if other is not None:
            weak &= ~other
    return bool(weak.any())


def _special(y: Array, r: Array, expected: Expected, band: Array) -> tuple[Array | None, Array | None]:
    """(settled: equal as special values, clash: different as special values); None = nowhere."""
    settled, clash = (None, None) if np.isfinite(y).all() and np.isfinite(r).all() else _unbounded(y, r, expected, band)
    if expected.any_sign_of_zero or y.dtype.kind == "c":
        return settled, clash
    zero = (r == 0) & (y == 0)
    if zero.any():
        zero &= (np.asarray(expected.radius) == 0) & (np.signbit(y) != np.signbit(r))
        if expected.low is not None:
            zero &= expected.low == 0
        clash = zero if clash is None else clash | zero
    return settled, clash


def _unbounded(y: Array, r: Array, expected: Expected, band: Array) -> tuple[Array, Array]:
    """NaN and infinities."""
    y_nan, r_nan = np.isnan(y), np.isnan(r)
    y_inf, r_inf = np.isinf(y), np.isinf(r)
    same_inf = y_inf & (y == r)
    if y.dtype.kind == "c":
        same_inf = y_inf & r_inf
        overflow = np.zeros(y.shape, dtype=bool)
    else:
        overflow = y_inf & ~r_inf & (np.sign(y) == np.sign(r)) & FORMATS[expected.dtype].overflows(r, band)
    settled = (y_nan & r_nan) | same_inf | overflow
    return settled, ~settled & (y_nan | r_nan | y_inf | r_inf)


def _summary(actual: Array, expected: Expected, parts: list[_Part]) -> Measurement:
    worst = max(parts, key=lambda p: p.ratio)
    index = tuple(int(i) for i in np.unravel_index(worst.worst, expected.shape))
    finite = sum(p.finite for p in parts)
    offenders = sum(p.offenders for p in parts)
    if any(p.clash for p in parts):
        reason = Reason.SPECIAL_VALUE
    elif any(p.weak for p in parts):
        reason = Reason.REFERENCE_WEAK
    elif any(p.beyond for p in parts):
        reason = Reason.BEYOND_HARD
    else:
        reason = Reason.BEYOND_BAND if offenders else Reason.WITHIN_BAND
    return Measurement(
        output=expected.name,
        reason=reason,
        compared=int(expected.value.size),
        offenders=offenders,
        error=worst.error,
        limit=worst.band,
        hard_limit=worst.hard,
        ratio=worst.ratio,
        rms_ratio=math.sqrt(math.fsum(p.squares for p in parts) / finite) if finite else 0.0,
        worst_index=index,
        expected=true_text(expected, index),
        actual=text(actual[index]),
    )


def text(value: object) -> str:
    """A number as text that reads back to the same bits."""
    scalar = np.asarray(value)
    if scalar.dtype.kind == "V":
        scalar = scalar.astype(np.float32)
    return str(scalar.item())[:_NOTHING_ENDS]


def true_text(expected: Expected, index: tuple[np.intp, ...] | tuple[int, ...]) -> str:
    """The true value at an index, with its trailing part and radius where there are any."""
    out = text(expected.value[index])
    if expected.low is not None and expected.low[index] != 0:
        out += f" + {expected.low[index]:.3g}"
    radius = float(np.broadcast_to(np.asarray(expected.radius), expected.shape)[index])
    return out + (f" +/- {radius:.1g}" if radius else "")
