"""Gradients of losses against the complex step of the losses as their documentation defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_losses import PRODUCTS
from validation_suites.vector_jacobian import Product


def size(d: Any) -> Any:
    return np.where(d.real < 0, -d, d)


def over(d: Any) -> Any:
    """max(0, d)."""
    return np.where(d.real > 0, d, 0)


def softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x))


def reduced(s: Sample, loss: Any, g: Any) -> Any:
    how = s.param("reduction")
    return (g * loss).sum() / {"mean": loss.size, "batchmean": loss.shape[0]}.get(how, 1)


def log_softmax(x: Any) -> Any:
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def huber(s: Sample, x: Any, t: Any) -> Any:
    d, delta = size(x - t), s.param("delta")
    return np.where(d.real <= delta, d * d / 2, delta * (d - delta / 2))


def kl(s: Sample, x: Any, t: Any) -> Any:
    return np.exp(t) * (t - x) if s.param("log_target") else t * (np.log(t) - x)


def bce(s: Sample, x: Any, t: Any, w: Any, positive: Any) -> Any:
    return w * (positive * t * softplus(-x) + (1 - t) * softplus(x))


def poisson(s: Sample, x: Any, t: Any) -> Any:
    return np.exp(x) - t * x if s.param("log_input") else x - t * np.log(x + s.param("eps"))


def gaussian(s: Sample, x: Any, t: Any, v: Any) -> Any:
    v = v + (np.maximum(v.real, s.param("eps")) - v.real)  # raised as a constant: no part of the derivative
    return (np.log(v) + (x - t) ** 2 / v) / 2


def multi_margin(s: Sample, x: Any, target: Any, w: Any) -> Any:
    rows = []
    for row, t in zip(x, target, strict=True):
        gaps = [over(s.param("margin") - row[t] + v) ** s.param("p") for i, v in enumerate(row) if i != t]
        rows.append(w[t] * sum(gaps) / x.shape[1])
    return np.array(rows)


def multilabel_margin(s: Sample, x: Any, target: Any) -> Any:
    rows = []
    for row, classes in zip(x, target, strict=True):
        own = list(classes[: list(classes).index(-1)])
        rows.append(sum(over(1 - (row[j] - row[i])) for j in own for i in range(len(row)) if i not in own) / x.shape[1])
    return np.array(rows)


def cosine(s: Sample, a: Any, b: Any, y: Any) -> Any:
    c = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    return np.where(y == 1, 1 - c, over(c - s.param("margin")))


def distance(s: Sample, a: Any, b: Any) -> Any:
    return (size(a - b + s.param("eps")) ** s.param("p")).sum(1) ** (1 / s.param("p"))


def triplet(s: Sample, a: Any, p: Any, n: Any) -> Any:
    far, other = distance(s, a, n), distance(s, p, n)
    far = np.where((other.real < far.real) & s.param("swap"), other, far)
    return over(distance(s, a, p) - far + s.param("margin"))


def soft(s: Sample, x: Any, q: Any, w: Any) -> Any:
    smooth = s.param("label_smoothing")
    return -(w * (q * (1 - smooth) + smooth / x.shape[1]) * log_softmax(x)).sum(1)


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "huber_loss": (2, huber), "kl_div": (2, kl), "bce_with_logits": (1, bce), "poisson_nll_loss": (1, poisson), "gaussian_nll_loss": (3, gaussian),
    "hinge_embedding_loss": (1, lambda s, x, y: np.where(y == 1, x, over(s.param("margin") - x))),
    "soft_margin_loss": (1, lambda s, x, y: softplus(-y * x)),
    "margin_ranking_loss": (2, lambda s, a, b, y: over(s.param("margin") - y * (a - b))),
    "multi_margin_loss": (1, multi_margin), "multilabel_margin_loss": (1, multilabel_margin),
    "multilabel_soft_margin_loss": (1, lambda s, x, y, w: (w * (y * softplus(-x) + (1 - y) * softplus(x))).mean(axis=1)),
    "cosine_embedding_loss": (2, cosine), "triplet_margin_loss": (3, triplet), "cross_entropy_probabilities": (2, soft),
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    count, forward = FORWARD[product.id.removeprefix("grad_")]
    arrays = sample.arrays()
    constants, g = arrays[count:-1], arrays[-1]
    slopes = gradient(lambda *xs: reduced(sample, forward(sample, *xs, *constants), g), list(arrays[:count]))
    agree(product.reference(sample), slopes)


def test_a_variance_below_its_floor_has_the_derivative_at_the_floor() -> None:
    product = next(p for p in PRODUCTS if p.id == "grad_gaussian_nll_loss")
    sample = next(s for s in product.samples() if s.name == "float64-sum-eps=0.5-full=false")
    x, t, v, g = sample.arrays()
    below, made = v < 0.5, product.reference(sample)[2].value
    assert below.any()
    assert np.allclose(made[below], (g * (1 - (x - t) ** 2 / 0.5))[below], rtol=1e-12)
