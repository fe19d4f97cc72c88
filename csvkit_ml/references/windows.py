"""Gradients of convolutions from the definition: one kernel position at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def conv2d_gradients(
    x: Any, w: Any, g: Any, *, stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int], groups: int
) -> tuple[Any, Any, Any]:
    """Gradients of input, weight and bias of y = conv2d(x, w) + b for an upstream gradient.

    Args:
        x: [N, C, H, W], any float dtype; all sums are in it.
        w: [O, C / groups, KH, KW].
        g: [N, O, OH, OW].
    """
    n, o, oh, ow = g.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    split = g.reshape(n, groups, o // groups, oh, ow)
    grouped = w.reshape(groups, o // groups, *w.shape[1:])
    for i, j, window in _positions(w.shape[2:], (oh, ow), stride, dilation):
        patch = padded[(..., *window)].reshape(n, groups, -1, oh, ow)
        dw[:, :, i, j] = np.einsum("nkohw,nkchw->koc", split, patch).reshape(w.shape[:2])
        dx[(..., *window)] += np.einsum("nkohw,koc->nkchw", split, grouped[..., i, j]).reshape(n, -1, oh, ow)
    inner = dx[:, :, padding[0] : dx.shape[2] - padding[0], padding[1] : dx.shape[3] - padding[1]]
    return inner, dw, g.sum(axis=(0, 2, 3))


def _positions(
    kernel: tuple[int, ...], size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Iterator[tuple[int, int, tuple[slice, slice]]]:
    """(row, column, the input positions that meet it at every output position) of each kernel element."""
    for i, j in np.ndindex(*kernel[:2]):
        rows, columns = (
            slice(at * d, at * d + (count - 1) * s + 1, s) for at, d, count, s in zip((i, j), dilation, size, stride, strict=True)
        )
        yield i, j, (rows, columns)
