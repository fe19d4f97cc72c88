"""Seeded faults of functions that order. Each formula gives wrong positions; the values follow from them. None = the sample cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Fault, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.ordering import ordered, taken
from validation_suites import faults


def axis_of(sample: Sample) -> int:
    """The parameter `axis`, counted from the front."""
    return int(sample.param("axis")) % len(sample.inputs[0].shape)


def down(sample: Sample) -> bool:
    """Whether the largest element comes first."""
    p = dict(sample.params)
    return bool(p["largest"] if "largest" in p else p["descending"])


def head(sample: Sample, positions: Array) -> Array:
    """The first k positions along the axis; all without a parameter k."""
    k = sample.param("k") if "k" in dict(sample.params) else positions.shape[axis_of(sample)]
    return np.take(positions, np.arange(k), axis=axis_of(sample))


def true_positions(sample: Sample) -> Array:
    """Of equal elements the first comes first."""
    x = sample.arrays()[0]
    return head(sample, ordered(x, axis_of(sample), descending=down(sample)))


def _by_key(sample: Sample, key: Array) -> Array | None:
    """Order of other keys, where it orders the data differently."""
    x, axis = sample.arrays()[0], axis_of(sample)
    found = head(sample, ordered(key, axis, descending=down(sample)))
    got, true = (taken(x, p, axis).astype(np.float64) for p in (found, true_positions(sample)))
    return None if x.size == 0 or np.array_equal(got, true, equal_nan=True) else found


def _next_one(sample: Sample) -> Array | None:
    """Positions count from 1 (the last becomes 0)."""
    n = sample.inputs[0].shape[axis_of(sample)]
    return (true_positions(sample) + 1) % n if n > 1 else None


def _narrow(sample: Sample) -> Array | None:
    """Keys rounded to float32 (wide formats) or to 8 significant bits."""
    x = sample.arrays()[0]
    if x.dtype.kind not in "fViu":
        return None
    with np.errstate(over="ignore"):
        key = x.astype(np.float32) if x.dtype.itemsize > 4 else faults.keep_bits(x.astype(np.float64), 7)
    return _by_key(sample, key)


def _as_signed(sample: Sample) -> Array | None:
    """Unsigned integers compared as signed ones."""
    x = sample.arrays()[0]
    return _by_key(sample, x.view(f"i{x.itemsize}")) if x.dtype.kind == "u" else None


def _by_magnitude(sample: Sample) -> Array | None:
    x = sample.arrays()[0]
    return _by_key(sample, np.abs(x.astype(np.float64))) if x.dtype.kind in "fV" else None


def _nan_smallest(sample: Sample) -> Array | None:
    x = sample.arrays()[0].astype(np.float64)
    return _by_key(sample, np.where(np.isnan(x), -np.inf, x)) if np.isnan(x).any() else None


def _first_equal(sample: Sample) -> Array | None:
    """Each value is looked up in the data: equal elements all get the first position."""
    x, axis = sample.arrays()[0], axis_of(sample)
    if x.size == 0 or x.shape[axis] > 300:
        return None
    rows = np.moveaxis(x, axis, -1).astype(np.float64)
    values = np.moveaxis(taken(x, true_positions(sample), axis), axis, -1).astype(np.float64)
    return np.asarray(np.moveaxis(np.argmax(values[..., None] == rows[..., None, :], axis=-1), -1, axis))


def _last_of_ties(sample: Sample) -> Array | None:
    """Of equal elements the last comes first."""
    x, axis = sample.arrays()[0], axis_of(sample)
    found = head(sample, x.shape[axis] - 1 - ordered(np.flip(x, axis), axis, descending=down(sample)))
    return None if np.array_equal(found, true_positions(sample)) else found


def _in_data_order(sample: Sample) -> Array | None:
    """The right elements, not sorted: in the order of the data."""
    found = np.sort(true_positions(sample), axis=axis_of(sample))
    return None if found.size == 0 else found


def _first_lost(sample: Sample) -> Array | None:
    """The k elements behind the first."""
    x, axis = sample.arrays()[0], axis_of(sample)
    k = int(sample.param("k"))
    if x.size == 0 or k == x.shape[axis]:
        return None
    return np.take(ordered(x, axis, descending=down(sample)), np.arange(1, k + 1), axis=axis)


def _elsewhere(sample: Sample) -> Array | None:
    """Ordered along the next axis, where the shape does not tell."""
    x, rank = sample.inputs[0], len(sample.inputs[0].shape)
    axis = (axis_of(sample) + 1) % rank
    k = dict(sample.params).get("k")
    if rank < 2 or 0 in x.shape or x.shape[axis] != x.shape[axis_of(sample)] or (k is not None and k != x.shape[axis]):
        return None
    return true_positions(replace(sample, params=tuple((n, axis if n == "axis" else v) for n, v in sample.params)))


def _last_position(sample: Sample) -> Array | None:
    """The very last position is one too small."""
    found = true_positions(sample).copy()
    if found.size == 0:
        return None
    found.reshape(-1)[-1] -= 1
    return found


Wrong = Callable[[Sample], Array | None]


def both(id: str, sentence: str, wrong: Wrong) -> Fault:
    """Values and positions follow from wrong positions."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        found = wrong(sample)
        return None if found is None else (taken(sample.arrays()[0], found, axis_of(sample)), found)

    return faults.computed(id, sentence, compute)


def positions_only(id: str, sentence: str, wrong: Wrong) -> Fault:
    """Right values beside wrong positions."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        found = wrong(sample)
        return None if found is None else (taken(sample.arrays()[0], true_positions(sample), axis_of(sample)), found)

    return faults.computed(id, sentence, compute)


def alone(id: str, sentence: str, wrong: Wrong) -> Fault:
    """A function that returns only positions."""
    return faults.computed(id, sentence, wrong)


BY_KEY: tuple[tuple[str, str, Wrong], ...] = (
    ("narrow-keys", "Elements are compared in a narrower format.", _narrow),
    ("signed-keys", "Unsigned integers are compared as signed ones.", _as_signed),
    ("by-magnitude", "Elements are ordered by magnitude.", _by_magnitude),
    ("data-order", "The result is left in the order of the data.", _in_data_order),
)
POSITIONS: tuple[tuple[str, str, Wrong], ...] = (
    ("position-off-by-one", "Positions are one too large.", _next_one),
    ("last-position", "The last position alone is wrong.", _last_position),
    ("first-of-equals", "All equal elements get the position of the first.", _first_equal),
)
ELSEWHERE = ("other-axis", "Ordered along the next axis.", _elsewhere)
NAN_SMALLEST = ("nan-smallest", "NaN counts as the smallest value.", _nan_smallest)
LAST_OF_TIES = ("last-of-ties", "Of equal elements the last comes first.", _last_of_ties)
FIRST_LOST = ("first-lost", "The k elements behind the first are returned.", _first_lost)
MOVING = (faults.one_element(), faults.stale(), faults.rolled())
