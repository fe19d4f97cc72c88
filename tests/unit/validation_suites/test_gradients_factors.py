"""Gradients by factors and of spectra against the complex step, in eighty digits, of the functions as multiprecision arithmetic evaluates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import named
from tests.unit.validation_suites.test_gradients_algebra import agree_by_complex_steps_in_many_digits, single
from validation_suites.training.gradients_algebra import Matrices
from validation_suites.training.gradients_factors import ALL, exchanges

m = mpmath
STEP = m.mpf(10) ** -60


def lu(s: Sample, a: Any) -> Any:
    """Row by row in place; the pivot is the largest in the column."""
    a = a.copy()
    for j in range(min(a.rows, a.cols)):
        p = max(range(j, a.rows), key=lambda i: abs(a[i, j]))
        for c in range(a.cols):
            a[j, c], a[p, c] = a[p, c], a[j, c]
        for i in range(j + 1, a.rows):
            a[i, j] = a[i, j] / a[j, j]
            for c in range(j + 1, a.cols):
                a[i, c] -= a[i, j] * a[j, c]
    return a


def part(a: Any, keep: Callable[[int, int], bool]) -> Any:
    return m.matrix([[a[i, j] if keep(i, j) else m.mpf(0) for j in range(a.cols)] for i in range(a.rows)])


def by_lu(s: Sample, packed: Any, b: Any) -> Any:
    a = m.matrix(exchanges(packed.rows).tolist()) * (part(packed, lambda i, j: i > j) + m.eye(packed.rows)) * part(packed, lambda i, j: i <= j)
    return m.inverse(a.T if s.param("adjoint") else a) * b


def product(s: Sample, a: Any) -> Any:
    if s.param("upper"):
        up = part(a, lambda i, j: i <= j)
        return up.T * up
    low = part(a, lambda i, j: i >= j)
    return low * low.T


def least_squares(s: Sample, a: Any, b: Any) -> Any:
    return m.inverse(a.T * a) * (a.T * b) if a.rows >= a.cols else a.T * (m.inverse(a * a.T) * b)


def power_sums(s: Sample, a: Any) -> Any:
    w = m.eig(a, left=False, right=False)
    return m.matrix([[sum(x ** (k + 1) for x in w) for k in range(len(w))]])


def put_together(s: Sample, a: Any) -> Any:
    w, v = m.eig(a)
    return v * m.diag([x**3 for x in w]) * m.inverse(v)


FORWARD: dict[str, Callable[..., Any]] = {
    "lu": lu, "lu_solve": by_lu, "cholesky_solve": lambda s, a, b: m.inverse(product(s, a)) * b,
    "cholesky_inverse": lambda s, a: m.inverse(product(s, a)), "lstsq": least_squares, "eigvals": power_sums, "eig": put_together,
}  # fmt: skip


@pytest.mark.parametrize(("matrices", "sample"), single(ALL), ids=named)
def test_the_reference_is_the_complex_step_in_many_digits(matrices: Matrices, sample: Sample) -> None:
    agree_by_complex_steps_in_many_digits(matrices, sample, FORWARD, STEP, m.mpf(10) ** -15 * STEP)



def test_a_batch_is_its_matrices() -> None:
    """The gradient of a batch is that of each matrix by itself; what all of it shares gets the sum."""
    for matrices, *_ in ALL:
        for sample in (s for s in matrices.samples() if len(s.inputs[0].shape) == 3):
            arrays = [a.astype(np.longdouble) for a in sample.arrays()]
            each = [matrices.formula(sample, *(a[i] if a.ndim == 3 else a for a in arrays)) for i in range(len(arrays[0]))]
            for k, expected in enumerate(matrices.reference(sample)):
                stacked = np.stack([e[k] for e in each])
                assert np.array_equal(expected.value, (stacked if arrays[k].ndim == 3 else stacked.sum(axis=0)).astype(np.float64))
