"""The floating-point formats and their roundoff, ulp and overflow threshold (IEEE 754-2019, clause 3; bfloat16 likewise)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from csvkit_ml.model.function import FloatArray
from csvkit_ml.model.tensor import DTYPES, Array

_EXPONENT = np.int64(0x7FF0_0000_0000_0000)
"""Of a binary64: what remains is the power of two below the magnitude (0 for subnormal numbers, infinity for NaN and infinity)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A binary interchange format."""

    precision: int
    """p, implicit bit included."""
    emin: int
    """Exponent of the smallest normal number."""
    emax: int
    """Exponent of the largest number."""

    @property
    def u(self) -> float:
        """Unit roundoff 2^-p."""
        return float(2.0**-self.precision)

    @property
    def eta(self) -> float:
        """Smallest normal number."""
        return float(2.0**self.emin)

    @property
    def tiny(self) -> float:
        """Smallest subnormal number."""
        return float(2.0 ** (self.emin - self.precision + 1))

    @property
    def largest(self) -> float:
        """Largest finite number."""
        return float((2.0 - 2.0 ** (1 - self.precision)) * 2.0**self.emax)

    def ulp(self, value: Array) -> FloatArray:
        """Unit in the last place of |value|, clipped to the format's exponent range; shape of `value`."""
        bits = np.ascontiguousarray(np.atleast_1d(value), dtype=np.float64).view(np.int64) & _EXPONENT
        power = np.clip(bits.view(np.float64), 2.0**self.emin, 2.0**self.emax)
        return cast(FloatArray, (power * 2.0 ** (1 - self.precision)).reshape(np.shape(value)))

    def overflows(self, value: Array, slack: Array | float = 0.0) -> Array:
        """Where a correctly rounded |value| + slack would be infinite (round to nearest)."""
        limit = self.largest + 2.0 ** (self.emax - self.precision) if self.emax < 1023 else self.largest
        return np.asarray(np.abs(value) + slack >= limit)


FORMATS: dict[str, Format] = {
    "float16": Format(precision=11, emin=-14, emax=15),
    "bfloat16": Format(precision=8, emin=-126, emax=127),
    "float32": Format(precision=24, emin=-126, emax=127),
    "float64": Format(precision=53, emin=-1022, emax=1023),
}
FORMATS["complex64"] = FORMATS["float32"]
FORMATS["complex128"] = FORMATS["float64"]


def gamma(n: float, u: float) -> float:
    """gamma_n = n u / (1 - n u) (Higham 2002, 3.1); infinite when n u >= 1."""
    return n * u / (1 - n * u) if n * u < 1 else float("inf")


def round_to(dtype: str, value: Array, low: Array | None = None) -> Array:
    """value + low correctly rounded (nearest, ties to even) to a dtype.

    Args:
        dtype: key of DTYPES; integers and bool pass through unchanged in value.
        value: leading part, float64 (or the exact dtype).
        low: trailing part; decides ties of the leading part.
    """
    target = DTYPES[dtype]
    if dtype not in FORMATS or value.dtype.kind not in "fV" or value.dtype == target:
        return np.asarray(value.astype(target))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if dtype == "bfloat16":  # the conversion of ml_dtypes goes through float32 and would round twice
            unit = FORMATS[dtype].ulp(value)
            rounded = np.asarray((np.rint(value.astype(np.float64) / unit) * unit).astype(target))
        else:
            rounded = np.asarray(value.astype(target))
        if low is None:
            return rounded
        back = rounded.astype(np.float64)
        delta = value - back
        neighbour = np.nextafter(rounded, np.where(delta > 0, np.inf, -np.inf).astype(target))
        tie = (delta != 0) & np.isfinite(back) & (value - back == neighbour.astype(np.float64) - value)
        return np.asarray(np.where(tie & (np.sign(low) == np.sign(delta)), neighbour, rounded), dtype=target)
