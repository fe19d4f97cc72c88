"""Gradients of convolutions and transposed convolutions in one to three dimensions, for input, weight and bias, from the definition.

Both are sums over pairs of a place in the smaller picture and a place in the kernel, which meet one place of the larger, padded picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, dot, moved, scattered, turned


def _extents(sample: Sample, kernel: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...]:
    """Of the padded picture as far as the kernel reaches."""
    how = zip(small, kernel, sample.param("stride"), sample.param("dilation"), strict=True)
    return tuple((n - 1) * s + d * (k - 1) + 1 for n, k, s, d in how)


def _meeting(sample: Sample, kernel: tuple[int, ...], small: tuple[int, ...], padded: tuple[int, ...]) -> Any:
    """[kernel places, small places]: flat place in the padded picture."""
    at = np.zeros((1, 1), dtype=np.int64)
    for n, k, extent, s, d in zip(small, kernel, padded, sample.param("stride"), sample.param("dilation"), strict=True):
        here = np.arange(k)[:, None] * d + np.arange(n) * s
        at = (at[:, None, :, None] * extent + here[:, None, :]).reshape(at.shape[0] * k, -1)
    return at


def _padded(sample: Sample, x: Any, extents: tuple[int, ...]) -> Any:
    """Zeros around, and at the end up to the extents; what lies beyond them meets no kernel."""

    def of(v: Any) -> Any:
        around = [(p, max(0, e - p - n)) for p, e, n in zip(sample.param("padding"), extents, v.shape[2:], strict=True)]
        inner: Any = (..., *(slice(0, e) for e in extents))
        return np.pad(v, [(0, 0), (0, 0), *around])[inner]

    return moved(x, of)


def _patches(x: Any, at: Any, groups: int) -> Any:
    """[N, G, C / G, kernel places, small places] of a padded picture."""
    n, c = x.value.shape[:2]
    return moved(x, lambda v: v.reshape(n, groups, c // groups, -1)[..., at])


def _columns(x: Any) -> Any:
    """[N, G, R, P] as [G, R, N P]."""
    n, g, r, p = x.value.shape
    return moved(x, lambda v: v.transpose(1, 2, 0, 3).reshape(g, r, n * p))


def _total(g: Any) -> Any:
    """Over all but the channels."""
    return moved(g, lambda v: np.moveaxis(v, 1, 0).reshape(v.shape[1], -1)).sum(axis=1)


def _convolution(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """y[o, i] = sum over c and k of w[o, c, k] x[c, place of (k, i)] + b[o]."""
    groups, kernel, small = sample.param("groups"), w.value.shape[2:], g.value.shape[2:]
    n, c = x.value.shape[:2]
    extents = _extents(sample, kernel, small)
    at = _meeting(sample, kernel, small, extents)
    patches = _patches(_padded(sample, x, extents), at, groups)
    patches = moved(patches, lambda v: v.reshape(n, groups, -1, at.shape[1]))
    upstream = moved(g, lambda v: v.reshape(n, groups, -1, at.shape[1]))
    by_kernel = moved(w, lambda v: v.reshape(groups, v.shape[0] // groups, -1))
    dw = dot(_columns(upstream), turned(_columns(patches))).reshape(*w.value.shape)
    shares = moved(dot(turned(by_kernel), upstream), lambda v: v.reshape(n * c, -1).T)
    dx = moved(scattered(shares, at.ravel(), int(np.prod(extents))), lambda v: v.T.reshape(n, c, *extents))
    return _cropped(sample, dx, x.value.shape[2:]), dw, _total(g)


def _cropped(sample: Sample, x: Any, shape: tuple[int, ...]) -> Any:
    """The inner part; zeros where no kernel reaches."""

    def of(v: Any) -> Any:
        out = np.pad(v, [(0, 0), (0, 0), *((0, n + p) for n, p in zip(shape, sample.param("padding"), strict=True))])
        inner: Any = (..., *(slice(p, p + n) for p, n in zip(sample.param("padding"), shape, strict=True)))
        return out[inner]

    return moved(x, of)


def _transposed(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """y[o, place of (k, i)] = sum of w[c, o, k] x[c, i], cropped, + b[o]."""
    groups, kernel, small = sample.param("groups"), w.value.shape[2:], x.value.shape[2:]
    n, c = x.value.shape[:2]
    extents = _extents(sample, kernel, small)
    at = _meeting(sample, kernel, small, extents)
    patches = moved(_patches(_padded(sample, g, extents), at, groups), lambda v: v.reshape(n, groups, -1, at.shape[1]))
    inputs = moved(x, lambda v: v.reshape(n, groups, -1, at.shape[1]))
    by_kernel = moved(w, lambda v: v.reshape(groups, c // groups, -1))
    dw = dot(_columns(inputs), turned(_columns(patches))).reshape(*w.value.shape)
    return dot(by_kernel, patches).reshape(*x.value.shape), dw, _total(g)


ROWS = {
    1: (((11,), (3,), (1,), (0,), (1,), 1), ((12,), (4,), (2,), (2,), (1,), 2), ((13,), (3,), (3,), (1,), (2,), 4), ((5,), (1,), (1,), (0,), (1,), 1)),
    2: (((7, 6), (3, 2), (1, 1), (0, 0), (1, 1), 1), ((6, 7), (3, 3), (2, 1), (1, 2), (1, 1), 2), ((5, 6), (2, 2), (1, 3), (1, 0), (2, 1), 4)),
    3: (((4, 5, 4), (2, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1), ((5, 4, 5), (3, 2, 3), (2, 1, 2), (1, 0, 1), (1, 2, 1), 2)),
}  # fmt: skip
"""By dimensions: size, kernel, stride, padding, dilation, groups."""


def _cases(dimensions: int, transposed: bool) -> tuple[Case, ...]:
    """Four channels to eight."""
    made = []
    for size, kernel, stride, padding, dilation, groups in ROWS[dimensions]:
        forward, back = [], []
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
            forward.append((n + 2 * p - d * (k - 1) - 1) // s + 1)
            back.append((n - 1) * s - 2 * p + d * (k - 1) + 1)
        weight = (4, 8 // groups, *kernel) if transposed else (8, 4 // groups, *kernel)
        operands = ((2, 4, *size), weight, (8,), (2, 8, *(back if transposed else forward)))
        label = f"k{'x'.join(map(str, kernel))}-s{stride[0]}-p{padding[0]}-d{dilation[0]}-g{groups}"
        made.append(Case(name=label, operands=operands, how=params(stride=stride, padding=padding, dilation=dilation, groups=groups)))
    return tuple(made)


PRODUCTS = (
    *(Product(id=f"grad_conv{d}d", of=f"the {d}-d convolution, for input, weight and bias", product=_convolution, cases=_cases(d, False),
              faults=(faults.rolled(),)) for d in (1, 3)),
    *(Product(id=f"grad_conv_transpose{d}d", of=f"the {d}-d transposed convolution, for input, weight and bias", product=_transposed,
              cases=_cases(d, True), faults=(faults.rolled(),)) for d in (1, 2, 3)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
