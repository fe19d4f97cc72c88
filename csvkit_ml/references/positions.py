"""Reading and writing by position, by definition: every element names its place."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.tensor import Array

Place = tuple[Array, ...]
"""Coordinates of one element of the data for every element of an index, an array a dimension (broadcastable)."""


def places(index: Array, axis: int, extent: int) -> Place:
    """The element of the data that every element of the index names.

    Args:
        index: positions along the axis, negative ones counted from the end.
        axis: not negative.
        extent: of the data along the axis.

    Returns:
        The index along the axis; its own coordinates along all others.
    """
    where: list[Array] = list(np.indices(index.shape, sparse=True))
    where[axis] = np.where(index < 0, index + extent, index)
    return tuple(where)


def slices(x: Array, index: Array, axis: int) -> Array:
    """Slice after slice of x: the axis (not negative) gives way to the axes of the index; negative positions count from the end."""
    first = np.moveaxis(x, axis, 0)
    out = np.empty((index.size, *first.shape[1:]), dtype=x.dtype)
    for k, row in enumerate(index.ravel().tolist()):
        out[k] = first[row + (x.shape[axis] if row < 0 else 0)]
    shaped = out.reshape(*index.shape, *first.shape[1:])
    return np.moveaxis(shaped, range(index.ndim), range(axis, axis + index.ndim))


def written(x: Array, where: Place, source: Array) -> Array:
    """x with the source at its places, of which none may occur twice."""
    out = x.copy()
    out[where] = source
    return out


def added(x: Array, where: Place, source: Array) -> Array:
    """x plus every element of the source at its place, one after the other in the arithmetic of x."""
    out = x.copy()
    np.add.at(out, where, source)
    return out
