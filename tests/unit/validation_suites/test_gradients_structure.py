"""Vector-Jacobian products against the complex step of the functions themselves, and by hand where a kink forbids it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training import gradients_layers, gradients_structure
from validation_suites.vector_jacobian import Product

PRODUCTS = (*gradients_structure.PRODUCTS, *gradients_layers.PRODUCTS)


def shifted_softmax(x: Any) -> Any:
    e = np.exp(x - x.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def first_largest(x: Any, axis: int) -> Any:
    return np.take_along_axis(x, np.expand_dims(x.real.argmax(axis=axis), axis), axis).squeeze(axis)


def pooled(x: Any, s: Sample, of: Callable[[Any], Any]) -> Any:
    k, d = s.param("kernel"), s.param("stride")
    rows, columns = ((n - k) // d + 1 for n in x.shape[2:])
    return np.stack([np.stack([of(x[:, :, i * d : i * d + k, j * d : j * d + k]) for j in range(columns)], -1) for i in range(rows)], -2)


def largest(window: Any) -> Any:
    return first_largest(window.reshape(*window.shape[:2], -1), 2)


def scatter_add(s: Sample, x: Any, source: Any, at: Any) -> Any:
    out = x.copy()
    for i, j in np.ndindex(*at.shape):
        out[i, at[i, j]] = out[i, at[i, j]] + source[i, j]
    return out


def batch_norm(s: Sample, x: Any, w: Any, b: Any, mean: Any, variance: Any) -> Any:
    if s.param("training"):
        mean = x.mean(axis=0)
        variance = ((x - mean) ** 2).mean(axis=0)
    return (x - mean) / np.sqrt(variance + s.param("eps")) * w + b


def attention(s: Sample, q: Any, k: Any, v: Any) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if s.param("causal"):
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -1e4)
    return shifted_softmax(scores) @ v


def reduced(s: Sample, loss: Any) -> Any:
    return loss.sum() / (loss.size if s.param("reduction") == "mean" else 1)


def size(d: Any) -> Any:
    return np.where(d.real < 0, -d, d)


def smooth(s: Sample, x: Any, t: Any) -> Any:
    d, beta = size(x - t), s.param("beta")
    return reduced(s, np.where(d.real < beta, d * d / (2 * beta), d - beta / 2))


def likelihood(s: Sample, x: Any, t: Any, w: Any) -> Any:
    loss = -(w[t] * x[np.arange(len(t)), t]).sum()
    return loss / (w[t].sum() if s.param("reduction") == "mean" else 1)


def embedding(s: Sample, w: Any, at: Any) -> Any:
    rows = w[at]
    return rows if s.param("padding_idx") is None else np.where((at == s.param("padding_idx"))[..., None], rows.real, rows)


def sliced(s: Sample, x: Any) -> Any:
    at = [slice(None)] * x.ndim
    at[s.param("axis")] = slice(s.param("start"), s.param("stop"), s.param("step"))
    return x[tuple(at)]


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "grad_add": (2, lambda s, a, b: a + b), "grad_sub": (2, lambda s, a, b: a - b), "grad_mul": (2, lambda s, a, b: a * b),
    "grad_div": (2, lambda s, a, b: a / b), "grad_sum": (1, lambda s, x: x.sum(axis=s.param("axis"))),
    "grad_mean": (1, lambda s, x: x.mean(axis=s.param("axis"))), "grad_amax": (1, lambda s, x: first_largest(x, s.param("axis"))),
    "grad_prod": (1, lambda s, x: x.prod(axis=s.param("axis"))), "grad_cumsum": (1, lambda s, x: x.cumsum(axis=s.param("axis"))),
    "grad_logsumexp": (1, lambda s, x: np.log(np.exp(x - x.real.max(axis=-1, keepdims=True)).sum(axis=-1)) + x.real.max(axis=-1)),
    "grad_gather": (1, lambda s, x, at: np.take_along_axis(x, at, -1)), "grad_index_select": (1, lambda s, x, at: x[at]),
    "grad_select": (1, lambda s, x: np.take(x, s.param("at"), axis=s.param("axis"))), "grad_slice": (1, sliced),
    "grad_scatter_add": (2, scatter_add), "grad_embedding": (1, embedding), "grad_linear": (3, lambda s, x, w, b: x @ w.T + b),
    "grad_bmm": (2, lambda s, a, b: a @ b), "grad_max_pool2d": (1, lambda s, x: pooled(x, s, largest)),
    "grad_avg_pool2d": (1, lambda s, x: pooled(x, s, lambda v: v.mean(axis=(2, 3)))), "grad_batch_norm": (3, batch_norm),
    "grad_scaled_dot_product_attention": (3, attention), "grad_l1_loss": (1, lambda s, x, t: reduced(s, size(x - t))),
    "grad_smooth_l1_loss": (1, smooth), "grad_nll_loss": (1, likelihood),
    "grad_binary_cross_entropy": (1, lambda s, p, t: reduced(s, -t * np.log(p) - (1 - t) * np.log(1 - p))),
}  # fmt: skip
LOSSES = ("grad_l1_loss", "grad_smooth_l1_loss", "grad_nll_loss", "grad_binary_cross_entropy")
KINKED = {"grad_amax": "tied", "grad_l1_loss": "equal"}
"""Samples on kinks."""


def cases() -> list[tuple[Product, Sample]]:
    fit = ((p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64" and KINKED.get(p.id, "no sample") not in s.name)
    return [(p, s) for p, s in fit if s.inputs[0].array().size <= 700]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    count, forward = FORWARD[product.id]
    arrays = sample.arrays()
    constants, g = (arrays[count:], 1.0) if product.id in LOSSES else (arrays[count:-1], arrays[-1])
    slopes = gradient(lambda *xs: (g * forward(sample, *xs, *constants)).sum(), list(arrays[:count]))
    agree(product.reference(sample), slopes)


def test_equal_maxima_share_evenly() -> None:
    product = next(p for p in PRODUCTS if p.id == "grad_amax")
    for sample in (s for s in product.samples() if "tied" in s.name):
        (made,), (x, g), axis = product.reference(sample), sample.arrays(), sample.param("axis")
        moved, value = np.moveaxis(x, axis, -1), np.moveaxis(made.value, axis, -1)
        for i in np.ndindex(*g.shape):
            top = max(moved[i])
            share = float(g[i]) / sum(v == top for v in moved[i])
            assert all(abs(d - (share if v == top else 0)) <= 2.0**-52 * abs(share) for v, d in zip(moved[i], value[i], strict=True))


def test_equal_inputs_and_targets_have_no_slope() -> None:
    product = next(p for p in PRODUCTS if p.id == "grad_l1_loss")
    sample = next(s for s in product.samples() if "equal" in s.name)
    x, t = sample.arrays()
    assert (product.reference(sample)[0].value[x == t] == 0).all()
    assert (x == t).any()
