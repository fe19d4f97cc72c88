"""Factorisations in extended precision, balls of matrices and contractions against second routes."""

from __future__ import annotations

from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest

from csvkit_ml.references.contractions import contraction
from csvkit_ml.references.factorisations import batched, hermitian_eigen, lu, qr, singular
from csvkit_ml.references.matrices import balls, certified

RNG = np.random.default_rng(5)
TINY = 64 * 2.0**-64


def matrix(m: int, n: int, kind: str, rank: int | None = None) -> np.ndarray:
    def normal(*shape: int) -> np.ndarray:
        return RNG.standard_normal(shape) + (1j * RNG.standard_normal(shape) if kind == "complex" else 0)

    return normal(m, n) if rank is None else normal(m, rank) @ normal(rank, n)


KINDS = pytest.mark.parametrize("kind", ["real", "complex"])
SHAPES = pytest.mark.parametrize(("m", "n", "rank"), [(9, 6, None), (6, 9, None), (7, 7, 3), (16, 16, None), (1, 4, None)])


def largest(a: np.ndarray) -> float:
    return float(np.abs(a).max(initial=0))


@KINDS
@SHAPES
def test_factors_multiply_to_the_matrix_in_extended_precision(kind: str, m: int, n: int, rank: int | None) -> None:
    a, k = matrix(m, n, kind, rank), min(m, n)
    size = largest(a) * max(m, n)
    p, low, up = batched(lu, a, (m, m), (m, k), (k, n))
    assert largest(p @ low @ up - a) <= TINY * size * 8
    q, r = batched(lambda x: qr(x, True), a, (m, m), (m, n))
    assert largest(q.conj().T @ q - np.eye(m)) <= TINY
    assert largest(q @ r - a) <= (TINY if rank is None else 1e-14) * size
    u, s, vh = batched(singular, a, (m, m), (k,), (n, n))
    assert largest((u[:, :k] * s) @ vh[:k] - a) <= TINY * size
    assert max(largest(u.conj().T @ u - np.eye(m)), largest(vh @ vh.conj().T - np.eye(n))) <= TINY
    assert (np.diff(s.real) <= 0).all()


@KINDS
def test_spectra_are_inside_certified_enclosures(kind: str) -> None:
    a = matrix(6, 6, kind)
    a = a + a.conj().T
    w, v = batched(hermitian_eigen, a, (6,), (6, 6))
    assert largest(a @ v - v * w) <= TINY * largest(a) * 6
    with flint.ctx.workprec(200):
        true = sorted(float(z.real) for z in flint.acb_mat(balls(a)).eig())
    assert np.abs(np.array(true) - w.real.astype(np.float64)).max() <= 2.0**-50 * largest(a)


def test_a_solution_in_balls_encloses_the_rational_one() -> None:
    a, b = np.array([[2.0, 1], [1, 3]]), np.array([[1.0], [2]])
    made = certified(lambda x, y: x.solve(y), a, b, shape=(2, 1), dtype="float64")
    for value, low, radius, true in zip(made.value[:, 0], made.low[:, 0], made.radius[:, 0], (Fraction(1, 5), Fraction(3, 5)), strict=True):  # type: ignore[index]
        assert abs(Fraction(float(value)) + Fraction(float(low)) - true) <= Fraction(float(radius))


def test_exponentials_agree_with_mpmath() -> None:
    a = matrix(4, 4, "real")
    made = certified(lambda x: x.exp(), a, shape=(4, 4), dtype="float64")
    with mpmath.workdps(40):
        true = mpmath.expm(mpmath.matrix(a.tolist()), method="taylor")
        for i, j in np.ndindex(4, 4):
            assert abs(true[i, j] - mpmath.mpf(float(made.value[i, j])) - mpmath.mpf(float(made.low[i, j]))) <= 1e-28


@pytest.mark.parametrize(("equation", "shapes"), [("ij,jk->ik", ((3, 4), (4, 2))), ("bi,oij,bj->bo", ((2, 3), (4, 3, 2), (2, 2))), ("ii->", ((4, 4),))])
def test_contractions_are_within_their_radius_of_the_rational_sum(equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    arrays = [RNG.standard_normal(s) for s in shapes]
    made = contraction(equation, *arrays, dtype="float64")
    exact = np.einsum(equation, *(np.vectorize(Fraction, otypes=[object])(a) for a in arrays), optimize=False)
    for i in np.ndindex(made.shape):
        error = abs(Fraction(float(made.value[i])) + Fraction(float(made.low[i])) - np.asarray(exact)[i])
        assert error <= Fraction(float(np.asarray(made.radius)[i]))
