"""Gradients of what is written, added or chosen against the complex step of the same, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree_by_complex_steps, doubles, named
from validation_suites.training.gradients_writing import PRODUCTS
from validation_suites.vector_jacobian import Product


def reduced(s: Sample, x: Any, source: Any, at: Any) -> Any:
    of: dict[str, Callable[[Any], Any]] = {
        "sum": sum, "prod": np.prod, "mean": lambda v: sum(v) / len(v), "amax": lambda v: max(v, key=np.real), "amin": lambda v: min(v, key=np.real),
    }  # fmt: skip
    out = x.copy()
    for i, j in np.ndindex(*x.shape):
        met = [source[i, k] for k in range(at.shape[1]) if at[i, k] == j]
        if met:
            out[i, j] = of[s.param("reduce")]([*met, x[i, j]] if s.param("include_self") else met)
    return out


def written(x: Any, values: Any, places: list[Any], added: bool = False, alpha: float = 1.0) -> Any:
    """One after the other."""
    out = x.copy()
    for value, place in zip(values, places, strict=True):
        out[place] = out[place] + alpha * value if added else value
    return out


def scattered(s: Sample, x: Any, source: Any, at: Any) -> Any:
    places = list(np.ndindex(*at.shape))
    return written(x, [source[p] for p in places], [(p[0], at[p]) for p in places])


def laid(s: Sample, x: Any, source: Any, mask: Any) -> Any:
    places = [p for p in np.ndindex(*mask.shape) if mask[p]]
    return written(x, source.ravel()[: len(places)], places)


def folded(s: Sample, x: Any) -> Any:
    h, w, step = s.param("height"), s.param("width"), s.param("stride")
    out = np.zeros((2, 2, h, w), dtype=x.dtype)
    corners = [(i, j) for i in range(0, h - 1, step) for j in range(0, w - 2, step)]
    for at, (i, j) in enumerate(corners):
        for c, a, b in np.ndindex(2, 2, 3):
            out[:, c, i + a, j + b] += x[:, 6 * c + 3 * a + b, at]
    return out


def put(s: Sample, x: Any, v: Any, at: Any) -> Any:
    return written(x.ravel(), v, list(at), s.param("accumulate")).reshape(x.shape)


def slice_written(s: Sample, x: Any, source: Any) -> Any:
    return written(x.T, source.T, list(range(1, x.shape[1], s.param("step")))).T


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {
    "scatter_reduce": (2, reduced), "index_put": (2, lambda s, x, v, i, j: written(x, v, list(zip(i, j, strict=True)), s.param("accumulate"))),
    "put": (2, put), "take": (1, lambda s, x, at: x.ravel()[at]),
    "index_add": (2, lambda s, x, v, at: written(x, v, list(at), True, s.param("alpha"))), "index_copy": (2, lambda s, x, v, at: written(x, v, list(at))),
    "index_fill": (2, lambda s, x, v, at: written(x, [v] * len(at), list(at))), "scatter": (2, scattered), "masked_scatter": (2, laid),
    "where": (2, lambda s, a, b, m: m * a + (1 - m) * b), "select_scatter": (2, lambda s, x, v: written(x.swapaxes(0, 1), [v], [s.param("at")]).swapaxes(0, 1)),
    "slice_scatter": (2, slice_written), "cat": (2, lambda s, a, b: np.concatenate([a, b], -1)), "fold": (1, folded),
}  # fmt: skip


@pytest.mark.parametrize(("product", "sample"), doubles(PRODUCTS), ids=named)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    agree_by_complex_steps(product, sample, FORWARD)


def test_places_with_nothing_and_with_several_written_are_among_the_cases() -> None:
    product = next(p for p in PRODUCTS if p.id == "grad_scatter_reduce")
    for sample in product.samples():
        counts = [np.bincount(row, minlength=7) for row in sample.arrays()[2]]
        assert {0, 1} < {int(n) for row in counts for n in row}
        assert max(row.max() for row in counts) >= 2
