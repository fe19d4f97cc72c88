"""References of resizing a region of an image, and of resizing that keeps the ratio of the sides: (N, C, *spatial) to (N, C, *sizes).

Parameters of a sample beside those of `resized`: `region` (start and end of each spatial axis, 1 = its last element) and `outside` (what
shows where a coordinate lies outside the image); `wanted` (sizes asked) and `policy`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.resized import axis_weights, blended, picked
from csvkit_ml.references.resizing import HALF, ROUNDINGS_OF_A_COORDINATE, Axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Axis):
    """An axis of which a part is resized: outputs are spread from its start to its end, both included."""

    start: Fraction
    """In lengths of the axis, from centre to centre; may lie outside."""
    end: Fraction

    def coordinate(self, i: int) -> Fraction:
        if self.m == 1:
            return HALF * (self.start + self.end) * (self.n - 1)
        return self.start * (self.n - 1) + i * self.step()

    def step(self) -> Fraction:
        """From one output to the next."""
        return (self.end - self.start) * (self.n - 1) / max(1, self.m - 1)

    def magnitude(self, i: int) -> Fraction:
        if self.m == 1:
            return HALF * (abs(self.start) + abs(self.end)) * (self.n - 1)
        return abs(self.start) * (self.n - 1) + i * abs(self.step())

    def exact(self) -> bool:
        """Whether every step in any order is: dyadic ends of few bits, a power of two of intervals."""
        few = all(v.denominator in (1, 2, 4, 8) and abs(v) < 64 for v in (self.start, self.end))
        return few and (self.m - 1) & (self.m - 2) == 0

    def outside(self) -> Array:
        """[m]: whether the coordinate lies outside the axis."""
        return np.array([not 0 <= self.coordinate(i) <= self.n - 1 for i in range(self.m)])

    def decided(self) -> bool:
        """Whether the errors of computing a coordinate leave no doubt about `outside`."""
        if self.exact():
            return True
        slack = [ROUNDINGS_OF_A_COORDINATE * Fraction(2.0**-24) * self.magnitude(i) for i in range(self.m)]
        return all(min(abs(x), abs(x - self.n + 1)) > e for x, e in ((self.coordinate(i), e) for i, e in enumerate(slack)))


def regions(sample: Sample) -> tuple[Region, ...]:
    """How each spatial axis is cut and resized."""
    p: dict[str, Any] = dict(sample.params)
    size = sample.inputs[0].shape[2:]
    return tuple(
        Region(n=n, m=m, scale=Fraction(m, n), coordinates="tf_crop_and_resize", start=Fraction(start), end=Fraction(end))
        for n, m, (start, end) in zip(size, p["sizes"], p["region"], strict=True)
    )


def cropped(sample: Sample) -> tuple[Expected, ...]:
    """Nearest where the sample names a rounding, else linear or cubic; the given value wherever any axis is left."""
    cut = regions(sample)
    with np.errstate(invalid="ignore"):  # far outside no weight is left
        (made,) = picked(sample, cut) if "rounding" in dict(sample.params) else blended(sample, axis_weights(sample, cut))
    gone = np.zeros(made.shape, dtype=bool)
    for k, axis in enumerate(cut):
        gone |= axis.outside().reshape(-1, *(1,) * (len(cut) - 1 - k))
    value = np.where(gone, float(sample.param("outside")), made.value)
    also = {k: np.where(gone, float(sample.param("outside")), v) for k, v in made.extra.items()}
    low = None if made.low is None else np.where(gone, 0.0, made.low)
    radius, scale = (np.where(gone, 0.0, v) for v in (made.radius, made.scale))
    return (replace(made, value=value, low=low, radius=radius, scale=scale, extra=also),)


def ratio(sample: Sample) -> Fraction:
    """Output over input of every axis: the least or the largest of what the sizes ask."""
    asked = [Fraction(m, n) for n, m in zip(sample.inputs[0].shape[2:], sample.param("wanted"), strict=True)]
    return min(asked) if sample.param("policy") == "not_larger" else max(asked)


def kept(size: tuple[int, ...], scale: Fraction) -> tuple[int, ...]:
    """Extents scaled, to the nearest whole number, halves up."""
    return tuple(floor(n * scale + HALF) for n in size)


def kept_aspect(sample: Sample) -> tuple[Expected, ...]:
    """One scale for all axes, and coordinates by that scale."""
    scale, size = ratio(sample), sample.inputs[0].shape[2:]
    made = tuple(
        Axis(n=n, m=m, scale=scale, coordinates=str(sample.param("coordinates"))) for n, m in zip(size, kept(size, scale), strict=True)
    )
    return picked(sample, made) if "rounding" in dict(sample.params) else blended(sample, axis_weights(sample, made))
