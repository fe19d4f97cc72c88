"""Eight-bit floating-point formats by their definition: values of all codes, and rounding to nearest, ties to even."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Float8:
    """One format: a sign, exponent bits, fraction bits."""

    name: str
    exponent: int
    fraction: int
    bias: int
    largest: float
    infinities: bool
    """Codes of the highest exponent are infinities and NaN, as in IEEE 754; else NaN has one code and its negative."""
    unsigned_zero: bool
    """There is one zero; the code of the other is the only NaN."""

    @property
    def over(self) -> float:
        """What overflows without saturation becomes."""
        return np.inf if self.infinities else np.nan


FLOAT8 = {
    f.name: f
    for f in (
        Float8(name="float8_e4m3fn", exponent=4, fraction=3, bias=7, largest=448.0, infinities=False, unsigned_zero=False),
        Float8(name="float8_e5m2", exponent=5, fraction=2, bias=15, largest=57344.0, infinities=True, unsigned_zero=False),
        Float8(name="float8_e4m3fnuz", exponent=4, fraction=3, bias=8, largest=240.0, infinities=False, unsigned_zero=True),
        Float8(name="float8_e5m2fnuz", exponent=5, fraction=2, bias=16, largest=57344.0, infinities=False, unsigned_zero=True),
    )
}
"""By torch's names, which are ONNX's in lower case."""


def decoded(form: Float8) -> Array:
    """Values of the codes 0 ... 255 in float64, from sign, exponent and fraction."""
    code = np.arange(256)
    exponent, fraction = (code >> form.fraction) & ((1 << form.exponent) - 1), code & ((1 << form.fraction) - 1)
    significand = np.where(exponent == 0, fraction, fraction + (1 << form.fraction)).astype(np.float64)
    size = np.ldexp(significand, np.maximum(exponent, 1) - form.bias - form.fraction)
    value = np.where(code >= 128, -size, size)
    if form.unsigned_zero:
        value[128] = np.nan
    elif form.infinities:
        top = exponent == (1 << form.exponent) - 1
        value = np.where(top, np.where(fraction == 0, np.copysign(np.inf, value), np.nan), value)
    else:
        value[[127, 255]] = np.nan
    return np.asarray(value)


def nearest(x: Array, form: Float8) -> Array:
    """Rounded to the fraction's width as if there were no largest number; ties to even; in float64, which holds all of it exactly."""
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        step = np.ldexp(1.0, np.maximum(np.frexp(np.where(np.isfinite(wide), wide, 0.0))[1] - 1, 1 - form.bias) - form.fraction)
        return np.asarray(np.rint(wide / step) * step)


def finished(rounded: Array, form: Float8, *, saturate: bool) -> Array:
    """What is out of range, infinite or a zero of the other sign, as the tables of ONNX's Cast (25) and of the OCP specification say."""
    over = np.abs(rounded) > form.largest
    ends = np.where(over, np.copysign(form.largest if saturate else form.over, rounded), rounded)
    if form.unsigned_zero:
        ends = np.where(ends == 0, 0.0, ends)
    return np.asarray(ends)


def to_float8(x: Array, form: Float8, *, saturate: bool = False) -> Array:
    """Values of the format, in float64."""
    return finished(nearest(x, form), form, saturate=saturate)
