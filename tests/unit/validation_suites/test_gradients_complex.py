"""Gradients of functions of complex numbers against the complex step of their real and imaginary parts as functions of two real numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_complex import OTHERS, PRODUCTS
from validation_suites.vector_jacobian import Product


def parts(z: Any) -> tuple[Any, Any]:
    return z[..., 0], z[..., 1]


def pair(x: Any, y: Any) -> Any:
    return np.stack([x, y], -1)


def size(z: Any) -> Any:
    """By the larger part, so that no square leaves the range."""
    x, y = parts(z)
    wide = np.maximum(np.abs(x.real), np.abs(y.real))
    wide = np.where(wide == 0, 1, wide)
    return wide * np.sqrt((x / wide) ** 2 + (y / wide) ** 2)


def angle(z: Any) -> Any:
    """Twice the arc tangent of the half angle's, from the side without cancellation."""
    x, y = parts(z)
    r = size(z)
    right = x.real >= 0
    left = np.copysign(np.pi / 2, y.real) - np.arctan(y / np.where(right, 1, r - x))
    return 2 * np.where(right, np.arctan(y / np.where(right, r + x, 1)), left)


def times(a: Any, b: Any) -> Any:
    (x, y), (u, v) = parts(a), parts(b)
    return pair(x * u - y * v, x * v + y * u)


def over(a: Any, b: Any) -> Any:
    by = np.maximum(np.abs(b[..., 0].real), np.abs(b[..., 1].real))[..., None]
    b = b / by
    square = (b[..., 0] ** 2 + b[..., 1] ** 2)[..., None]
    return times(a, pair(b[..., 0], -b[..., 1])) / square / by


def product(a: Any, b: Any) -> Any:
    (x, y), (u, v) = parts(a), parts(b)
    return pair(x @ u - y @ v, x @ v + y @ u)


def polar(r: Any, t: Any) -> Any:
    return pair(r * np.cos(t), r * np.sin(t))


def sine(z: Any) -> Any:
    x, y = parts(z)
    return pair(np.sin(x) * np.cosh(y), np.cos(x) * np.sinh(y))


def cosine(z: Any) -> Any:
    x, y = parts(z)
    return pair(np.cos(x) * np.cosh(y), -np.sin(x) * np.sinh(y))


def hyperbolic(z: Any) -> tuple[Any, Any]:
    x, y = parts(z)
    return pair(np.sinh(x) * np.cos(y), np.cosh(x) * np.sin(y)), pair(np.cosh(x) * np.cos(y), np.sinh(x) * np.sin(y))


def logarithm(z: Any) -> Any:
    return pair(np.log(size(z)), angle(z))


def power(a: Any, b: Any) -> Any:
    x, y = parts(times(b, logarithm(a)))
    return polar(np.exp(x), y)


FORWARD: dict[str, Callable[..., Any]] = {
    "grad_complex_abs": size, "grad_angle": angle, "grad_complex_sgn": lambda z: z / size(z)[..., None], "grad_complex_mul": times,
    "grad_complex_div": over, "grad_complex_reciprocal": lambda z: over(pair(np.ones(z.shape[:-1]), np.zeros(z.shape[:-1])), z),
    "grad_complex_exp": lambda z: polar(np.exp(z[..., 0]), z[..., 1]), "grad_complex_log": logarithm,
    "grad_complex_sqrt": lambda z: polar(np.sqrt(size(z)), angle(z) / 2), "grad_complex_matmul": product,
    "grad_conj": lambda z: pair(z[..., 0], -z[..., 1]), "grad_real": lambda z: z[..., 0], "grad_imag": lambda z: z[..., 1],
    "grad_complex_sin": sine, "grad_complex_cos": cosine, "grad_complex_tan": lambda z: over(sine(z), cosine(z)),
    "grad_complex_sinh": lambda z: hyperbolic(z)[0], "grad_complex_cosh": lambda z: hyperbolic(z)[1],
    "grad_complex_tanh": lambda z: over(*hyperbolic(z)), "grad_complex_pow": power,
    "grad_real_complex_mul": lambda a, b: a[..., None] * b, "grad_polar": polar,
}  # fmt: skip


def cases() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in (*PRODUCTS, *OTHERS) for s in p.samples() if s.dtype == "float64" and (p.id, "zeros" in s.name) != ("grad_complex_abs", True)]


@pytest.mark.parametrize(("product", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    *leaves, g = sample.arrays()
    slopes = gradient(lambda *xs: (g * FORWARD[product.id](*xs)).sum(), leaves)
    agree(product.reference(sample), slopes)


def test_the_absolute_value_is_flat_at_zero_and_follows_its_direction_elsewhere() -> None:
    (product,) = (p for p in PRODUCTS if p.id == "grad_complex_abs")
    sample = next(s for s in product.samples() if s.name == "float64-zeros")
    z, g = sample.arrays()
    (made,) = product.reference(sample)
    assert not made.value[0].any()
    direction = (z[1:, :, 0] + 1j * z[1:, :, 1]) / np.hypot(z[1:, :, 0], z[1:, :, 1])
    np.testing.assert_allclose(made.value[1:], g[1:, :, None] * np.stack([direction.real, direction.imag], -1), rtol=1e-14)
