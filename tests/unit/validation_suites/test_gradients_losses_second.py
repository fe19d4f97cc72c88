"""Hessians of losses times a vector: the complex step of their gradients along the vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree
from validation_suites.training.gradients_losses_second import PRODUCTS
from validation_suites.vector_jacobian import Product


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def bounded(d: Any, low: float) -> Any:
    """d between -low and low, constant beyond."""
    return np.where(np.abs(d.real) < low, d, low * np.sign(d.real))


def softmax_minus_target(s: Sample, x: Any, t: Any, w: Any) -> Any:
    e = np.exp(x)
    made = (e / e.sum(axis=1, keepdims=True) - (np.arange(x.shape[1]) == t[:, None])) * w[t][:, None]
    return made * (x.size / w[t].sum() if s.param("reduction") == "mean" else 1)


FIRST: dict[str, Callable[..., Any]] = {
    "mse_loss": lambda s, x, t: 2 * (x - t), "huber_loss": lambda s, x, t: bounded(x - t, s.param("delta")),
    "smooth_l1_loss": lambda s, x, t: bounded((x - t) / s.param("beta"), 1.0),
    "bce_with_logits": lambda s, x, t, w, p: w * ((1 - t) - (1 + (p - 1) * t) * sigmoid(-x)),
    "binary_cross_entropy": lambda s, p, t: (p - t) / (p * (1 - p)), "poisson_nll_loss": lambda s, x, t: np.exp(x) - t,
    "soft_margin_loss": lambda s, x, y: -y * sigmoid(-x * y), "cross_entropy": softmax_minus_target,
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_slope_of_the_gradient_along_the_vector(product: Product, sample: Sample) -> None:
    x, *constants, g, v = sample.arrays()
    g = g if g.ndim != 1 else g[:, None]
    along = FIRST[product.id.removeprefix("grad_twice_")](sample, x + 1e-150j * v, *constants).imag / 1e-150
    agree(product.reference(sample), [g * along / (x.size if sample.param("reduction") == "mean" else 1)])
