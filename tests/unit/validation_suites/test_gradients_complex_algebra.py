"""Gradients of complex linear algebra against differences in eighty digits of the functions as multiprecision arithmetic evaluates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training.gradients_complex_algebra import ALL, ComplexMatrices

m = mpmath
STEP = m.mpf(10) ** -25
"""The error of a central difference is about its square."""


def even(a: Any) -> Any:
    return (a + a.H) / 2


def row(values: Any) -> Any:
    return m.matrix([list(values)])


def left_inverse(a: Any) -> Any:
    return m.inverse(a.H * a) * a.H


def cube(w: Any, v: Any) -> Any:
    return v * m.diag([x**3 for x in w]) * v.H


def scaled_svd(a: Any) -> Any:
    u, s, v = m.svd_c(a)
    return u * m.diag([x**3 for x in s]) * v


def upper(a: Any) -> Any:
    return m.matrix([[a[i, j] if i <= j else m.mpf(0) for j in range(a.cols)] for i in range(a.rows)])


def lu(a: Any) -> Any:
    """Row by row in place; the pivot is the one whose parts are largest together."""
    a = a.copy()
    for j in range(min(a.rows, a.cols)):
        p = max(range(j, a.rows), key=lambda i: abs(a[i, j].real) + abs(a[i, j].imag))
        for c in range(a.cols):
            a[j, c], a[p, c] = a[p, c], a[j, c]
        for i in range(j + 1, a.rows):
            a[i, j] = a[i, j] / a[j, j]
            for c in range(j + 1, a.cols):
                a[i, c] -= a[i, j] * a[j, c]
    return a


def power_sums(a: Any) -> Any:
    w = m.eig(a, left=False, right=False)
    return row(sum(x ** (k + 1) for x in w) for k in range(len(w)))


def put_together(a: Any) -> Any:
    w, v = m.eig(a)
    return v * m.diag([x**3 for x in w]) * m.inverse(v)


FORWARD: dict[str, Callable[..., Any]] = {
    "solve": lambda a, b: m.inverse(a) * b, "inv": m.inverse, "det": lambda a: row([m.det(a)]), "slogdet": lambda a: row([m.log(abs(m.det(a)))]),
    "cholesky": lambda a: m.cholesky(even(a)), "solve_triangular": lambda a, b: m.inverse(upper(a)) * b,
    "eigvalsh": lambda a: row(sorted(m.eighe(even(a), eigvals_only=True))), "eigh": lambda a: cube(*m.eighe(even(a))),
    "svdvals": lambda a: row(sorted(m.svd_c(a, compute_uv=False), reverse=True)), "svd": scaled_svd, "pinv": left_inverse,
    "qr": lambda a: a * left_inverse(a), "lstsq": lambda a, b: left_inverse(a) * b, "matrix_exp": lambda a: m.expm(a, method="taylor"),
    "lu": lu, "eigvals": power_sums, "eig": put_together,
}  # fmt: skip


def of_pairs(a: Any) -> Any:
    return m.matrix([[m.mpc(float(x), float(y)) for x, y in zip(r[0::2], r[1::2], strict=True)] for r in a])


def cases() -> list[tuple[ComplexMatrices, Sample]]:
    return [(a, s) for a in ALL for s in a.samples() if s.dtype == "float64" and len(s.inputs[0].shape) == 2]


@pytest.mark.parametrize(("matrices", "sample"), cases(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_derivative_in_many_digits(matrices: ComplexMatrices, sample: Sample) -> None:
    forward = FORWARD[matrices.id.removeprefix("complex_")]
    made = matrices.reference(sample)
    with mpmath.workdps(80):
        *arrays, upstream = sample.arrays()
        leaves, g = [of_pairs(a) for a in arrays], m.matrix(upstream.tolist()) if matrices.real_upstream else of_pairs(upstream)

        def weighted(*operands: Any) -> Any:
            """Re <g, y>."""
            y = forward(*operands)
            return sum(m.re(m.conj(g[i, j]) * y[i, j]) for i in range(g.rows) for j in range(g.cols))

        for k, expected in enumerate(made):
            assert expected.shape == sample.inputs[k].shape
            for i, j in list(np.ndindex(*expected.shape))[:: 1 + expected.value.size // 6]:
                sides = []
                for sign in (1, -1):
                    moved = [x.copy() for x in leaves]
                    moved[k][i, j // 2] += sign * STEP * (1j if j % 2 else 1)
                    sides.append(weighted(*moved))
                true = (sides[0] - sides[1]) / (2 * STEP)
                own = m.mpf(float(expected.value[i, j])) + m.mpf(float(expected.low[i, j]))
                assert abs(own - true) <= np.broadcast_to(expected.radius, expected.shape)[i, j] + m.mpf(10) ** -40


def test_a_batch_is_its_matrices() -> None:
    for matrices in ALL:
        for sample in (s for s in matrices.samples() if len(s.inputs[0].shape) == 3):
            arrays = [a.astype(np.longdouble) for a in sample.arrays()]
            each = [matrices._gradients(sample, [a[i] for a in arrays]) for i in range(2)]
            for k, expected in enumerate(matrices.reference(sample)):
                assert np.array_equal(expected.value, np.stack([e[k] for e in each]).astype(np.float64))
