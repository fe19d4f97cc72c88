"""References of pooling to a size: window i of m over n elements is floor(i n / m) to ceil((i + 1) n / m) - 1. Parameter: `sizes`."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended


def parts(n: int, m: int) -> list[slice]:
    """Windows of one axis."""
    return [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]


def _reduced(x: Array, sizes: tuple[int, ...], reduce: np.ufunc) -> Array:
    """Axis by axis: windows are boxes."""
    for k, m in enumerate(sizes):
        moved = np.moveaxis(x, k + 2, 0)
        x = np.moveaxis(np.stack([reduce.reduce(moved[window], axis=0) for window in parts(x.shape[k + 2], m)]), 0, k + 2)
    return x


def maxima(sample: Sample) -> tuple[Expected, ...]:
    """Maximum of every window, NaN passed on."""
    made = _reduced(sample.arrays()[0].astype(np.float64), sample.param("sizes"), np.maximum)
    return (exactly(made, dtype=sample.dtype, any_sign_of_zero=True),)


def means(sample: Sample) -> tuple[Expected, ...]:
    """Mean of every window."""
    x, sizes = extended(sample.arrays()[0]), sample.param("sizes")
    count = _reduced(np.ones(x.shape), sizes, np.add)
    with np.errstate(all="ignore"):
        value = _reduced(x, sizes, np.add) / count
        scale = np.nan_to_num((_reduced(abs(x), sizes, np.add) / count).astype(np.float64), nan=0.0, posinf=0.0)
    terms = int(count.max()) + 1
    radius = (terms + 3) * U * scale
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=terms, any_sign_of_zero=True),)
