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


def elementwise(
    fn: Callable[..., Ball], *operands: Array, dtype: str, special: Callable[..., float], scale: Array | float = 0.0, name: str = "y"
) -> Expected:
    """Map fn over operands of equal shape.

    Args:
        fn: ball function, called where all operands are finite.
        operands: arrays of any float dtype (converted to double exactly).
        special: called with floats where an operand is NaN or infinite, or where fn's ball is not finite (poles); gives the exact answer.
    """
    with np.errstate(invalid="ignore"):
        wide = [np.asarray(o, dtype=np.float64) for o in operands]
    shape = wide[0].shape
    hi, lo, rad = (np.zeros(wide[0].size) for _ in range(3))
    known: dict[tuple[float, ...], tuple[float, float, float]] = {}
    for i, args in enumerate(zip(*(w.ravel().tolist() for w in wide), strict=True)):
        if not all(map(math.isfinite, args)):
            hi[i] = special(*args)
            continue
        key = tuple(args) if 0.0 not in args else (*args, *(math.copysign(1, a) for a in args))
        if key not in known:
            known[key] = enclose(fn, *args)
        h, low, r = known[key]
        if math.isnan(h) or (h == 0 and r == 0):
            h, low, r = special(*args), 0.0, 0.0
        hi[i], lo[i], rad[i] = h, low, r
    return Expected(name=name, dtype=dtype, value=hi.reshape(shape), low=lo.reshape(shape), radius=rad.reshape(shape), scale=scale)
