"""Gradients of views and joins against sums of upstream gradients, place by place, of moves written with loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_views import JOINS, PRODUCTS, VIEWS
from validation_suites.vector_jacobian import Product

R = range
VIEWED: dict[str, Callable[[Any], Any]] = {
    "movedim": lambda x: np.einsum("ijk->jki", x), "swapaxes": lambda x: np.einsum("ijk->ikj", x),
    "flatten": lambda x: np.array([[v for row in page for v in row] for page in x]), "unflatten": lambda x: np.stack([x[:, i : i + 3] for i in (0, 3, 6)], 1),
    "ravel": lambda x: np.array([v for row in x for v in row]), "squeeze": lambda x: x.sum(1), "unsqueeze": lambda x: np.array([[row] for row in x]),
    "narrow": lambda x: np.stack([x[:, j] for j in (2, 3, 4, 5)], 1), "chunk": lambda x: np.stack([x[:, j] for j in (6, 7, 8)], 1),
    "tensor_split": lambda x: np.stack([x[:, j] for j in (5, 6)], 1), "hsplit": lambda x: np.stack([x[:, j] for j in (2, 3)], 1),
    "unbind": lambda x: np.array([page[3] for page in x]), "fliplr": lambda x: np.stack([x[:, 8 - j] for j in R(9)], 1),
    "flipud": lambda x: np.array([x[4 - i] for i in R(5)]), "adjoint": lambda x: np.array([page.T for page in x]),
    "diagonal": lambda x: np.array([[page[i, i] for i in R(4)] for page in x]), "tril_indices": lambda x: np.array([x[i, j] for i in R(6) for j in R(i + 1)]),
    "steps": lambda x: np.array([[[x[i, j, k] for k in (1, 2, 3, 4)] for j in (0, 2)] for i in (1, 2)]),
    "new-axis": lambda x: np.array([[row[3] for row in x]]),
    "last": lambda x: np.array([[row[5] for row in page] for page in x]), "list": lambda x: np.stack([x[:, j] for j in (0, 2, 2, 8)], 1),
    "pairs": lambda x: np.array([x[0, 1], x[2, 1], x[0, 1]]), "mask": lambda x: np.array([x[0], x[3], x[4]]),
    "list-and-slice": lambda x: np.array([[x[2, 1, k], x[2, 2, k]] for k in (0, 5)]), "negative": lambda x: np.array([x[4], x[0], x[4]]),
}  # fmt: skip
JOINED: dict[str, Callable[[Any, Any], Any]] = {
    "stack": lambda a, b: np.array([[p, q] for p, q in zip(a, b, strict=True)]), "hstack": lambda a, b: np.array([[*p, *q] for p, q in zip(a, b, strict=True)]),
    "vstack": lambda a, b: np.array([*a, *b]), "dstack": lambda a, b: np.array([[[a[i, j], b[i, j]] for j in R(4)] for i in R(3)]),
    "column_stack": lambda a, b: np.array([[p, *q] for p, q in zip(a, b, strict=True)]),
    "cartesian_prod": lambda a, b: np.array([[a[i // 3], b[i % 3]] for i in R(12)]),
    "meshgrid": lambda a, b: np.array([[[p for _ in b] for p in a], [list(b) for _ in a]]),
    "broadcast_tensors": lambda a, b: np.array([[[p[0]] * 3 for p in a], [list(b)] * 4]),
    "twice": lambda a, b: np.array([[*p, *q, *p] for p, q in zip(a, b, strict=True)]),
}  # fmt: skip


def of(sample: Sample, *operands: Any) -> Any:
    p = dict(sample.params)
    return VIEWED[p["view"]](*operands) if "view" in p else JOINED[p["join"]](*operands)


def test_every_move_is_written_twice() -> None:
    assert VIEWED.keys() == VIEWS.keys()
    assert JOINED.keys() == JOINS.keys()


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    *leaves, g = sample.arrays()
    assert of(sample, *leaves).shape == g.shape
    agree(product.reference(sample), gradient(lambda *xs: (g * of(sample, *xs)).sum(), leaves))
