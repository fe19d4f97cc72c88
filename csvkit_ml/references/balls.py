"""Certified references: Arb balls through python-flint, a true enclosure of every value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array

_TINY = 5e-324

PRECISION = 160
"""Working bits; raised until the ball is far smaller than an ulp of double-double needs."""

Ball = Any
"""A flint.arb."""


def ball(x: float) -> Ball:
    """The exact value of a finite double."""
    m, e = math.frexp(x)
    return flint.arb(int(m * 2**53)) * flint.arb(2) ** (e - 53)


def enclose(fn: Callable[..., Ball], *arguments: float, precision: int = PRECISION) -> tuple[float, float, float]:
    """(hi, lo, radius) of fn at exact arguments; fn works on balls.

    The precision is doubled until the relative radius is below 2^-90 or 2,560 bits are reached.
    """
    bits = precision
    while True:
        with flint.ctx.workprec(bits):
            y = fn(*(ball(a) for a in arguments))
            mid, rad = y.mid(), y.rad()
            if bits >= 2560 or (y.is_finite() and rad <= abs(mid) * flint.arb(2) ** -90) or (mid == 0 and rad == 0):
                return _split(mid, rad)
        bits *= 2


def _split(mid: Ball, rad: Ball) -> tuple[float, float, float]:
    hi = float(mid)
    if not math.isfinite(hi):
        return hi, 0.0, 0.0
    if hi == 0 and mid != 0:  # below the doubles: a zero with the sign of the true value
        return math.copysign(0.0, float(mid.sgn())), 0.0, _TINY
    rest = mid - ball(hi)
    lo = float(rest)
    left = rest - ball(lo)
    exact = left == 0 and rad == 0
    return hi, lo, 0.0 if exact else (float(rad) + abs(float(left.mid()))) * 1.0000001 + _TINY


ENOUGH: dict[str, tuple[int, int]] = {"float64": (128, 78), "float32": (64, 46), "float16": (64, 46), "bfloat16": (64, 46)}
"""By dtype of the result: working bits to begin with, and relative bits that are certified: far below an ulp, and no more than that."""
LARGEST_PRECISION = 4096


def elementwise(
    fn: Callable[..., Ball],
    *operands: Array,
    dtype: str,
    special: Callable[..., float],
    scale: Array | float = 0.0,
    name: str = "y",
    any_sign_of_zero: bool = False,
    signed_zeros: bool = False,
) -> Expected:
    """Map fn over operands of equal shape; each distinct tuple of operands is evaluated once.

    Args:
        fn: ball function, called where all operands are finite.
        operands: arrays of any float dtype (converted to double exactly).
        special: called with floats where an operand is NaN or infinite, where fn's ball stays infinite (poles, no real value) or is
            exactly zero; gives the answer, within an ulp of double where it is neither 0 nor infinite nor NaN.
        signed_zeros: special is also asked where an operand is zero, because the answer depends on its sign, which balls do not know.
    """
    with np.errstate(invalid="ignore"):
        wide = [np.asarray(o, dtype=np.float64) for o in operands]
    columns, where = _distinct(wide)
    rows = list(zip(*(c.tolist() for c in columns), strict=True))
    hi, lo, rad = (np.zeros(len(rows)) for _ in range(3))
    finite = [i for i, row in enumerate(rows) if all(map(math.isfinite, row)) and not (signed_zeros and 0.0 in row)]
    settled = _evaluate(fn, rows, finite, dtype, hi, lo, rad)
    for i in set(range(len(rows))) - settled:
        hi[i], lo[i] = special(*rows[i]), 0.0
        rad[i] = abs(hi[i]) * 2.0**-52 if math.isfinite(hi[i]) else 0.0
    made = (a[where].reshape(wide[0].shape) for a in (hi, lo, rad))
    value, low, radius = made
    return Expected(name=name, dtype=dtype, value=value, low=low, radius=radius, scale=scale, any_sign_of_zero=any_sign_of_zero)


def _distinct(wide: list[Array]) -> tuple[list[Array], Array]:
    """(columns of the distinct tuples of operands, index of every element's tuple); by bit pattern, so that -0 is not 0."""
    bits = [np.ascontiguousarray(w).ravel().view(np.int64) for w in wide]
    key = np.zeros(bits[0].size, dtype=np.int64)
    for b in bits:
        values, index = np.unique(b, return_inverse=True)
        key = key * max(values.size, 1) + index
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    return [b[first].view(np.float64) for b in bits], where


def _evaluate(
    fn: Callable[..., Ball], rows: list[tuple[float, ...]], todo: list[int], dtype: str, hi: Array, lo: Array, rad: Array
) -> set[int]:
    """Fill in the values of `todo`; returns those that have a finite value other than zero. Precision grows where a ball is too wide."""
    bits, enough = ENOUGH[dtype]
    double_double, settled, arb = dtype == "float64", set(todo), flint.arb
    while todo:
        again = []
        with flint.ctx.workprec(bits):
            for i in todo:
                y = fn(*map(arb, rows[i]))
                if y.rel_accuracy_bits() >= enough and not y.is_zero():
                    h = float(y)
                    hi[i] = h
                    rad[i] = abs(h) * 2.0 ** (1 - enough) + _TINY
                    if double_double or h == 0:
                        hi[i], lo[i], rad[i] = _split(y.mid(), y.rad())
                elif y.is_zero():
                    settled.discard(i)
                elif bits < LARGEST_PRECISION:
                    again.append(i)
                elif y.is_finite():
                    hi[i], lo[i], rad[i] = _split(y.mid(), y.rad())
                else:
                    settled.discard(i)
        todo, bits = again, bits * 4
    return settled
