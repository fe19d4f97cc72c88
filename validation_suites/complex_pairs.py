"""Arithmetic of complex numbers that carry their rounding errors: pairs of real and imaginary part, from the last axis of real data."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.references.running_error import Rounded
from validation_suites.vector_jacobian import like, moved

Pair = tuple[Any, Any]


def parts_of(z: Rounded) -> Pair:
    return z[..., 0], z[..., 1]


def level(z: Pair) -> Pair:
    """Complex arithmetic is accurate by the size of the number, not of each part (Higham 2002, lemma 3.5)."""
    error = np.hypot(z[0].error, z[1].error)
    return like(z[0], z[0].value, error), like(z[1], z[1].value, error)


def joined(z: Pair) -> Rounded:
    return like(z[0], np.stack([z[0].value, z[1].value], -1), np.stack([z[0].error, z[1].error], -1))


def conjugate(z: Pair) -> Pair:
    return z[0], -z[1]


def negative(z: Pair) -> Pair:
    return -z[0], -z[1]


def times(a: Pair, b: Pair) -> Pair:
    return level((a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]))


def power_of_two(z: Pair) -> Any:
    """Near the size of z: dividing by it rounds nothing, and squares stay in range."""
    size = np.maximum(np.abs(z[0].value), np.abs(z[1].value))
    return np.exp2(np.frexp(np.where(size == 0, 1, size))[1].astype(np.longdouble))


def shifted(z: Pair, by: Any) -> Pair:
    """z / by, with by a power of two."""
    return moved(z[0], lambda v: v / by), moved(z[1], lambda v: v / by)


def over(a: Pair, b: Pair) -> Pair:
    by = power_of_two(b)
    near = shifted(b, by)
    top, square = times(a, conjugate(near)), near[0] * near[0] + near[1] * near[1]
    return shifted(level((top[0] / square, top[1] / square)), by)


def size_of(z: Pair) -> Any:
    return np.sqrt(z[0] * z[0] + z[1] * z[1])


def sine(x: Rounded) -> Rounded:
    """Within two roundings, and never steeper than its argument."""
    value = np.sin(x.value)
    return like(x, value, x.error + 2 * x.by.u * np.abs(value))


def turn(angle: Rounded) -> Pair:
    return np.cos(angle), sine(angle)


def root_of(z: Pair) -> Pair:
    """The square root of positive real part; no part cancels."""
    by = 4 ** np.ceil(np.log2(power_of_two(z)) / 2)
    x, y = shifted(z, by)
    larger: Any = np.sqrt((size_of((x, y)) + np.abs(x)) / 2)
    smaller = y / (2 * larger)
    right = x.value >= 0
    sign = np.where(y.value < 0, -1.0, 1.0)
    root = level((np.where(right, larger, np.abs(smaller)), np.where(right, smaller, larger * sign)))
    return shifted(root, 1 / np.sqrt(by))


def waves(z: Pair) -> tuple[Pair, Pair]:
    """(sin z, cos z)."""
    up, down, c, s = np.exp(z[1]), np.exp(-z[1]), np.cos(z[0]), sine(z[0])
    even, odd = (up + down) / 2, (up - down) / 2
    return level((s * even, c * odd)), level((c * even, -(s * odd)))


def rotated(z: Pair) -> Pair:
    """i z."""
    return -z[1], z[0]


def hyperbolic(z: Pair) -> tuple[Pair, Pair]:
    """(sinh z, cosh z): sinh z = -i sin(i z), cosh z = cos(i z)."""
    s, c = waves(rotated(z))
    return (s[1], -s[0]), c


def one_more(z: Pair, sign: float) -> Pair:
    """1 + sign z^2."""
    square = times(z, z)
    return level((1.0 + sign * square[0], sign * square[1]))


def logarithm(z: Pair) -> Pair:
    """Principal; the angle turns by at most the relative error of the number."""
    size = size_of(z)
    off = np.hypot(z[0].error, z[1].error) / np.abs(size.value)
    angle = np.arctan2(z[1].value, z[0].value)
    return np.log(size), like(z[0], angle, off + 2 * z[0].by.u * np.abs(angle))


def exponential(z: Pair) -> Pair:
    c, s = turn(z[1])
    size: Any = np.exp(z[0])
    return level((size * c, size * s))
