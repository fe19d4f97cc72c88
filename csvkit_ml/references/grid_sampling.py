"""References of sampling at the places of a grid (grid_sample) and of the grids of affine maps (affine_grid).

Parameters of a sample: `padding` (zeros, border, reflection), `align_corners`; `a` (cubic coefficient, None or absent = linear).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.resizing import TRIANGLE, keys
from csvkit_ml.references.rounding import ROUNDINGS

ROUNDINGS_OF_A_PLACE = 8
"""Most operations, each rounded once, from a grid's number to a coordinate, reflection included."""
OFFSETS = np.arange(-1, 3)
Place = tuple[Array, Array]
"""(element of one axis, whether it counts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taps:
    """Of one spatial axis: elements and weights at every place of the grid, [N, *places, taps]."""

    index: Array
    """Element, 0 where it is outside and padded with zeros."""
    value: Array
    before: Array
    """Derivative of the weight by the coordinate, just below it."""
    after: Array
    own: Array
    """Sum of the magnitudes of the terms of each weight."""
    magnitude: Array
    """[N, *places, 1]: sum of the magnitudes of the coordinate's terms."""


def places(sample: Sample) -> list[tuple[Array, Array, int]]:
    """(coordinate, magnitude of its terms, extent) of each spatial axis; a grid names the last axis first."""
    x, grid = sample.arrays()
    align, found = bool(sample.param("align_corners")), []
    for k, n in enumerate(x.shape[2:]):
        g = extended(grid[..., grid.shape[-1] - 1 - k])
        at = (g + 1) / 2 * (n - 1) if align else ((g + 1) * n - 1) / 2
        found.append((at, (abs(g) + 1) * n / 2 + 0.5, n))
    return found


def element(at: Array, n: int, sample: Sample) -> Place:
    """(element that stands for each position, whether it counts)."""
    padding, inside = sample.param("padding"), (at >= 0) & (at < n)
    if padding == "reflection":
        period = max(1, 2 * n - 2) if sample.param("align_corners") else 2 * n
        folded = at % period
        mirrored = period - folded - (0 if sample.param("align_corners") else 1)
        at = np.where(folded < n, folded, mirrored)
    return np.clip(at, 0, n - 1).astype(np.int64), inside | (padding != "zeros")


def shown(sample: Sample) -> tuple[Expected, ...]:
    """Nearest: the element shown; in `also` those that a rounded coordinate may show instead."""
    u = ROUNDINGS[sample.dtype].accumulate
    chosen = []
    for at, magnitude, n in places(sample):
        slack = ROUNDINGS_OF_A_PLACE * u * magnitude
        low, high = (element(np.rint(v), n, sample) for v in (at - slack, at + slack))
        true = element(np.rint(at), n, sample)
        chosen.append((true, _unlike(true, low, high)))
    made = [exactly(_taken(sample, way), dtype=sample.dtype).value for way in product(*chosen)]
    return (Expected(name="y", dtype=sample.dtype, value=made[0], any_sign_of_zero=True, extra={"also": np.stack(made[1:])}),)


def _unlike(true: Place, low: Place, high: Place) -> Place:
    """Where low is the true place, high."""
    same = (low[0] == true[0]) & (low[1] == true[1])
    return np.where(same, high[0], low[0]), np.where(same, high[1], low[1])


def _taken(sample: Sample, way: Sequence[Place]) -> Array:
    x = sample.arrays()[0]
    planes = [_gathered(image, [index[i] for index, _ in way]) for i, image in enumerate(x)]
    counts = reduce(np.logical_and, (ok for _, ok in way))
    return np.where(counts[:, None], np.stack(planes), np.zeros((), dtype=x.dtype))


def _gathered(image: Array, index: list[Array]) -> Array:
    """(C, *spatial) at places."""
    flat = np.ravel_multi_index(tuple(index), image.shape[1:])
    return np.asarray(image.reshape(image.shape[0], -1)[:, flat])


def _taps(sample: Sample, at: Array, magnitude: Array, n: int) -> Taps:
    a: Any = dict(sample.params).get("a")
    kernel = TRIANGLE if a is None else keys(a)
    whole = np.floor(at)
    slack = (ROUNDINGS_OF_A_PLACE * ROUNDINGS[sample.dtype].accumulate * magnitude)[..., None]
    s = (at - whole)[..., None] - OFFSETS
    index, counts = element(whole[..., None].astype(np.int64) + OFFSETS, n, sample)
    value, _, own = kernel.at(s)
    before, after = kernel.at(s - slack)[1], kernel.at(s + slack)[1]
    value, before, after, own = (np.where(counts, part, 0) for part in (value, before, after, own))
    return Taps(index=index, value=value, before=before, after=after, own=own, magnitude=magnitude[..., None])


def interpolated(sample: Sample) -> tuple[Expected, ...]:
    """Linear and cubic; scale as the criterion of sampling says."""
    x = extended(sample.arrays()[0])
    taps = [_taps(sample, *place) for place in places(sample)]
    around = _neighbourhoods(x, taps)
    value, size = _sum([t.value for t in taps], around), _sum([abs(t.value) for t in taps], abs(around))
    moved, own = np.zeros_like(size), np.zeros_like(size)
    for k, one in enumerate(taps):
        below, above, terms = [t.value for t in taps], [t.value for t in taps], [abs(t.value) for t in taps]
        below[k], above[k], terms[k] = one.before * one.magnitude, one.after * one.magnitude, one.own
        moved += np.maximum(abs(_sum(below, around)), abs(_sum(above, around)))
        own += _sum(terms, abs(around))
    count = 2 if dict(sample.params).get("a") is None else 4
    scale = size * ((count + 1) * len(taps) / 8) + moved + own
    return (expected_extended(value, dtype=sample.dtype, radius=16 * U * scale, scale=scale, any_sign_of_zero=True),)


def _neighbourhoods(x: Array, taps: list[Taps]) -> Array:
    """[N, C, *places, taps of axis 0, taps of axis 1, ...]."""
    dims = len(taps)
    spread = [t.index.reshape(*t.index.shape[:-1], *(4 if k == j else 1 for j in range(dims))) for k, t in enumerate(taps)]
    full = np.broadcast_arrays(*spread)
    return np.stack([_gathered(image, [index[i] for index in full]) for i, image in enumerate(x)])


def _sum(weights: list[Array], around: Array) -> Array:
    """Sum over all taps of weight times element, [N, C, *places]."""
    for w in reversed(weights):
        missing = around.ndim - 1 - w.ndim
        around = (around * w.reshape(w.shape[0], 1, *w.shape[1:-1], *(1,) * missing, w.shape[-1])).sum(axis=-1)
    return around


def affine_places(sample: Sample) -> tuple[Expected, ...]:
    """theta (N, d, d + 1) applied to the places of every element of an output of `sizes`, the last axis named first."""
    theta, sizes = extended(sample.arrays()[0]), [int(n) for n in sample.param("sizes")]
    lines = [_line(n, bool(sample.param("align_corners"))) for n in sizes]
    grids = [*reversed(np.meshgrid(*lines, indexing="ij")), np.ones(sizes, dtype=np.longdouble)]
    base = np.stack(grids, axis=-1)
    value = np.einsum("nij,...j->n...i", theta, base)
    scale = np.einsum("nij,...j->n...i", abs(theta), abs(base) + 1)
    return (expected_extended(value, dtype=sample.dtype, radius=8 * U * scale, scale=scale, any_sign_of_zero=True),)


def _line(n: int, align: bool) -> Any:
    """Places of n elements in -1 .. 1: the outer centres at the ends, or the outer edges."""
    i = extended(np.arange(n))
    if align:
        return 2 * i / (n - 1) - 1 if n > 1 else i * 0
    return (2 * i + 1) / n - 1
