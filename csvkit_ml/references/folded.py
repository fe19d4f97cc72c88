"""References of unfold, fold and unpooling over two axes. Parameters: `size`, `kernel`, `stride`, `padding`, `dilation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.products import pad, windows


def out_sizes(p: Mapping[str, Any]) -> tuple[int, ...]:
    """Windows along each axis."""
    axes = zip(p["size"], p["kernel"], p["stride"], p["padding"], p["dilation"], strict=True)
    return tuple((n + 2 * a - d * (k - 1) - 1) // s + 1 for n, k, s, a, d in axes)


def unfolded(sample: Sample) -> tuple[Expected, ...]:
    """(N, C, h, w) to (N, C * kernel, windows)."""
    p: dict[str, Any] = dict(sample.params)
    x = pad(sample.arrays()[0].astype(np.float64), p["padding"], p["padding"])
    taken = windows(x, p["kernel"], p["stride"], p["dilation"])
    n, c, h, w, kh, kw = taken.shape
    return (exactly(taken.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, h * w), dtype=sample.dtype),)


def _added(x: Array, p: Mapping[str, Any]) -> Array:
    """Columns (N, C * kernel, windows) added into (N, C, h, w)."""
    (kh, kw), (sh, sw), (ah, aw), (dh, dw), (oh, ow) = p["kernel"], p["stride"], p["padding"], p["dilation"], out_sizes(p)
    h, w = p["size"]
    parts = x.reshape(x.shape[0], -1, kh, kw, oh, ow)
    out = np.zeros((*parts.shape[:2], h + 2 * ah, w + 2 * aw), dtype=x.dtype)
    for i, j in np.ndindex(kh, kw):
        top, left = i * dh, j * dw
        out[:, :, top : top + (oh - 1) * sh + 1 : sh, left : left + (ow - 1) * sw + 1 : sw] += parts[:, :, i, j]
    return out[:, :, ah : ah + h, aw : aw + w]


def folded(sample: Sample) -> tuple[Expected, ...]:
    """Sum of all columns at the places of their windows."""
    p: dict[str, Any] = dict(sample.params)
    x = extended(sample.arrays()[0])
    terms = max(1, int(_added(np.ones(x.shape), p).max()))
    scale = _added(abs(x), p).astype(np.float64)
    made = _added(x, p)
    return (expected_extended(made, dtype=sample.dtype, radius=terms * U * scale, scale=scale, terms=terms, any_sign_of_zero=True),)


def columns_of(x: Array, kernel: tuple[int, ...], stride: tuple[int, ...]) -> tuple[Array, Array]:
    """(maximum of every window, its place in the plane): data of an unpooling."""
    plane = np.arange(x.shape[2] * x.shape[3]).reshape(1, 1, *x.shape[2:])
    taken, places = windows(x, kernel, stride, (1, 1)), windows(plane, kernel, stride, (1, 1))
    flat = taken.reshape(*taken.shape[:4], -1)
    best = flat.argmax(axis=-1)[..., None]
    where = np.broadcast_to(places.reshape(*places.shape[:4], -1), flat.shape)
    return np.take_along_axis(flat, best, -1)[..., 0], np.take_along_axis(where, best, -1)[..., 0].astype(np.int64)


def unpooled(sample: Sample) -> tuple[Expected, ...]:
    """Values at their places of planes of `sizes`, zero elsewhere."""
    value, index = sample.arrays()
    h, w = sample.param("sizes")
    n, c = value.shape[:2]
    out = np.zeros((n, c, h * w), dtype=np.float64)
    np.put_along_axis(out, index.reshape(n, c, -1), value.reshape(n, c, -1).astype(np.float64), axis=-1)
    return (exactly(out.reshape(n, c, h, w), dtype=sample.dtype),)
