"""Gradients of matrix functions against the complex step in eighty digits; norms by singular values against mpmath's own decomposition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import named
from tests.unit.validation_suites.test_gradients_algebra import agree_by_complex_steps_in_many_digits, single
from validation_suites.training.gradients_algebra import Matrices
from validation_suites.training.gradients_matrix_functions import ALL

m = mpmath
STEP = m.mpf(10) ** -30


def number(x: Any) -> Any:
    return m.matrix([[x]])


def singular_values(a: Any) -> Any:
    """Square roots of the eigenvalues of A'A, which are analytic where they are apart; largest first."""
    square = a.T * a if a.rows >= a.cols else a * a.T
    return sorted((m.sqrt(w) for w in m.eig(square, left=False, right=False)), key=lambda s: -s.real)


def size(x: Any) -> Any:
    return -x if x.real < 0 else x


def norm(s: Sample, a: Any) -> Any:
    order = s.param("ord")
    if order == "fro":
        return number(m.sqrt(sum(x**2 for x in a)))
    if order in ("nuc", "2", "-2"):
        values = singular_values(a)
        return number({"nuc": sum(values), "2": values[0], "-2": values[-1]}[order])
    b = a if order in ("1", "-1") else a.T
    sums = sorted((sum(size(b[i, j]) for i in range(b.rows)) for j in range(b.cols)), key=lambda v: v.real)
    return number(sums[0] if order[0] == "-" else sums[-1])


def kron(s: Sample, a: Any, b: Any) -> Any:
    rows, columns = a.rows * b.rows, a.cols * b.cols
    return m.matrix([[a[i // b.rows, j // b.cols] * b[i % b.rows, j % b.cols] for j in range(columns)] for i in range(rows)])


def reflections(s: Sample, a: Any, tau: Any) -> Any:
    q = m.eye(a.rows)
    for k in range(a.cols):
        v = m.matrix([m.mpf(0)] * k + [m.mpf(1)] + [a[i, k] for i in range(k + 1, a.rows)])
        q = q * (m.eye(a.rows) - tau[0, k] * (v * v.T))
    return q[:, : a.cols]


FORWARD: dict[str, Callable[..., Any]] = {
    "matrix_power": lambda s, a: (m.inverse(a) if s.param("n") < 0 else a) ** abs(s.param("n")), "matrix_norm": norm,
    "cond": lambda s, a: number(singular_values(a)[0] / singular_values(a)[-1]), "multi_dot": lambda s, a, b, c: a * (b * c),
    "kron": kron, "householder_product": reflections,
}  # fmt: skip


@pytest.mark.parametrize(("matrices", "sample"), single(ALL), ids=named)
def test_the_reference_is_the_complex_step_in_many_digits(matrices: Matrices, sample: Sample) -> None:
    agree_by_complex_steps_in_many_digits(matrices, sample, FORWARD, STEP, m.mpf(10) ** -25)
