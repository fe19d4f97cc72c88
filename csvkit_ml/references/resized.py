"""References of resizing: (N, C, *spatial) to (N, C, *sizes), every axis on its own.

Parameters of a sample: `sizes`; `scales` (None = as the sizes say) and `recompute`; `coordinates`; `rounding` (nearest); `a` (cubic
coefficient, None or absent = linear), `exclude_outside`, `antialias`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.resizing import TRIANGLE, Axis, Weights, along, keys, nearest_places, weights
from csvkit_ml.references.rounding import ROUNDINGS


def axes(sample: Sample) -> tuple[Axis, ...]:
    """How each spatial axis is resized."""
    p: dict[str, Any] = dict(sample.params)
    size = sample.inputs[0].shape[2:]
    from_sizes = tuple(Fraction(m, n) for n, m in zip(size, p["sizes"], strict=True))
    scales = from_sizes if p["scales"] is None or p["recompute"] else tuple(map(Fraction, p["scales"]))
    return tuple(Axis(n=n, m=m, scale=s, coordinates=p["coordinates"]) for n, m, s in zip(size, p["sizes"], scales, strict=True))


def shown(sample: Sample) -> tuple[Expected, ...]:
    """Nearest: the element shown, and in `also` those shown when coordinates are rounded to the other side of a breakpoint."""
    return picked(sample, axes(sample))


def picked(sample: Sample, along_axes: tuple[Axis, ...]) -> tuple[Expected, ...]:
    """`shown` of axes that are given."""
    x = np.asarray(sample.arrays()[0])
    places = [nearest_places(axis, str(sample.param("rounding"))) for axis in along_axes]
    made = exactly(_taken(x, [true for true, _ in places]), dtype=sample.dtype)
    if all(np.array_equal(true, other) for true, other in places):
        return (made,)
    others = [exactly(_taken(x, chosen), dtype=sample.dtype).value for chosen in product(*places)][1:]
    return (Expected(name="y", dtype=sample.dtype, value=made.value, extra={"also": np.stack(others)}),)


def _taken(x: Array, places: Sequence[Array]) -> Array:
    for k, place in enumerate(places):
        x = np.take(x, place, axis=k + 2)
    return x


def axis_weights(sample: Sample, along_axes: tuple[Axis, ...] = ()) -> tuple[Weights, ...]:
    """Weights of each spatial axis, or of axes that are given."""
    p: dict[str, Any] = dict(sample.params)
    kernel = TRIANGLE if p.get("a") is None else keys(p["a"])
    u = ROUNDINGS[sample.dtype].accumulate
    antialias, exclude = bool(p.get("antialias")), bool(p.get("exclude_outside"))
    return tuple(weights(axis, kernel, u=u, antialias=antialias, exclude_outside=exclude) for axis in along_axes or axes(sample))


def interpolated(sample: Sample) -> tuple[Expected, ...]:
    """Linear and cubic: the weights of all axes applied, scale as the criterion of resizing says."""
    return blended(sample, axis_weights(sample))


def blended(sample: Sample, made: tuple[Weights, ...]) -> tuple[Expected, ...]:
    """`interpolated` by weights that are given."""
    full = extended(sample.arrays()[0])
    x = np.where(np.isfinite(full), full, 0)
    value, size = along(tuple(w.value for w in made), x), along(tuple(abs(w.value) for w in made), abs(x))
    sums = size * (sum(w.taps + 1 for w in made) / 8)
    moved, own = (sum(parts) for parts in zip(*(_shares(made, k, x) for k in range(len(made))), strict=True))
    roundings = ROUNDINGS[sample.dtype]
    scale = sums + moved * (roundings.accumulate / roundings.store) + own
    radius = 16 * U * (sums + moved + own)
    return (expected_extended(_with_specials(value, made, full), dtype=sample.dtype, radius=radius, scale=scale, any_sign_of_zero=True),)


def _shares(made: tuple[Weights, ...], k: int, x: Array) -> tuple[Array, Array]:
    """What errors of axis k's coordinates and of its weights add, in multiples of the u that they are rounded to."""
    one = made[k]

    def at(matrices: list[Array], matrix: Array, data: Array) -> Array:
        return along((*matrices[:k], matrix, *matrices[k + 1 :]), data)

    others = [w.value for w in made]
    slope = np.maximum(abs(at(others, one.before, x)), abs(at(others, one.after, x)))
    magnitude = one.magnitude.reshape(-1, *(1,) * (len(made) - 1 - k))
    return slope * magnitude, at([abs(w) for w in others], one.own, abs(x))


def _with_specials(value: Array, made: tuple[Weights, ...], full: Array) -> Array:
    """NaN where a NaN has weight; where infinities have weight, theirs, or NaN where signs oppose."""
    if np.isfinite(full).all():
        return value
    matrices, sizes = tuple(w.value for w in made), tuple(abs(w.value) for w in made)
    infinite = np.where(np.isinf(full), np.sign(full), 0)
    pulled, weight = along(matrices, infinite), along(sizes, abs(infinite))
    opposed = (weight > 0) & (abs(pulled) < weight * (1 - 1e-12))
    out = np.where(weight > 0, np.copysign(np.inf, pulled), value)
    return np.asarray(np.where(opposed | (along(sizes, np.isnan(full).astype(value.dtype)) > 0), np.nan, out))
