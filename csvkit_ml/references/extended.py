"""References in extended precision (x87 80-bit, u = 2^-64), split into double-double values.

The host must have an 80-bit long double; elsewhere this module refuses instead of silently computing in double.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.function import Expected, FloatArray
from csvkit_ml.model.tensor import Array

U = 2.0**-64
"""Unit roundoff of the extended format."""

Long = npt.NDArray[np.longdouble]


def extended(array: Array | float) -> Long:
    """To extended precision, exactly (float16, bfloat16, float32, float64, integers).

    Raises:
        SuiteError: this host's long double has fewer than 64 bits of precision.
    """
    if np.finfo(np.longdouble).nmant < 63:
        raise SuiteError("long double has fewer than 64 bits here", "run the host half of mlcsv on x86-64 Linux")
    a = np.asarray(array)
    return (a.astype(np.float64) if a.dtype.kind == "V" else a).astype(np.longdouble)


def split(value: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """(hi, lo) with hi + lo = value to 2^-106 relative; lo = 0 where hi is not finite."""
    with np.errstate(all="ignore"):
        hi = np.asarray(value, dtype=np.float64)
        lo = np.where(np.isfinite(hi), value - hi.astype(np.longdouble), 0.0).astype(np.float64)
    return hi, lo


def expected_extended(
    value: npt.NDArray[Any], *, dtype: str, radius: Array | float, name: str = "y", scale: Array | float = 0.0, terms: int = 1,
    any_sign_of_zero: bool = False,
) -> Expected:  # fmt: skip
    """An Expected from an extended-precision value.

    Args:
        value: long double array.
        radius: absolute error of `value`; state it from the operations done, in multiples of U times their magnitudes.
    """
    hi, lo = split(np.asarray(value))
    return Expected(
        name=name, dtype=dtype, value=hi, low=lo, radius=np.asarray(radius, dtype=np.float64),
        scale=np.asarray(scale, dtype=np.float64), terms=terms, any_sign_of_zero=any_sign_of_zero,
    )  # fmt: skip
