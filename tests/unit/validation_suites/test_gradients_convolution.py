"""Gradients of convolutions, normalisations and rows against the complex step of definitions written place by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training import gradients_convolution, gradients_normalisation
from validation_suites.vector_jacobian import Product

PRODUCTS = (*gradients_convolution.PRODUCTS, *gradients_normalisation.PRODUCTS)


def convolution(s: Sample, x: Any, w: Any, b: Any) -> Any:
    """Output by output."""
    stride, padding, dilation, groups = (s.param(n) for n in ("stride", "padding", "dilation", "groups"))
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    size = [(n - r) // t + 1 for n, r, t in zip(x.shape[2:], reach, stride, strict=True)]
    out = np.zeros((x.shape[0], w.shape[0], *size), dtype=np.result_type(x, w, b))
    for o, *at in np.ndindex(w.shape[0], *size):
        window = tuple(slice(i * t, i * t + r, d) for i, t, r, d in zip(at, stride, reach, dilation, strict=True))
        first = o // (w.shape[0] // groups) * w.shape[1]
        out[(slice(None), o, *at)] = (x[(slice(None), slice(first, first + w.shape[1]), *window)] * w[o]).reshape(len(x), -1).sum(axis=1) + b[o]
    return out


def transposed(s: Sample, x: Any, w: Any, b: Any) -> Any:
    """Input by input, then cropped."""
    stride, padding, dilation, groups = (s.param(n) for n in ("stride", "padding", "dilation", "groups"))
    size = [(n - 1) * t + d * (k - 1) + 1 for n, k, t, d in zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True)]
    out = np.zeros((x.shape[0], w.shape[1] * groups, *size), dtype=np.result_type(x, w, b))
    for c, *at in np.ndindex(*x.shape[1:]):
        window = tuple(slice(i * t, i * t + d * (k - 1) + 1, d) for i, t, k, d in zip(at, stride, w.shape[2:], dilation, strict=True))
        first = c // (x.shape[1] // groups) * w.shape[1]
        share = x[(slice(None), c, *at)].reshape(-1, *[1] * (w.ndim - 1)) * w[c]
        out[(slice(None), slice(first, first + w.shape[1]), *window)] += share
    inner = tuple(slice(p, n - p) for p, n in zip(padding, size, strict=True))
    return out[(..., *inner)] + b.reshape(-1, *[1] * (x.ndim - 2))


def channels(s: Sample, x: Any, w: Any, b: Any) -> Any:
    groups = s.param("groups")
    parts = x.reshape(x.shape[0], groups, -1)
    d = parts - parts.mean(axis=-1, keepdims=True)
    z = d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + s.param("eps"))
    return z.reshape(x.shape) * w[:, None] + b[:, None]


def vector_norm(s: Sample, x: Any) -> Any:
    size = np.where(x.real < 0, -x, np.where(x.real == 0, 0, x))
    if np.isinf(s.param("p")):
        return np.take_along_axis(size, size.real.argmax(axis=-1)[:, None], -1)[:, 0]
    return (size ** s.param("p")).sum(axis=-1) ** (1 / s.param("p"))


def deviation(s: Sample, x: Any) -> Any:
    made = ((x - x.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1) / (x.shape[-1] - s.param("correction"))
    return np.sqrt(made) if s.param("root") else made


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    **{f"conv{d}d": (3, convolution) for d in (1, 3)}, **{f"conv_transpose{d}d": (3, transposed) for d in (1, 2, 3)},
    "group_norm": (3, channels), "instance_norm": (3, channels),
    "rms_norm": (2, lambda s, x, w: x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + s.param("eps")) * w),
    "log_softmax": (1, lambda s, x: x - x.real.max(axis=-1, keepdims=True) - np.log(np.exp(x - x.real.max(axis=-1, keepdims=True)).sum(-1, keepdims=True))),
    "cumprod": (1, lambda s, x: np.cumprod(x, axis=-1)), "var": (1, deviation), "vector_norm": (1, vector_norm),
}  # fmt: skip


def some(of: Callable[..., Any], arrays: list[Any], k: int) -> dict[int, float]:
    """Slopes of some elements of one operand, all of a small one."""
    made = {}
    for i in range(0, arrays[k].size, 1 + arrays[k].size // 40):
        moved = [v.astype(np.complex128) for v in arrays]
        moved[k].reshape(-1)[i] += 1e-150j
        made[i] = of(*moved).imag / 1e-150
    return made


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    count, forward = FORWARD[product.id.removeprefix("grad_")]
    arrays = list(sample.arrays())
    g, leaves = arrays[-1], arrays[:count]
    made = product.reference(sample)
    assert len(made) == count
    for k, expected in enumerate(made):
        assert expected.shape == leaves[k].shape
        slopes = some(lambda *xs: (g * forward(sample, *xs)).sum(), leaves, k)
        limit = 32 * 2.0**-53 * (np.broadcast_to(expected.scale, expected.shape) + np.abs(expected.value)).ravel() + 1e-290
        assert all(abs(v - expected.value.ravel()[i]) <= limit[i] for i, v in slopes.items())
