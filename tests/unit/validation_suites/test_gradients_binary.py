"""Gradients of functions of several operands against the complex step of the functions; ties by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_binary import PRODUCTS
from validation_suites.vector_jacobian import Product


def size(d: Any) -> Any:
    return np.where(d.real < 0, -d, d)


def pick(sign: int) -> Callable[..., Any]:
    return lambda s, a, b: np.where(sign * (a.real - b.real) > 0, a, b)


def halves(s: Sample, x: Any) -> Any:
    a, b = np.split(x, 2, axis=-1)
    return a / (1 + np.exp(-b))


def cdist(s: Sample, a: Any, b: Any) -> Any:
    return (size(a[:, None] - b[None]) ** s.param("p")).sum(-1) ** (1 / s.param("p"))


FORWARD: dict[str, Callable[..., Any]] = {
    "hypot": lambda s, a, b: np.sqrt(a * a + b * b), "xlogy": lambda s, a, b: a * np.log(b), "xlog1py": lambda s, a, b: a * np.log(1 + b),
    "pow_tensors": lambda s, a, b: np.exp(b * np.log(a)), "logaddexp": lambda s, a, b: np.log(np.exp(a) + np.exp(b)),
    "logaddexp2": lambda s, a, b: np.log(2**a + 2**b) / np.log(2), "maximum": pick(1), "minimum": pick(-1), "fmax": pick(1), "fmin": pick(-1),
    "remainder": lambda s, a, b: a - b * np.floor(a.real / b.real), "fmod": lambda s, a, b: a - b * np.trunc(a.real / b.real),
    "lerp": lambda s, a, b, w: (1 - w) * a + w * b, "addcmul": lambda s, x, a, b: x + s.param("value") * a * b,
    "addcdiv": lambda s, x, a, b: x + s.param("value") * a / b, "prelu": lambda s, x, w: np.where(x.real > 0, x, w * x), "glu": halves,
    "cross": lambda s, a, b: np.cross(a, b), "cdist": cdist,
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in PRODUCTS if p.id != "grad_atan2" for s in p.samples() if s.dtype == "float64" and "ties" not in s.name]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    *leaves, g = sample.arrays()
    slopes = gradient(lambda *xs: (g * FORWARD[product.id.removeprefix("grad_")](sample, *xs)).sum(), leaves)
    agree(product.reference(sample), slopes)


def test_the_angle_turns_by_the_share_across() -> None:
    """d(angle) is the part of a step across the direction (b, a), divided by the distance."""
    product = next(p for p in PRODUCTS if p.id == "grad_atan2")
    sample = next(s for s in product.samples() if s.name == "float64-ordinary")
    a, b, g = sample.arrays()
    at_a, at_b = (e.value for e in product.reference(sample))
    direction = np.exp(1j * np.arctan2(a, b))
    across = 1j * direction / np.abs(b + 1j * a)
    assert np.allclose(at_b, g * across.real, rtol=1e-13)
    assert np.allclose(at_a, g * across.imag, rtol=1e-13)


@pytest.mark.parametrize("id", ["maximum", "minimum", "fmax", "fmin"])
def test_equal_operands_share_evenly(id: str) -> None:
    product = next(p for p in PRODUCTS if p.id == f"grad_{id}")
    sample = next(s for s in product.samples() if s.name == "float64-ties")
    a, b, g = sample.arrays()
    first, second = (e.value for e in product.reference(sample))
    assert (a == b).any()
    assert (first[a == b] == g[a == b] / 2).all()
    assert (second[a == b] == g[a == b] / 2).all()
