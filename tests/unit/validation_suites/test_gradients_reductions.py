"""Gradients of further reductions, scans and products against the complex step of the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_reductions import PRODUCTS
from validation_suites.vector_jacobian import Product


def running_log(s: Sample, x: Any) -> Any:
    top = x.real.max(axis=-1, keepdims=True)
    return np.log(np.cumsum(np.exp(x - top), axis=-1)) + top


def numbers(s: Sample, x: Any) -> Any:
    rows = [row[~np.isnan(row.real)] for row in x]
    return np.array([r.mean() if s.param("mean") else r.sum() for r in rows])


def log_of_sum(s: Sample, x: Any) -> Any:
    top = x.real.max(axis=(0, 2), keepdims=True)
    return np.log(np.exp(x - top).sum(axis=(0, 2))) + top[0, :, 0]


def quantile(s: Sample, x: Any) -> Any:
    made = []
    for row in x:
        there = sorted((v for v in row if v.real == v.real), key=lambda v: v.real)
        whole, part = divmod(s.param("q") * (len(there) - 1), 1)
        made.append(there[int(whole)] * (1 - part) + there[min(int(whole) + 1, len(there) - 1)] * part)
    return np.array(made)


def integral(s: Sample, y: Any, x: Any) -> Any:
    areas = (y[:, 1:] + y[:, :-1]) * (x[:, 1:] - x[:, :-1]) / 2
    return np.cumsum(areas, axis=-1) if s.param("running") else areas.sum(axis=-1)


def scaled(of: str) -> Callable[..., Any]:
    return lambda s, c, a, b: s.param("beta") * c + s.param("alpha") * np.einsum(of, a, b)


FORWARD: dict[str, Callable[..., Any]] = {
    "logcumsumexp": running_log, "nansum": numbers, "logsumexp_axes": log_of_sum, "quantile": quantile, "trapezoid": integral,
    "diff": lambda s, x: np.diff(x, n=s.param("n"), axis=-1), "outer": lambda s, a, b: np.einsum("i,j->ij", a, b),
    "tensordot": lambda s, a, b: np.einsum("ijk,jkl->il", a, b), "mv": lambda s, a, v: np.einsum("ij,j->i", a, v),
    "dot": lambda s, a, b: (a * b).sum(), "addmm": scaled("ij,jk->ik"), "baddbmm": scaled("nij,njk->nik"), "addmv": scaled("ij,j->i"),
    "addr": scaled("i,j->ij"),
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    *leaves, g = sample.arrays()
    with np.errstate(all="ignore"):
        slopes = gradient(lambda *xs: (g * FORWARD[product.id.removeprefix("grad_")](sample, *xs)).sum(), leaves)
    agree(product.reference(sample), slopes)
