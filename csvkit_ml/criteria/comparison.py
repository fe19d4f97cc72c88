"""The one comparison loop of all difference criteria: classes of values first, then |y - r| + rad(r) <= T."""

from __future__ import annotations

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array

_NOTHING_ENDS = 64


def empty(expected: Expected) -> Measurement:
    """The true result has no elements: shape and dtype, already compared, are the whole statement."""
    return Measurement(output=expected.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)


def differences(actual: Array, expected: Expected, *, band: Array, hard: Array) -> Measurement:
    """Judge by absolute limits.

    1. NaN must meet NaN, infinity the same infinity (or a true value that rounds to it), an exact zero its sign.
    2. Elsewhere |y - r| + rad(r) is divided by the band limit; the worst ratio decides.
    3. A reference that is less accurate than a quarter of the band makes the result REFERENCE_WEAK, never a failure.

    Args:
        actual: library's output, own dtype, shape of expected.
        expected: true value.
        band: declared accuracy, absolute, broadcastable.
        hard: a-priori bound, absolute, broadcastable.
    """
    if expected.value.size == 0:
        return empty(expected)
    wide = np.complex128 if actual.dtype.kind == "c" or expected.value.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        y = actual.astype(wide)
        r = expected.value.astype(wide)
        error = np.abs((y - r) - (0.0 if expected.low is None else expected.low)) + expected.radius
        settled, clash = _special(y, r, expected, np.broadcast_to(band, r.shape))
        if settled is not None:
            error = np.where(settled, 0.0, error)
        if clash is not None:
            error = np.where(clash, np.inf, error)
        ratio = error / band
        if np.isnan(ratio).any():
            ratio = np.where(error == 0, 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    weak = _weak(expected, settled, clash, ratio, band) if (ratio > 1).any() else False
    return _summary(actual, expected, error=error, ratio=ratio, band=band, hard=hard, clash=clash is not None and bool(clash.any()), weak=weak)


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


def _summary(
    actual: Array, expected: Expected, *, error: Array, ratio: Array, band: Array, hard: Array, clash: bool, weak: bool
) -> Measurement:
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape) if ratio.ndim else ()
    full_hard = np.broadcast_to(hard, ratio.shape)
    finite = ratio if np.isfinite(ratio[worst]) else ratio[np.isfinite(ratio)]
    rms = float(np.sqrt(np.mean(np.square(np.minimum(finite, 1e150))))) if finite.size else 0.0
    if clash:
        reason = Reason.SPECIAL_VALUE
    elif weak:
        reason = Reason.REFERENCE_WEAK
    elif (error > full_hard).any():
        reason = Reason.BEYOND_HARD
    else:
        reason = Reason.BEYOND_BAND if (ratio > 1).any() else Reason.WITHIN_BAND
    return Measurement(
        output=expected.name,
        reason=reason,
        compared=int(ratio.size),
        offenders=int(np.count_nonzero(ratio > 1)),
        error=float(error[worst]),
        limit=float(np.broadcast_to(band, ratio.shape)[worst]),
        hard_limit=float(full_hard[worst]),
        ratio=float(ratio[worst]),
        rms_ratio=rms,
        worst_index=tuple(int(i) for i in worst),
        expected=true_text(expected, worst),
        actual=text(actual[worst]),
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
