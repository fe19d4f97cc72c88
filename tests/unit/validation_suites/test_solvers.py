"""References of the solvers against rational arithmetic and against numpy; seeded faults."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training.solvers import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
Exact = list[list[Fraction]]


def sample_of(id: str, name: str) -> Sample:
    return next(s for s in BY_ID[id].samples() if s.name == name)


def rational(a: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(a.astype(np.float64))


def eliminated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gauss-Jordan elimination over the rationals."""
    m = np.hstack([a, b]).astype(object)
    n = len(a)
    for k in range(n):
        p = next(i for i in range(k, n) if m[i, k] != 0)
        m[[k, p]] = m[[p, k]]
        m[k] = m[k] / m[k, k]
        for i in range(n):
            if i != k:
                m[i] = m[i] - m[i, k] * m[k]
    return m[:, n:]


def near(id: str, sample: Sample, exact: np.ndarray) -> None:
    made = BY_ID[id].reference(sample)[0]
    assert made.low is not None
    for i in np.ndindex(made.shape):
        error = abs(Fraction(float(made.value[i])) + Fraction(float(made.low[i])) - exact[i])
        assert error <= Fraction(float(np.asarray(made.radius)[i])), i


@pytest.mark.parametrize("name", ["float32-columns", "float64-ill-conditioned", "float64-zero-pivots", "float64-graded"])
def test_solutions_are_the_rational_ones(name: str) -> None:
    sample = sample_of("solve", name)
    near("solve", sample, eliminated(*map(rational, sample.arrays())))


@pytest.mark.parametrize("name", ["float64-columns", "float32-ill-conditioned", "float64-polynomial"])
def test_minimisers_solve_the_normal_equations_exactly(name: str) -> None:
    sample = sample_of("least_squares", name)
    a, b = map(rational, sample.arrays())
    near("least_squares", sample, eliminated(a.T @ a, a.T @ b))


def test_wide_solutions_lie_in_the_range_of_the_adjoint() -> None:
    sample = sample_of("least_squares_wide", "float64-columns")
    a, b = map(rational, sample.arrays())
    near("least_squares_wide", sample, a.T @ eliminated(a @ a.T, b))


@pytest.mark.parametrize("id", ["least_squares", "least_squares_wide", "least_squares_deficient", "solve"])
def test_complex_and_batched_solutions_agree_with_numpy(id: str) -> None:
    for sample in BY_ID[id].samples():
        a, b = sample.arrays()
        steep = any(kind in sample.name for kind in ("ill", "poly", "graded"))
        if sample.dtype in ("float64", "complex128") and a.size and b.size and not steep:
            made = BY_ID[id].reference(sample)[0]
            other = np.linalg.pinv(a, rcond=1e-10) @ (b[:, None] if b.ndim == 1 else b)
            assert np.abs(other.reshape(made.shape) - made.value).max() <= 1e-8 * np.abs(made.value).max(), sample.name


def test_cholesky_factors_give_the_rational_matrix_back() -> None:
    for name in ("float64-ordinary-lower", "float32-graded-upper", "float64-ill-conditioned-lower"):
        sample = sample_of("cholesky", name)
        (a,) = sample.arrays()
        (made,) = BY_ID["cholesky"].reference(sample)
        low = rational(made.value.T if name.endswith("upper") else made.value)
        size = np.sqrt(np.diagonal(a).astype(np.float64))
        error = np.abs((low @ low.T - rational(a)).astype(np.float64)) / np.outer(size, size)
        assert error.max() <= 4 * 2.0**-53, name
        assert (np.diagonal(made.value) > 0).all()


def test_cholesky_factors_agree_with_numpy() -> None:
    for sample in BY_ID["cholesky"].samples():
        (a,) = sample.arrays()
        if sample.dtype.endswith(("64", "128")) and a.size and "ill" not in sample.name:
            low = np.linalg.cholesky(a.astype(np.complex128))
            want = np.swapaxes(low, -1, -2).conj() if sample.param("upper") else low
            assert np.abs(BY_ID["cholesky"].reference(sample)[0].value - want).max() <= 1e-9 * np.abs(want).max(), sample.name


def test_the_order_is_that_of_the_first_minor_that_is_not_positive() -> None:
    for sample in BY_ID["cholesky_info"].samples():
        (a,) = sample.arrays()
        (made,) = BY_ID["cholesky_info"].reference(sample)
        for i in np.ndindex(made.shape):
            minors = [np.linalg.det(a[i][:k, :k].astype(np.complex128)).real for k in range(1, a.shape[-1] + 1)]
            first = next((k for k, d in enumerate(minors, 1) if not d > 0), 0)
            assert made.value[i] == first, sample.name


def test_deficient_samples_have_the_rank_that_they_name() -> None:
    for sample in BY_ID["least_squares_deficient"].samples():
        values = np.linalg.svd(sample.arrays()[0].astype(np.complex128), compute_uv=False)
        rank, cut = sample.param("rank"), sample.param("rcond") * values[0]
        assert values[rank - 1] > 100 * cut
        assert (values[rank:] < 1e-12 * values[0]).all()
