"""Gradients of reductions of segments, of overlapping views and of positions against the complex step of the same, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree_by_complex_steps, doubles, named
from tests.unit.validation_suites.test_gradients_writing import reduced, written
from validation_suites.training.gradients_segments import LENGTHS, PRODUCTS
from validation_suites.vector_jacobian import Product

OF: dict[str, Callable[[Any], Any]] = {
    "sum": sum, "mean": lambda v: sum(v) / len(v), "prod": np.prod, "max": lambda v: max(v, key=np.real), "min": lambda v: min(v, key=np.real),
}  # fmt: skip


def segments(s: Sample, x: Any) -> Any:
    parts = np.split(x, np.cumsum(LENGTHS)[:-1])
    return np.array([[OF[s.param("reduce")](list(column)) for column in part.T] for part in parts])


def places(s: Sample) -> Any:
    (down, right), start = s.param("stride"), s.param("start")
    return [start + i * down + j * right for i in range(3) for j in range(4)]


def unpooled(s: Sample, x: Any, at: Any) -> Any:
    n, c, h, w = x.shape
    out = np.zeros((n, c, 4 * h * w), dtype=x.dtype)
    for i, j, k, m in np.ndindex(*x.shape):
        out[i, j, at[i, j, k, m]] = x[i, j, k, m]
    return out.reshape(n, c, 2 * h, 2 * w)


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "index_reduce": (2, lambda s, x, source, at: reduced(s, x.T, source.T, np.stack([at] * x.shape[1])).T), "segment_reduce": (1, segments),
    "as_strided": (1, lambda s, x: x[places(s)].reshape(3, 4)), "as_strided_scatter": (2, lambda s, x, v: written(x, v.ravel(), places(s))),
    "diagonal_scatter": (2, lambda s, x, v: written(x, v, [(i, i + 1) for i in range(len(v))])), "max_unpool2d": (1, unpooled),
    "take_along_dim": (1, lambda s, x, at: np.array([x[i] for i in at[:, 0]])),
}  # fmt: skip


@pytest.mark.parametrize(("product", "sample"), doubles(PRODUCTS), ids=named)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    agree_by_complex_steps(product, sample, FORWARD)


def test_views_overlap_and_rows_stay_without_a_source() -> None:
    strides = next(p for p in PRODUCTS if p.id == "grad_as_strided")
    assert any(len(set(places(s))) < 12 for s in strides.samples())
    rows = next(p for p in PRODUCTS if p.id == "grad_index_reduce")
    assert all(len(set(s.arrays()[2].tolist())) < 5 for s in rows.samples())
