"""Correct rounding by integers: exact rational results of arithmetic and conversions, rounded once (IEEE 754-2019, 4.3.1 and 5.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.function import FloatArray
from csvkit_ml.model.tensor import Array

RANGES: dict[str, tuple[int, int, int]] = {
    "float16": (11, -14, 15),
    "bfloat16": (8, -126, 127),
    "float32": (24, -126, 127),
    "float64": (53, -1022, 1023),
}
"""Precision in bits, exponent of the smallest normal and of the largest number (IEEE 754-2019, table 3.5; bfloat16 likewise)."""

Rational = Callable[[int, int, int, int], tuple[int, int]]
"""Numerators and denominators of two operands -> those of the exact result."""


def nearest(numerator: int, denominator: int, dtype: str) -> float:
    """numerator / denominator rounded to nearest, ties to even, gradual underflow, overflow to infinity.

    Args:
        numerator: any integer; 0 gives +0.
        denominator: not 0.
        dtype: key of RANGES.
    """
    precision, emin, emax = RANGES[dtype]
    n, d = abs(numerator), abs(denominator)
    sign = -1.0 if (numerator < 0) != (denominator < 0) else 1.0
    if n == 0:
        return 0.0
    exponent = n.bit_length() - d.bit_length()
    if (n << max(0, -exponent)) < (d << max(0, exponent)):
        exponent -= 1
    unit = max(exponent, emin) - precision + 1
    whole, rest = divmod(n << max(0, -unit), d << max(0, unit))
    twice = 2 * rest - (d << max(0, unit))
    whole += twice > 0 or (twice == 0 and whole % 2 == 1)
    if whole.bit_length() + unit - 1 > emax:
        return sign * math.inf
    return sign * math.ldexp(whole, unit)


def converted(values: Array, dtype: str) -> FloatArray:
    """Numbers of any real dtype correctly rounded to a floating-point format; zeros keep their sign, NaN and infinities stay."""
    if values.dtype.kind == "V" or values.dtype.name in ("float16", "bfloat16"):
        values = _widened(values)
    if values.dtype.kind in "biu":
        made = [nearest(int(v), 1, dtype) for v in values.ravel().tolist()]
    else:
        made = [_narrowed(v, dtype) for v in values.ravel().tolist()]
    return np.array(made, dtype=np.float64).reshape(values.shape)


def _narrowed(value: float, dtype: str) -> float:
    if not math.isfinite(value) or value == 0:
        return value
    n, d = value.as_integer_ratio()
    return math.copysign(nearest(n, d, dtype), value)


def arithmetic(
    x: Array, y: Array, dtype: str, *, exact: Rational, special: Callable[[float, float], float], defined: Callable[[float, float], bool]
) -> FloatArray:
    """A binary operation on every pair of broadcast operands, computed as a rational number and rounded once.

    Args:
        x: operands of a floating-point format.
        y: operands of a floating-point format.
        dtype: format of the result.
        exact: the operation on rational numbers; called with finite operands that are `defined`.
        special: the result where an operand is not finite, the pair is not `defined`, or the exact result is zero (its sign matters).
        defined: which finite pairs have a rational result.

    Raises:
        SuiteError: dtype is no floating-point format.
    """
    if dtype not in RANGES:
        raise SuiteError(f"{dtype} is not a floating-point format", "take two's complement for integers")
    a, b = np.broadcast_arrays(_widened(x), _widened(y))
    made = _pairs(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True), dtype, exact, special, defined)
    return np.fromiter(made, dtype=np.float64, count=a.size).reshape(a.shape)


def _widened(x: Array) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(x, dtype=np.float64)


def _pairs(
    pairs: Iterable[tuple[float, float]],
    dtype: str,
    exact: Rational,
    special: Callable[[float, float], float],
    defined: Callable[[float, float], bool],
) -> Iterator[float]:
    for a, b in pairs:
        if not (math.isfinite(a) and math.isfinite(b) and defined(a, b)):
            yield special(a, b)
            continue
        n, d = exact(*a.as_integer_ratio(), *b.as_integer_ratio())
        if n == 0:
            yield special(a, b)
            continue
        yield nearest(n, d, dtype)


def wrapped(x: Array, y: Array, bits: int, operation: Callable[[int, int], int]) -> Array:
    """An integer operation modulo 2^bits in two's complement, on broadcast operands."""
    a, b = np.broadcast_arrays(x, y)
    half = 1 << (bits - 1)
    made = [(operation(int(p), int(q)) + half) % (2 * half) - half for p, q in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)]
    return np.array(made, dtype=np.int64).reshape(a.shape).astype(f"int{bits}")
