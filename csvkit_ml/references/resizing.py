"""Resampling along one axis by definition: where every output lies in the input (exact rationals), and the weights there.

Coordinates are exact fractions; what remains of them within an element is rounded once, to extended precision, in which weights are formed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array

HALF = Fraction(1, 2)
ROUNDINGS_OF_A_COORDINATE = 6
"""Most operations, each rounded once, that any of the transformations below takes from an output's index to its coordinate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """How one axis is resized."""

    n: int
    """Elements of the input."""
    m: int
    """Elements of the output."""
    scale: Fraction
    """Output over input, as given, or as the sizes say."""
    coordinates: str
    """Key of COORDINATES."""

    def coordinate(self, i: int) -> Fraction:
        """Place of output i, counted in elements of the input from the centre of the first."""
        return COORDINATES[self.coordinates](self, i)

    def magnitude(self, i: int) -> Fraction:
        """Sum of the magnitudes of the terms whose sum is the coordinate: rounding errors are relative to it."""
        x = abs(self.coordinate(i))
        if self.coordinates in ("asymmetric", "align_corners"):
            return x
        return x + 1 + (Fraction(self.n) if self.coordinates == "half_pixel_symmetric" else 0)

    def exact(self) -> bool:
        """Whether every step of a coordinate is exact in binary floating point: it advances by a power of two."""
        step = Fraction(self.n - 1, max(1, self.m - 1)) if self.coordinates == "align_corners" else 1 / self.scale
        whole = self.coordinates != "half_pixel_symmetric" or self.n * self.scale == self.m
        return whole and all(v & (v - 1) == 0 for v in (step.numerator, step.denominator))


def _half_pixel(axis: Axis, i: int) -> Fraction:
    return (i + HALF) / axis.scale - HALF


def _symmetric(axis: Axis, i: int) -> Fraction:
    """Half pixel, the output's centre on the input's although its length was cut to a whole number."""
    return Fraction(axis.n, 2) * (1 - axis.m / (axis.scale * axis.n)) + _half_pixel(axis, i)


COORDINATES: Mapping[str, Callable[[Axis, int], Fraction]] = {
    "half_pixel": _half_pixel,
    "pytorch_half_pixel": lambda axis, i: _half_pixel(axis, i) if axis.m > 1 else Fraction(0),
    "half_pixel_symmetric": _symmetric,
    "asymmetric": lambda axis, i: i / axis.scale,
    "align_corners": lambda axis, i: Fraction(i * (axis.n - 1), axis.m - 1) if axis.m > 1 else Fraction(0),
}
"""Coordinate transformations of the ONNX operator specification, Resize."""


def _prefer_floor(x: Fraction) -> int:
    return ceil(x - HALF)


def _prefer_ceil(x: Fraction) -> int:
    return floor(x + HALF)


NEAREST: Mapping[str, Callable[[Fraction], int]] = {
    "floor": floor, "ceil": ceil, "round_prefer_floor": _prefer_floor, "round_prefer_ceil": _prefer_ceil,
}  # fmt: skip


def nearest_places(axis: Axis, mode: str, u: float = 2.0**-24) -> tuple[Array, Array]:
    """(index of the element that each output shows, index that it shows when the coordinate is rounded to the breakpoint's other side).

    The two are the same except where the exact coordinate lies within the error of computing it (roundoff u) of a breakpoint.
    """
    true, other = [], []
    for i in range(axis.m):
        x = axis.coordinate(i)
        slack = Fraction(0) if axis.exact() else ROUNDINGS_OF_A_COORDINATE * Fraction(u) * axis.magnitude(i)
        taken, low, high = (min(max(NEAREST[mode](v), 0), axis.n - 1) for v in (x, x - slack, x + slack))
        true.append(taken)
        other.append(low if low != taken else high)
    return np.array(true), np.array(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """An interpolation kernel: piecewise polynomials in |s|, continuous, even."""

    pieces: tuple[tuple[float, ...], ...]
    """Coefficients by power of |s|, piece k for k <= |s| < k + 1; zero beyond."""

    def at(self, s: Array) -> tuple[Array, Array, Array]:
        """(value, derivative, sum of the magnitudes of the polynomial's terms)."""
        size, piece = abs(s), np.floor(abs(s))
        value, slope, terms = np.zeros_like(s), np.zeros_like(s), np.zeros_like(s)
        for k, coefficients in enumerate(self.pieces):
            here = piece == k
            for power, c in enumerate(coefficients):
                term = c * size**power
                value += np.where(here, term, 0)
                terms += np.where(here, abs(term), 0)
                slope += np.where(here, power * c * size ** max(0, power - 1), 0)
        return value, slope * np.sign(s), terms


TRIANGLE = Kernel(pieces=((1.0, -1.0),))


def keys(a: float) -> Kernel:
    """Cubic convolution with parameter a (Keys 1981)."""
    return Kernel(pieces=((1.0, 0.0, -(a + 3), a + 2), (-4 * a, 8 * a, -5 * a, a)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Resampling along an axis as matrices [m, n] of extended precision, and what the error of computing them is relative to."""

    value: Array
    """Weights."""
    before: Array
    """Derivative of the weights by the coordinate, just below it."""
    after: Array
    """Just above it: differs at the kernel's corners."""
    own: Array
    """Sum of the magnitudes of the terms of each weight."""
    magnitude: Array
    """[m]: see Axis.magnitude."""
    taps: int
    """Most weights of one output."""


@lru_cache(maxsize=512)
def weights(axis: Axis, kernel: Kernel, *, u: float, antialias: bool = False, exclude_outside: bool = False) -> Weights:
    """Weights of every output.

    Args:
        u: roundoff of the format in which coordinates are formed.
        antialias: when the axis shrinks, the kernel is widened by 1 / scale and its weights are divided by their sum.
        exclude_outside: taps outside the input are left out and the rest divided by their sum; otherwise they show the edge element.
    """
    ratio = min(axis.scale, Fraction(1)) if antialias else Fraction(1)
    places = [axis.coordinate(i) for i in range(axis.m)]
    magnitude = _long([axis.magnitude(i) for i in range(axis.m)])
    whole, rest = np.array([floor(x) for x in places]), _long([x - floor(x) for x in places])
    slack = ROUNDINGS_OF_A_COORDINATE * u * magnitude

    def at(part: Array) -> tuple[Array, Array, Array]:
        return _matrices(whole, part, axis.n, kernel, _long([ratio])[0], exclude_outside)

    (value, _, own), (_, before, _), (_, after, _) = at(rest), at(rest - slack), at(rest + slack)
    if ratio != 1:
        own = own + value * own.sum(axis=1, keepdims=True)
    taps = int(np.count_nonzero(value, axis=1).max())
    return Weights(value=value, before=before, after=after, own=own, magnitude=magnitude, taps=taps)


def _matrices(whole: Array, rest: Array, n: int, kernel: Kernel, ratio: Any, exclude: bool) -> tuple[Array, Array, Array]:
    """(weights, derivatives, magnitudes of their terms) at coordinates whole + rest, [m, n] each."""
    reach = int(np.ceil(len(kernel.pieces) / ratio)) + 1
    offsets = np.arange(-reach, reach + 1)
    at = whole[:, None] + offsets
    s = (rest[:, None] - offsets) * ratio
    value, slope, terms = kernel.at(s)
    if ratio != 1:
        terms = terms + abs(slope * s)
    if exclude:
        value, slope, terms = (np.where((at >= 0) & (at < n), part, 0) for part in (value, slope, terms))
    total, drift = value.sum(axis=1, keepdims=True), slope.sum(axis=1, keepdims=True)
    onto = (np.clip(at, 0, n - 1)[:, :, None] == np.arange(n)).astype(np.longdouble)

    def gathered(part: Array) -> Array:
        return np.asarray(np.einsum("mk,mkn->mn", part / total, onto))

    return gathered(value), gathered(ratio * (slope - value * drift / total)), gathered(terms)


def _long(values: list[Fraction]) -> Array:
    """To extended precision, each to 2^-64 relative."""
    high = [float(v) for v in values]
    low = [float(v - Fraction(h)) for v, h in zip(values, high, strict=True)]
    return np.array(high, dtype=np.longdouble) + np.array(low, dtype=np.longdouble)


def along(matrices: tuple[Array, ...], x: Array) -> Array:
    """Each matrix [m, n] applied along its own axis of (N, C, *spatial)."""
    for k, matrix in enumerate(matrices):
        x = np.moveaxis(np.tensordot(x, matrix, axes=(k + 2, 1)), -1, k + 2)
    return x
