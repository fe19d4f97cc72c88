"""Gradients of moves, selections and means against the complex step of the same, written for values instead of positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_moves import PRODUCTS
from validation_suites.vector_jacobian import Product


def ordered(x: Any, places: Any) -> Any:
    return np.array([[row[k] for k in sorted(range(len(row)), key=lambda i: row[i].real)] for row in x])[:, places]


def running(sign: int) -> Callable[[Any], Any]:
    return lambda x: np.array([[max(row[: k + 1], key=lambda v: sign * v.real) for k in range(len(row))] for row in x])


def padded(x: Any, source: Callable[[int], int | None]) -> Any:
    n = x.shape[-1]
    zero = np.zeros_like(x[..., 0])
    return np.stack([zero if (k := source(i)) is None else x[..., k] for i in range(-2, n + 3)], -1)


def shuffled(x: Any) -> Any:
    n, c, h, w = x.shape
    out = np.zeros((n, c // 4, 2 * h, 2 * w), dtype=x.dtype)
    for i, j in np.ndindex(2 * h, 2 * w):
        out[:, :, i, j] = x[:, 2 * (i % 2) + j % 2 :: 4, i // 2, j // 2]
    return out


def patches(x: Any) -> Any:
    h, w = x.shape[2] - 1, x.shape[3] - 2
    return np.stack([x[:, :, i : i + 2, j : j + 3].reshape(len(x), -1) for i in range(h) for j in range(w)], -1)


def pooled(x: Any, dimensions: int, size: int, stride: int, of: Callable[[Any], Any]) -> Any:
    places = [(n - size) // stride + 1 for n in x.shape[x.ndim - dimensions :]]
    out = np.zeros((*x.shape[: x.ndim - dimensions], *places), dtype=x.dtype)
    for at in np.ndindex(*places):
        window = x[(..., *(slice(i * stride, i * stride + size) for i in at))]
        out[(..., *at)] = of(window.reshape(*out.shape[:2], -1))
    return out


def largest(x: Any) -> Any:
    return np.take_along_axis(x, x.real.argmax(axis=-1)[..., None], -1)[..., 0]


def adaptive(x: Any, of: Callable[[Any], Any]) -> Any:
    n = x.shape[-1]
    return np.stack([of(x[..., int(np.floor(i * n / 3)) : int(np.ceil((i + 1) * n / 3))]) for i in range(3)], -1)


def mean(x: Any) -> Any:
    return x.mean(axis=-1)


FORWARD: dict[str, Callable[[Any], Any]] = {
    "flip": lambda x: x[..., ::-1], "roll": lambda x: np.concatenate([x[..., -2:], x[..., :-2]], -1), "permute": lambda x: np.einsum("ijk->kij", x),
    "expand": lambda x: x + np.zeros((3, 4, 5)), "repeat": lambda x: np.concatenate([np.concatenate([x] * 3, 1)] * 2, 0),
    "repeat_interleave": lambda x: np.stack([x] * 3, -1).reshape(len(x), -1), "cat_twice": lambda x: np.vstack([x, x]),
    "stack_twice": lambda x: np.array([x, x]).transpose(1, 0, 2), "pad_constant": lambda x: padded(x, lambda i: i if 0 <= i < x.shape[-1] else None),
    "pad_reflect": lambda x: padded(x, lambda i: -i if i < 0 else i if i < x.shape[-1] else 2 * x.shape[-1] - 2 - i),
    "pad_replicate": lambda x: padded(x, lambda i: min(max(i, 0), x.shape[-1] - 1)), "pad_circular": lambda x: padded(x, lambda i: i % x.shape[-1]),
    "diagonal": lambda x: np.array([x[i, i + 1] for i in range(len(x))]), "tril": lambda x: x * (np.arange(x.shape[1]) < np.arange(len(x))[:, None]),
    "masked_fill": lambda x: np.where(x.real < 0, 7.0, x), "masked_select": lambda x: np.array([v for v in x.ravel() if v.real > 0]),
    "sort": lambda x: ordered(x, slice(None)), "topk": lambda x: ordered(x, slice(-1, -4, -1)), "median": lambda x: ordered(x, 3),
    "cummax": running(1), "cummin": running(-1), "amin": lambda x: ordered(x, 0), "pixel_shuffle": shuffled, "unfold": patches,
    "max_pool1d": lambda x: pooled(x, 1, 3, 2, largest), "max_pool3d": lambda x: pooled(x, 3, 2, 1, largest),
    "avg_pool1d": lambda x: pooled(x, 1, 3, 2, mean), "avg_pool3d": lambda x: pooled(x, 3, 2, 1, mean),
    "adaptive_avg_pool1d": lambda x: adaptive(x, mean), "adaptive_max_pool1d": lambda x: adaptive(x, largest),
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    x, g = sample.arrays()
    agree(product.reference(sample), gradient(lambda v: (g * FORWARD[product.id.removeprefix("grad_")](v)).sum(), [x]))
