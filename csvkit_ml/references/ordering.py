"""Order by definition: -infinity < ... < -0 = 0 < ... < infinity < NaN, false < true; equal elements keep their order."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.tensor import Array


def ordered(x: Array, axis: int, *, descending: bool) -> Array:
    """Positions along an axis in the order of the elements, int64; of equal elements the first comes first, also when descending."""
    key = x.astype(np.float64) if x.dtype.kind in "fV" else x
    if not descending:
        return np.asarray(np.argsort(key, axis=axis, kind="stable").astype(np.int64))
    last = x.shape[axis] - 1
    return np.asarray(np.flip(last - np.argsort(np.flip(key, axis), axis=axis, kind="stable"), axis).astype(np.int64))


def taken(x: Array, positions: Array, axis: int) -> Array:
    """The elements at these positions along an axis."""
    return np.take_along_axis(x, positions, axis=axis)
