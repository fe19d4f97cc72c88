"""References of sums of products: value, scale S = |A||B| and error radius, for matrix products, convolutions and means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import U, expected_extended, extended

_WIDE = {"float16": 2.0**-53, "bfloat16": 2.0**-53, "float32": 2.0**-53, "float64": U}


def wide(array: Array, dtype: str) -> Array:
    """To the format in which references of a dtype are summed, exactly: double for float32 and narrower, extended for double."""
    return extended(array) if dtype == "float64" else np.asarray(array).astype(np.float64)


def sum_of_products(
    a: Array, b: Array, *, dtype: str, terms: int | None = None, plus: Array | None = None, alpha: float = 1.0, beta: float = 1.0,
    name: str = "y",
) -> Expected:  # fmt: skip
    """alpha (a @ b) + beta plus, over the last axis of a and the last but one of b, as numpy.matmul broadcasts.

    1. Summed in double (float32 data and narrower: products are exact there) or in extended precision (double data).
    2. scale = |alpha| |a||b| + |beta plus|.
    3. radius = gamma_{n + 3} of that format times scale (Higham 2002, 3.5), for any order of summation.

    Args:
        dtype: of the data and of the output.
        terms: number of terms that are not zero by construction, None = the length of the summed axis.
        plus: broadcasts to the product's shape.
    """
    length = a.shape[-1]
    x, z = wide(a, dtype), wide(b, dtype)
    with np.errstate(all="ignore"):
        value = np.matmul(x, z) * alpha
        scale = np.matmul(np.abs(x), np.abs(z)) * abs(alpha)
        if plus is not None:
            added = wide(plus, dtype) * beta
            value, scale = value + added, scale + np.abs(added)
    scale = np.nan_to_num(scale.astype(np.float64), nan=0.0, posinf=0.0)
    n = length if terms is None else terms
    extra = (plus is not None) + (alpha != 1.0) + (beta != 1.0 and plus is not None)
    radius = (length + 4) * _WIDE[dtype] * 1.01 * scale
    return expected_extended(
        np.asarray(value, dtype=np.longdouble), dtype=dtype, radius=radius, name=name, scale=scale, terms=max(1, n) + extra,
        any_sign_of_zero=True,
    )  # fmt: skip


def pad(x: Array, low: Sequence[int], high: Sequence[int], value: float = 0.0) -> Array:
    """Widen (or, where negative, crop) the spatial axes of (N, C, ...)."""
    index = tuple(slice(max(0, -a), x.shape[i + 2] - max(0, -b)) for i, (a, b) in enumerate(zip(low, high, strict=True)))
    width = [(0, 0), (0, 0), *((max(0, a), max(0, b)) for a, b in zip(low, high, strict=True))]
    return np.pad(x[(slice(None), slice(None), *index)], width, constant_values=value)


def windows(x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Array:
    """All windows of padded (N, C, *spatial) as (N, C, *out, *kernel), a view."""
    axes = tuple(range(2, x.ndim))
    span = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    view = sliding_window_view(x, span, axis=axes)
    take = [slice(None), slice(None), *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation)]
    return np.asarray(view[tuple(take)])


def correlate(
    x: Array, weight: Array, bias: Array | None, *, dtype: str, stride: Sequence[int], dilation: Sequence[int], groups: int,
    terms: int | None = None,
) -> Expected:  # fmt: skip
    """Cross-correlation of padded (N, C, *spatial) with (O, C / groups, *kernel): (N, O, *out), as sum_of_products."""
    kernel = weight.shape[2:]
    patches = windows(x, kernel, stride, dilation)
    n, channels, dims = x.shape[0], x.shape[1], len(kernel)
    out = patches.shape[2 : 2 + dims]
    patches = patches.reshape(n, groups, channels // groups, *out, *kernel)
    order = (1, 0, *range(3, 3 + dims), 2, *range(3 + dims, 3 + 2 * dims))
    columns = patches.transpose(order).reshape(groups, n * int(np.prod(out)), -1)
    taps = weight.reshape(groups, weight.shape[0] // groups, -1).transpose(0, 2, 1)
    plus = None if bias is None else bias.reshape(groups, 1, -1)
    flat = sum_of_products(columns, taps, dtype=dtype, plus=plus, terms=terms)
    return _spatial(flat, groups, n, out)


def _spatial(flat: Expected, groups: int, n: int, out: tuple[int, ...]) -> Expected:
    def back(a: Array | float) -> Array:
        dims = len(out)
        shaped = np.asarray(a).reshape(groups, n, *out, -1)
        moved = shaped.transpose(1, 0, 2 + dims, *range(2, 2 + dims))
        return np.ascontiguousarray(moved.reshape(n, groups * shaped.shape[-1], *out))

    assert flat.low is not None
    return Expected(
        name=flat.name, dtype=flat.dtype, value=back(flat.value), low=back(flat.low), radius=back(flat.radius), scale=back(flat.scale),
        terms=flat.terms, any_sign_of_zero=True,
    )  # fmt: skip
