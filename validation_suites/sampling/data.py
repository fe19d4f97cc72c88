"""Seeded and special data. Every stream depends only on the names given, so adding a sample never moves another."""

from __future__ import annotations

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor

EDGE_SIZES = (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257)
"""Extents around vector, tile and thread-grain edges."""


def tensor(array: Array, dtype: str) -> Tensor:
    """An array in a dtype of the samples."""
    with np.errstate(over="ignore"):
        return Tensor.of(array, dtype)


def normal(dtype: str, shape: tuple[int, ...], *names: str, scale: float = 1.0, offset: float = 0.0) -> Tensor:
    """N(offset, scale^2), rounded to dtype."""
    return tensor(seed_for("normal", *names).standard_normal(shape) * scale + offset, dtype)


def uniform(dtype: str, shape: tuple[int, ...], *names: str, low: float = -1.0, high: float = 1.0) -> Tensor:
    """U(low, high), rounded to dtype."""
    return tensor(seed_for("uniform", *names).uniform(low, high, shape), dtype)


def positive(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    """U(0.5, 1.5): no cancellation."""
    return uniform(dtype, shape, "positive", *names, low=0.5, high=1.5)


def all_patterns(dtype: str) -> Tensor:
    """All 65,536 values of a 16-bit format, NaNs included."""
    return Tensor(dtype=dtype, shape=(65536,), data=np.arange(65536, dtype=np.uint16).tobytes())


def special(dtype: str) -> Array:
    """Special values of a float format, 1-d: zeros, subnormals, binade edges, near-overflow, infinities, NaN, both signs."""
    form = FORMATS[dtype]
    edges = [2.0**e for e in range(-10, 11)]
    magnitudes = [0.0, form.tiny, 3 * form.tiny, form.eta - form.tiny, form.eta, form.eta * 1.5, form.u, 1 - form.u, 1 + 2 * form.u]
    magnitudes += edges + [1.5, 2.5, 3.5, 0.1, 10.0, 88.0, 89.0, 103.0, 709.0, 745.0, form.largest / 2, form.largest, float("inf")]
    fits = [m for m in magnitudes if m <= form.largest or np.isinf(m)]
    values = np.array([*fits, *(-m for m in fits), float("nan")])
    with np.errstate(over="ignore"):
        return np.asarray(values.astype(DTYPES[dtype]))
