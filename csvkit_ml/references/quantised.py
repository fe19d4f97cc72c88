"""Quantisation in exact rational arithmetic: quotients as fractions, rounded half to even, moved by the zero point, saturated.

Where a library may round a quotient before it rounds to a step, the other step is an alternative, but only next to a tie
and only where the scales are no powers of two: division by a power of two is exact.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array

UNIT = 2.0**-24
"""Unit roundoff of the float32 arithmetic that quotients are formed in."""
SIZES = {"int4": (-8, 7), "uint4": (0, 15), "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "uint16": (0, 65535)}
"""Smallest and largest step of an integer type."""
HALF = Fraction(1, 2)


def power_of_two(value: float) -> bool:
    """Whether division by it is exact (overflow and underflow aside)."""
    return math.frexp(abs(value))[0] == 0.5


def along(values: Array, shape: tuple[int, ...], axis: int, block: int = 0) -> Array:
    """Scales or zero points for every element: one for all, one for each position of an axis, or one for each block along it.

    Args:
        values: scalar, [shape[axis]], or the shape with its axis divided by `block`, rounded up.
    """
    if block:
        return np.take(np.repeat(values, block, axis), np.arange(shape[axis]), axis)
    if values.ndim == 0:
        return np.broadcast_to(values, shape)
    places = [-1 if a == axis % len(shape) else 1 for a in range(len(shape))]
    return np.broadcast_to(values.reshape(places), shape)


def quotients(x: Array, scale: Array) -> Array:
    """x / scale as fractions (infinities stay); shape of x."""
    pairs = zip(x.astype(np.float64).reshape(-1).tolist(), scale.astype(np.float64).reshape(-1).tolist(), strict=True)
    made = np.empty(x.size, dtype=object)
    made[:] = [Fraction(v) / Fraction(s) if math.isfinite(v) else v for v, s in pairs]
    return made.reshape(x.shape)


def _step(q: Any, zero: int, ends: tuple[int, int], slack: float, exact: bool) -> tuple[int, int]:
    """(true step, the other step that rounding of the quotient allows)."""
    if isinstance(q, float):
        end = ends[1] if q > 0 else ends[0]
        return end, end
    below = math.floor(q)
    rest = q - below
    near = below + (rest > HALF or (rest == HALF and below % 2 == 1))
    open_ = abs(rest - HALF) <= slack and not (exact and rest == HALF)
    other = 2 * below + 1 - near if open_ else near
    low, high = ends
    return min(max(near + zero, low), high), min(max(other + zero, low), high)


def steps(q: Array, zero: Array, to: str, slack: Array, exact: Array) -> tuple[Array, Array]:
    """Quotients to steps: (value, alternative), int64, shape of q.

    Args:
        zero: zero points, shape of q.
        to: key of SIZES.
        slack: distance to a tie within which the other step is allowed, shape of q.
        exact: where a tie itself is decided (scales that are powers of two), shape of q.
    """
    rows = zip(*(np.asarray(a).reshape(-1).tolist() for a in (q, zero, slack, exact)), strict=True)
    made = np.array([_step(v, z, SIZES[to], s, e) for v, z, s, e in rows], dtype=np.int64).reshape(-1, 2)
    return made[:, 0].reshape(q.shape), made[:, 1].reshape(q.shape)


def doubt(q: Array, scale: Array, roundings: float = 2.0) -> tuple[Array, Array]:
    """(absolute error of quotients by `roundings` float32 roundings, 0 where the scale is a power of two; where it is one)."""
    exact = np.array([power_of_two(s) for s in scale.astype(np.float64).reshape(-1).tolist()], dtype=bool).reshape(scale.shape)
    return np.where(exact, 0.0, roundings * (1 + 2.0**-20) * UNIT * magnitude(q)), exact


def magnitude(q: Array) -> Array:
    """|q| in double, 0 for infinities."""
    made = [0.0 if isinstance(v, float) else abs(float(v)) for v in q.reshape(-1).tolist()]
    return np.array(made, dtype=np.float64).reshape(q.shape)


def quantised(x: Array, scale: Array, zero: Array, *, to: str, axis: int = 0, block: int = 0, moved: bool = False) -> tuple[Array, Array]:
    """saturate(round(x / scale) + zero), or, `moved`, saturate(round(x / scale + zero)): (value, alternative), int64.

    The sum of the second form is rounded once more: next to a tie, not at it, that may decide.
    """
    s, z = along(scale, x.shape, axis, block), along(zero.astype(np.int64), x.shape, axis, block)
    q = quotients(x, s)
    slack, exact = doubt(q, s)
    if moved:
        q = np.asarray(q + z, dtype=object)
        slack, z = slack + UNIT * magnitude(q), np.zeros_like(z)
    return steps(q, z, to, slack, exact)


def dequantised(q: Array, scale: Array, zero: Array, *, axis: int = 0, block: int = 0) -> Array:
    """(q - zero) scale in double: exact for differences of up to 29 bits and float32 scales."""
    s, z = along(scale, q.shape, axis, block), along(zero.astype(np.int64), q.shape, axis, block)
    return np.asarray((q.astype(np.int64) - z) * s.astype(np.float64))


def expected_steps(value: Array, other: Array, *, dtype: str, name: str = "y") -> Expected:
    """An Expected for the criterion OneOf."""
    return Expected(name=name, dtype=dtype, value=value, extra={"also": other[None]} if (value != other).any() else {})
