"""Gradients of linear algebra against differences in eighty digits of the functions as multiprecision arithmetic evaluates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training import gradients_contractions
from validation_suites.training.gradients_algebra import ALL, Matrices
from validation_suites.vector_jacobian import Product

m = mpmath
STEP = m.mpf(10) ** -25
"""The error of a central difference is about its square."""


def even(a: Any) -> Any:
    return (a + a.T) / 2


def triangle(s: Sample, a: Any) -> Any:
    keep = (lambda i, j: i <= j) if s.param("upper") else (lambda i, j: i >= j)
    return m.matrix([[a[i, j] if keep(i, j) else m.mpf(0) for j in range(a.cols)] for i in range(a.rows)])


def left_inverse(a: Any) -> Any:
    return m.inverse(a.T * a) * a.T


def row(values: Any) -> Any:
    return m.matrix([list(values)])


def cube(w: Any, v: Any) -> Any:
    return v * m.diag([x**3 for x in w]) * v.T


def scaled_svd(a: Any) -> Any:
    u, s, v = m.svd_r(a)
    return u * m.diag([x**3 for x in s]) * v


FORWARD: dict[str, Callable[..., Any]] = {
    "solve": lambda s, a, b: m.inverse(a) * b, "inv": lambda s, a: m.inverse(a), "det": lambda s, a: row([m.det(a)]),
    "slogdet": lambda s, a: row([m.log(abs(m.det(a)))]), "cholesky": lambda s, a: m.cholesky(even(a)),
    "solve_triangular": lambda s, a, b: m.inverse(triangle(s, a)) * b, "eigvalsh": lambda s, a: row(sorted(m.eigsy(even(a), eigvals_only=True))),
    "eigh": lambda s, a: cube(*m.eigsy(even(a))), "svdvals": lambda s, a: row(sorted(m.svd_r(a, compute_uv=False), reverse=True)),
    "svd": lambda s, a: scaled_svd(a), "pinv": lambda s, a: left_inverse(a), "qr": lambda s, a: a * left_inverse(a),
    "matrix_exp": lambda s, a: m.expm(a, method="taylor"),
}  # fmt: skip


def agree_by_complex_steps_in_many_digits(matrices: Matrices, sample: Sample, forward: Mapping[str, Callable[..., Any]], step: Any, room: Any) -> None:
    """The gradient of <g, f> by mpmath's complex numbers, in which `step` loses nothing; `forward` is by id: f(sample, *operands)."""
    with mpmath.workdps(80):
        *leaves, g = (m.matrix(a.astype(np.float64).tolist()) for a in sample.arrays())
        for k, expected in enumerate(matrices.reference(sample)):
            assert expected.shape == sample.inputs[k].shape
            for i, j in list(np.ndindex(*expected.shape))[:: 1 + expected.value.size // 6]:
                moved = [x.copy() for x in leaves]
                moved[k][i, j] += 1j * step
                y = forward[matrices.id](sample, *moved)
                true = m.mpc(sum(g[r, c] * y[r, c] for r in range(g.rows) for c in range(g.cols))).imag / step
                own = m.mpf(float(expected.value[i, j])) + m.mpf(float(expected.low[i, j]))
                assert abs(own - true) <= np.broadcast_to(expected.radius, expected.shape)[i, j] + room


def single(all_of: tuple[tuple[Any, ...], ...]) -> list[tuple[Matrices, Sample]]:
    """Every function with each of its samples in float64 that is no batch."""
    return [(a, s) for a, *_ in all_of for s in a.samples() if s.dtype == "float64" and len(s.inputs[0].shape) == 2]


def cases() -> list[tuple[Matrices, Sample]]:
    return [(a, s) for a, *_ in ALL for s in a.samples() if s.dtype == "float64" and s.inputs[0].shape in ((3, 3), (4, 4), (5, 3), (1, 1))]


@pytest.mark.parametrize(("matrices", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_derivative_in_many_digits(matrices: Matrices, sample: Sample) -> None:
    made = matrices.reference(sample)
    with mpmath.workdps(80):
        *leaves, g = (m.matrix(a.astype(np.float64).tolist()) for a in sample.arrays())

        def weighted(*operands: Any) -> Any:
            y = FORWARD[matrices.id](sample, *operands)
            return sum(g[i, j] * y[i, j] for i in range(g.rows) for j in range(g.cols))

        for k, expected in enumerate(made):
            assert expected.shape == sample.inputs[k].shape
            for i, j in list(np.ndindex(*expected.shape))[:: 1 + expected.value.size // 6]:
                sides = []
                for sign in (1, -1):
                    moved = [x.copy() for x in leaves]
                    moved[k][i, j] += sign * STEP
                    sides.append(weighted(*moved))
                true = (sides[0] - sides[1]) / (2 * STEP)
                own = m.mpf(float(expected.value[i, j])) + m.mpf(float(expected.low[i, j]))
                assert abs(own - true) <= np.broadcast_to(expected.radius, expected.shape)[i, j] + m.mpf(10) ** -40


def fourier(s: Sample, x: Any) -> Any:
    """Pairs in, pairs out; of complex step numbers, whose parts stay apart."""
    n, kind, norm = s.param("n"), s.param("kind"), s.param("norm")
    angle = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    c, d = np.cos(angle), np.sin(angle)
    if kind == "rfft":
        y = np.stack([x @ c, -(x @ d)], -1)[:, : n // 2 + 1]
    elif kind == "fft":
        y = np.stack([x[..., 0] @ c + x[..., 1] @ d, x[..., 1] @ c - x[..., 0] @ d], -1)
    else:
        share = np.where((np.arange(n // 2 + 1) == 0) | (2 * np.arange(n // 2 + 1) == n), 1.0, 2.0)
        y = ((x[..., 0] * share) @ c[: n // 2 + 1] - (x[..., 1] * share) @ d[: n // 2 + 1]) / n
        return y * np.sqrt(n) if norm == "ortho" else y
    return y / np.sqrt(n) if norm == "ortho" else y


def contractions() -> list[tuple[Product, Sample]]:
    return [(p, s) for p in gradients_contractions.PRODUCTS for s in p.samples() if s.dtype == "float64" and s.inputs[0].array().size <= 400]


@pytest.mark.parametrize(("product", "sample"), contractions(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_contractions_and_transforms_by_the_complex_step(product: Product, sample: Sample) -> None:
    *leaves, g = sample.arrays()
    if len(leaves) == 1:
        slopes = gradient(lambda x: (g * fourier(sample, x)).sum(), leaves)
    else:
        slopes = gradient(lambda a, b: (g * np.einsum(sample.param("equation"), a, b)).sum(), leaves)
    agree(product.reference(sample), slopes)
