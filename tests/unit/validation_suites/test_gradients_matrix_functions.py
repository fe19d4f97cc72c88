"""Gradients of matrix functions against the complex step in eighty digits; norms by singular values against mpmath's own decomposition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
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


def cases() -> list[tuple[Matrices, Sample]]:
    return [(a, s) for a, *_ in ALL for s in a.samples() if s.dtype == "float64" and len(s.inputs[0].shape) == 2]


@pytest.mark.parametrize(("matrices", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_in_many_digits(matrices: Matrices, sample: Sample) -> None:
    made = matrices.reference(sample)
    with mpmath.workdps(80):
        *leaves, g = (m.matrix(a.astype(np.float64).tolist()) for a in sample.arrays())
        for k, expected in enumerate(made):
            assert expected.shape == sample.inputs[k].shape
            for i, j in list(np.ndindex(*expected.shape))[:: 1 + expected.value.size // 6]:
                moved = [x.copy() for x in leaves]
                moved[k][i, j] += 1j * STEP
                y = FORWARD[matrices.id](sample, *moved)
                true = m.mpc(sum(g[r, c] * y[r, c] for r in range(g.rows) for c in range(g.cols))).imag / STEP
                own = m.mpf(float(expected.value[i, j])) + m.mpf(float(expected.low[i, j]))
                assert abs(own - true) <= np.broadcast_to(expected.radius, expected.shape)[i, j] + m.mpf(10) ** -25
