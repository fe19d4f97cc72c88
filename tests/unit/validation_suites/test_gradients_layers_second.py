"""Second order of layers: mixed derivatives of plain formulas along the vectors, by complex steps and Cauchy's integral."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree
from validation_suites.training.gradients_layers_second import PRODUCTS
from validation_suites.vector_jacobian import Product

TINY = 1e-150
CIRCLE = 0.02 * np.exp(2j * np.pi * np.arange(16) / 16)
"""The mean of f(r) / r over it is f'(0) up to the seventeenth coefficient of an analytic f (Cauchy)."""


def convolved(x: Any, w: Any, stride: int) -> Any:
    k = w.shape[2]
    rows, columns = ((n - k) // stride + 1 for n in x.shape[2:])
    made = np.zeros((len(x), len(w), rows, columns), complex)
    for i, j in np.ndindex(rows, columns):
        made[:, :, i, j] = np.einsum("nckl,ockl->no", x[:, :, i * stride : i * stride + k, j * stride : j * stride + k], w)
    return made


def normal(x: Any, axis: int, eps: float) -> Any:
    d = x - x.mean(axis=axis, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=axis, keepdims=True) + eps)


def exponentials(x: Any) -> Any:
    return np.exp(x - x.real.max(axis=-1, keepdims=True))


LAYERS: dict[str, Callable[..., Any]] = {
    "matmul": lambda s, a, b: a @ b, "linear": lambda s, x, w: x @ w.T, "conv2d": lambda s, x, w: convolved(x, w, s.param("stride")),
    "softmax": lambda s, x: exponentials(x) / exponentials(x).sum(-1, keepdims=True),
    "log_softmax": lambda s, x: x - np.log(np.exp(x).sum(-1, keepdims=True)), "logsumexp": lambda s, x: np.log(np.exp(x).sum(-1)),
    "vector_norm": lambda s, x: np.sqrt((x * x).sum(-1)), "prod": lambda s, x: x.prod(-1),
    "layer_norm": lambda s, x, w: normal(x, -1, s.param("eps")) * w, "batch_norm": lambda s, x, w: normal(x, 0, s.param("eps")) * w,
}  # fmt: skip


def moved(product: Product, sample: Sample, xs: list[Any], *steps: tuple[complex, list[Any]]) -> Any:
    """The layer at its operands, moved along directions by complex steps."""
    there = [x + sum(t * v[i] for t, v in steps) for i, x in enumerate(xs)]
    return LAYERS[product.id.removeprefix("grad_twice_")](sample, *there)


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_second_order_is_the_slope_of_the_first(product: Product, sample: Sample) -> None:
    arrays = list(sample.arrays())
    n = (len(arrays) - 1) // 2
    xs, g, hs = arrays[:n], arrays[n], arrays[n + 1 :]
    made = product.reference(sample)
    agree(made[n:], [moved(product, sample, xs, (1j * TINY, hs)).imag / TINY])
    random = np.random.default_rng(3)
    along = [random.standard_normal(x.shape) for x in xs]
    mixed = sum((g * moved(product, sample, xs, (t, along), (r, hs))).sum() / (t * r) for t in CIRCLE for r in CIRCLE) / len(CIRCLE) ** 2
    told = sum((e.value * v).sum() for e, v in zip(made[:n], along, strict=True))
    assert float(told) == pytest.approx(mixed.real, rel=1e-8, abs=1e-8)
