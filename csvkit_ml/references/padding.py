"""Padding by definition: where every element of the result comes from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csvkit_ml.model.tensor import Array

Pads = tuple[tuple[int, int], ...]
"""(before, after) of every axis."""
Index = Callable[[Array, int], Array]
"""(positions along the padded axis, counted from the first element; extent n) -> positions in 0 .. n - 1."""


def padded(x: Array, pads: Pads, index: Index) -> Array:
    """Axis by axis, output position i shows input position index(i - before)."""
    for axis, (before, after) in enumerate(pads):
        n = x.shape[axis]
        if (before, after) != (0, 0):
            x = np.take(x, index(np.arange(-before, n + after), n), axis=axis)
    return x


def filled(x: Array, pads: Pads, value: float) -> Array:
    """The overlap of input and output is copied, the rest holds the value; negative pads cut."""
    out = np.full([n + a + b for n, (a, b) in zip(x.shape, pads, strict=True)], value, dtype=x.dtype)
    to = tuple(slice(max(0, a), max(0, a) + max(0, n + min(0, a) + min(0, b))) for n, (a, b) in zip(x.shape, pads, strict=True))
    taken = tuple(slice(max(0, -a), max(max(0, -a), n + min(0, b))) for n, (a, b) in zip(x.shape, pads, strict=True))
    out[to] = x[taken]
    return out


def reflect(i: Array, n: int) -> Array:
    """Mirrored at the edge elements, which are not repeated."""
    i = np.abs(i)
    return np.where(i < n, i, 2 * (n - 1) - i)


def replicate(i: Array, n: int) -> Array:
    """The edge element repeats."""
    return np.clip(i, 0, n - 1)


def circular(i: Array, n: int) -> Array:
    """The tensor repeats."""
    return i % n


def symmetric(i: Array, n: int) -> Array:
    """Mirrored with the edge element repeated: what reflect must not be."""
    return np.clip(np.where(i < 0, -1 - i, np.where(i < n, i, 2 * n - 1 - i)), 0, n - 1)
