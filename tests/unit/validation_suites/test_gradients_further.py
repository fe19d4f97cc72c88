"""Gradients of grids and convolutions against the complex step of the functions, of elementwise functions against multiprecision derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree_by_complex_steps, doubles, named
from validation_suites.training.gradients_further import PRODUCTS, SLOPES
from validation_suites.training.gradients_pointwise import Slope
from validation_suites.vector_jacobian import Product

m = mpmath


def grid(s: Sample, theta: Any) -> Any:
    """Every pixel's place by the map, written pixel by pixel."""
    *_, d, _ = theta.shape
    ends = s.param("size")[2:]
    out = np.zeros((2, *ends, d), dtype=theta.dtype)
    for at in np.ndindex(*ends):
        place = [2 * i / (n - 1) - 1 if s.param("align_corners") else (i + 0.5) / n * 2 - 1 for i, n in zip(at, ends, strict=True)]
        out[(slice(None), *at)] = theta @ np.array([*place[::-1], 1.0])
    return out


def conv(s: Sample, x: Any, w: Any, b: Any) -> Any:
    pad = s.param("pad")
    rows = x.shape[0] + 2 * pad - w.shape[0] + 1
    out = np.zeros((rows, x.shape[1], w.shape[2]), dtype=np.complex128)
    for t, k in np.ndindex(rows, w.shape[0]):
        if 0 <= t + k - pad < len(x):
            out[t] += np.einsum("bi,io->bo", x[t + k - pad], w[k])
    return out + b


FORWARD: dict[str, tuple[int, Callable[..., Any]]] = {"affine_grid": (1, grid), "conv_tbc": (3, conv), "ldexp": (1, lambda s, x, n: x * 2.0**n)}
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "neg": lambda x: -x, "deg2rad": lambda x: x * m.pi / 180, "rad2deg": lambda x: x * 180 / m.pi,
    "multigammaln": lambda x, p: sum(m.loggamma(x - m.mpf(j) / 2) for j in range(p)),
    "rrelu": lambda x, upper: x if x > 0 else x * (m.mpf(1) / 8 + m.mpf(upper)) / 2,
}  # fmt: skip


@pytest.mark.parametrize(("product", "sample"), doubles(PRODUCTS), ids=named)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    agree_by_complex_steps(product, sample, FORWARD)


@pytest.mark.parametrize("slope", SLOPES, ids=lambda s: s.id)
def test_the_slope_is_the_derivative_in_forty_digits(slope: Slope) -> None:
    for sample in (s for s in slope.samples() if s.dtype == "float64"):
        (made,) = slope.reference(sample)
        x, g = (a.astype(np.float64).ravel() for a in sample.arrays())
        with mpmath.workdps(60):
            for i in range(3, x.size, 61):
                true = m.mpf(g[i]) * m.diff(lambda v, s=sample: ELEMENTWISE[slope.id](v, **dict(s.params)), m.mpf(x[i]))  # noqa: B023
                low = 0.0 if made.low is None else made.low.ravel()[i]
                radius = np.broadcast_to(made.radius, made.shape).ravel()[i]
                assert abs(m.mpf(float(made.value.ravel()[i])) + m.mpf(float(low)) - true) <= radius + abs(true) * m.mpf(10) ** -20
