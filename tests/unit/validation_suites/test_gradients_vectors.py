"""Gradients of distances, similarities, normalisations and of a linear layer's loss against the complex step of the functions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree_by_complex_steps, doubles, named
from validation_suites.training.gradients_vectors import INF, PRODUCTS
from validation_suites.vector_jacobian import Product


def length(x: Any, order: float) -> Any:
    """Of the last axis, continued analytically."""
    size = np.where(x.real < 0, -x, x)
    if order == INF:
        return np.take_along_axis(size, size.real.argmax(-1)[..., None], -1)[..., 0]
    total = (size**order).sum(-1)
    return np.where(total.real > 0, total ** (1 / order), 0)


def floored(x: Any, order: float, eps: float) -> Any:
    size = length(x, order)
    return np.where(size.real > eps, size, eps)


def cosine(s: Sample, a: Any, b: Any) -> Any:
    return (a * b).sum(-1) / (floored(a, 2, s.param("eps")) * floored(b, 2, s.param("eps")))


def renormed(s: Sample, x: Any) -> Any:
    size, limit = length(x, s.param("p")), s.param("limit")
    return np.where((size.real > limit)[:, None], x * limit / np.where(size == 0, 1, size)[:, None], x)


def response(s: Sample, x: Any) -> Any:
    half, out = (s.param("size") - 1) // 2, np.zeros_like(x)
    for c in range(x.shape[1]):
        near = (x[:, max(0, c - half) : c + half + 1] ** 2).sum(1)
        out[:, c] = x[:, c] / (s.param("k") + s.param("alpha") / s.param("size") * near) ** s.param("beta")
    return out


def entropy(s: Sample, x: Any, w: Any, b: Any, target: Any, weights: Any) -> Any:
    scores = np.einsum("nf,cf->nc", x, w) + b
    scores = scores - scores.real.max(-1, keepdims=True)
    kept = [i for i, t in enumerate(target) if t != s.param("ignore_index")]
    losses = {i: -weights[target[i]] * (scores[i, target[i]] - np.log(np.exp(scores[i]).sum())) for i in kept}
    if s.param("reduction") == "none":
        return np.array([losses.get(i, 0) for i in range(len(target))])
    return sum(losses.values()) / (sum(weights[target[i]] for i in kept) if s.param("reduction") == "mean" else 1)


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "cosine_similarity": (2, cosine), "pairwise_distance": (2, lambda s, a, b: length(a - b + s.param("eps"), s.param("p"))),
    "dist": (2, lambda s, a, b: length((a - b).ravel(), s.param("p"))),
    "pdist": (1, lambda s, x: np.array([length(x[i] - x[j], s.param("p")) for i, j in combinations(range(len(x)), 2)])),
    "normalize": (1, lambda s, x: x / floored(x, s.param("p"), s.param("eps"))[:, None]), "renorm": (1, renormed),
    "bilinear": (4, lambda s, a, b, w, c: np.einsum("ni,oij,nj->no", a, w, b) + c), "local_response_norm": (1, response), "linear_cross_entropy": (3, entropy),
}  # fmt: skip


@pytest.mark.parametrize(("product", "sample"), doubles(PRODUCTS), ids=named)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    agree_by_complex_steps(product, sample, FORWARD)


@pytest.mark.parametrize(("id", "name", "limit"), [("renorm", "p2", "limit"), ("normalize", "floor", "eps"), ("cosine_similarity", "floor", "eps")])
def test_rows_on_both_sides_of_the_limit_and_a_row_of_zeros_are_among_the_cases(id: str, name: str, limit: str) -> None:
    product = next(p for p in PRODUCTS if p.id == f"grad_{id}")
    sample = next(s for s in product.samples() if s.name == f"float64-{name}")
    sizes = np.linalg.norm(sample.arrays()[0], axis=-1)
    assert 0 in sizes
    assert ((sizes > 0) & (sizes < 0.9 * sample.param(limit))).any()
    assert (sizes > 1.1 * sample.param(limit)).any()
