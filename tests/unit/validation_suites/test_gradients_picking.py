"""Gradients of views, order statistics and pools against the complex step of the same, written for values instead of positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from tests.unit.validation_suites.test_gradients_moves import largest, mean, ordered
from validation_suites.training.gradients_picking import PRODUCTS
from validation_suites.vector_jacobian import Product

WINDOWS = {(6, 4): (0, 1, 3, 4), (7, 3): (0, 3, 5), (7, 4): (0, 2, 3, 5), (9, 4): (0, 3, 5, 7)}
"""First elements of windows of two, by hand: (i + 0.3125) (n - 2) / (m - 1) rounded down, less that of i = 0; the last at n - 2."""


def unshuffled(x: Any) -> Any:
    return np.stack([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], 2).reshape(x.shape[0], -1, x.shape[2] // 2, x.shape[3] // 2)


def embedded(x: Any) -> Any:
    out = np.zeros((len(x), x.shape[1] + 1, x.shape[1] + 1), dtype=x.dtype)
    for i in range(x.shape[1]):
        out[:, i, i + 1] = x[:, i]
    return out


def pooled(x: Any, size: tuple[int, ...], window: Callable[[int, int, int], slice], of: Callable[[Any], Any]) -> Any:
    out = np.zeros((*x.shape[:2], *size), dtype=x.dtype)
    for at in np.ndindex(*size):
        box = x[(..., *(window(n, m, i) for n, m, i in zip(x.shape[2:], size, at, strict=True)))]
        out[(..., *at)] = of(box.reshape(*x.shape[:2], -1))
    return out


def adaptive(size: tuple[int, ...], of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: pooled(x, size, lambda n, m, i: slice(int(np.floor(i * n / m)), int(np.ceil((i + 1) * n / m))), of)


def fractional(size: tuple[int, ...]) -> Callable[[Any], Any]:
    return lambda x: pooled(x, size, lambda n, m, i: slice(WINDOWS[n, m][i], WINDOWS[n, m][i] + 2), largest)


FORWARD: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: np.einsum("ijk->kji", x), "reshape": lambda x: x.ravel().reshape(2, 42), "broadcast_to": lambda x: x + np.zeros((2, 3, 5, 7)),
    "tile": lambda x: np.stack([np.hstack([x, x, x])] * 2), "rot90": lambda x: np.einsum("ijk->ikj", x)[:, ::-1],
    "triu": lambda x: x * (np.arange(x.shape[1]) > np.arange(len(x))[:, None]), "diag_embed": embedded, "pixel_unshuffle": unshuffled,
    "channel_shuffle": lambda x: x[:, [0, 3, 1, 4, 2, 5]], "unfold_axis": lambda x: np.stack([x[:, i : i + 4] for i in (0, 2, 4, 6)], 1),
    "split": lambda x: np.stack([x[:, i] for i in (4, 5, 6, 7)], -1), "kthvalue": lambda x: ordered(x, 2), "msort": lambda x: ordered(x.T, slice(None)).T,
    "max_of_rows": lambda x: ordered(x, -1), "aminmax": lambda x: ordered(x, [0, -1]), "adaptive_avg_pool2d": adaptive((3, 4), mean),
    "adaptive_avg_pool3d": adaptive((2, 3, 4), mean), "adaptive_max_pool2d": adaptive((3, 4), largest), "adaptive_max_pool3d": adaptive((2, 3, 4), largest),
    "fractional_max_pool2d": fractional((4, 4)), "fractional_max_pool3d": fractional((4, 3, 4)),
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    x, g = sample.arrays()
    agree(product.reference(sample), gradient(lambda v: (g * FORWARD[product.id.removeprefix("grad_")](v)).sum(), [x]))
