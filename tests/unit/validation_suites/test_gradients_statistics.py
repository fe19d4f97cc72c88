"""Gradients of statistics, pools by powers, traces and blocks against the complex step of the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree_by_complex_steps, doubles, named
from validation_suites.training.gradients_statistics import PRODUCTS
from validation_suites.vector_jacobian import Product


def size(x: Any) -> Any:
    return np.where(x.real < 0, -x, x)


def moments(s: Sample, x: Any) -> Any:
    mean = x.mean(-1)
    spread = ((x - mean[:, None]) ** 2).sum(-1) / (x.shape[-1] - s.param("correction"))
    return np.stack([np.sqrt(spread) if s.param("root") else spread, mean], -1)


def cov(x: Any, correction: int) -> Any:
    d = x - x.mean(-1)[:, None]
    return np.einsum("in,jn->ij", d, d) / (x.shape[-1] - correction)


def correlations(s: Sample, x: Any) -> Any:
    c = cov(x, 1)
    return c / np.sqrt(np.einsum("ii,jj->ij", c, c))


def softmin(s: Sample, x: Any) -> Any:
    e = np.exp(x.real.min(-1, keepdims=True) - x)
    return e / e.sum(-1, keepdims=True)


def pooled(s: Sample, x: Any) -> Any:
    p = s.param("p")
    return np.stack([sum(x[..., i + k] ** p for k in range(3)) ** (1 / p) for i in range(0, x.shape[-1] - 2, 2)], -1)


def blocks(s: Sample, a: Any, b: Any) -> Any:
    out = np.zeros(np.add(a.shape, b.shape), dtype=np.complex128)
    out[: len(a), : a.shape[1]], out[len(a) :, a.shape[1] :] = a, b
    return out


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "var_mean": (1, moments), "cov": (1, lambda s, x: cov(x, s.param("correction"))), "corrcoef": (1, correlations), "softmin": (1, softmin),
    "lp_pool1d": (1, pooled), "lp_pool2d": (1, pooled),
    "vecdot": (2, lambda s, a, b: (a * b).sum(-1)),
    "trace": (1, lambda s, x: sum(x[i, i] for i in range(min(x.shape)))), "block_diag": (2, blocks),
    "clamp_tensors": (3, lambda s, x, low, high: np.where(x.real < low.real, low, np.where(x.real > high.real, high, x))),
    "nan_to_num": (1, lambda s, x: np.where(np.isfinite(x.real), x, 0)), "copysign": (1, lambda s, a, b: size(a) * np.sign(b)),
}  # fmt: skip


@pytest.mark.parametrize(("product", "sample"), doubles(PRODUCTS), ids=named)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    agree_by_complex_steps(product, sample, FORWARD)
