"""Decomposition criteria accept LAPACK's factors and reject factors that are wrong in one respect each."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.criteria.decompositions import Decomposition, Eigenpairs, HermitianPairs, LuFactors, QrFactors, SingularTriplets
from csvkit_ml.model.function import VERDICT, Expected, Verdict

RNG = np.random.default_rng(11)


def passes(criterion: Decomposition, *outputs: np.ndarray, **extra: np.ndarray) -> bool:
    expected = tuple(Expected(name=f"y{i}", dtype=o.dtype.name, value=o, extra=extra if not i else {}) for i, o in enumerate(outputs))
    found = criterion.measure_jointly(outputs, expected)
    return bool(found) and all(VERDICT[m.reason] is Verdict.PASSED for m in found)


def normal(*shape: int, kind: str) -> np.ndarray:
    real = RNG.standard_normal(shape)
    return real + 1j * RNG.standard_normal(shape) if kind == "complex" else real


KINDS = pytest.mark.parametrize("kind", ["real", "complex"])


@KINDS
def test_qr(kind: str) -> None:
    for mode in ("reduced", "complete"):
        a = normal(2, 9, 5, kind=kind)
        q, r = np.linalg.qr(a, mode=mode)
        assert passes(QrFactors(), q, r, a=a)
        assert passes(QrFactors(), r, a=a)
        assert not passes(QrFactors(), q, r * (1 + 1e-12), a=a)
        assert not passes(QrFactors(), q * (1 + 1e-12), r / (1 + 1e-12), a=a), "columns are not of norm one"
        assert not passes(QrFactors(), q, r + 1e-300, a=a), "R is not triangular"
        assert not passes(QrFactors(), r * (1 + 1e-12), a=a)
        assert not passes(QrFactors(), q * np.nan, r, a=a)
    assert kind == "real" or not passes(QrFactors(), q.conj(), r.conj(), a=a)


@KINDS
def test_qr_by_gram_schmidt_loses_orthogonality_and_is_rejected(kind: str) -> None:
    a = np.vander(np.linspace(0, 1, 12), 8, increasing=True) + 0 * normal(12, 8, kind=kind)
    q, r = np.zeros_like(a), np.zeros((8, 8), a.dtype)
    for j in range(8):
        r[:j, j] = q[:, :j].conj().T @ a[:, j]
        v = a[:, j] - q[:, :j] @ r[:j, j]
        r[j, j] = np.linalg.norm(v)
        q[:, j] = v / r[j, j]
    assert not passes(QrFactors(), q, r, a=a)
    assert passes(QrFactors(), *np.linalg.qr(a), a=a)


@KINDS
def test_singular_triplets(kind: str) -> None:
    for shape, full in (((7, 4), True), ((4, 7), False)):
        a = normal(*shape, kind=kind)
        u, s, vh = np.linalg.svd(a, full_matrices=full)
        assert passes(SingularTriplets(), u, s, vh, a=a, values=s)
        assert not passes(SingularTriplets(), u[:, : len(s)][:, ::-1].copy(), s[::-1].copy(), vh[: len(s)][::-1].copy(), a=a, values=s), "ascending"
        assert not passes(SingularTriplets(), u, s * (1 + 1e-12), vh, a=a, values=s)
        assert not passes(SingularTriplets(), -u, -s, vh, a=a, values=-s), "negative"
        assert not passes(SingularTriplets(), u, s, vh * (1 + 1e-12), a=a, values=s)
        assert not passes(SingularTriplets(), u, s * np.nan, vh, a=a, values=s)


@KINDS
def test_hermitian_pairs(kind: str) -> None:
    a = normal(6, 6, kind=kind)
    a = a + a.conj().T
    w, v = np.linalg.eigh(a)
    assert passes(HermitianPairs(), w, v, a=a, values=w)
    assert not passes(HermitianPairs(), w[::-1].copy(), v[:, ::-1].copy(), a=a, values=w), "descending"
    assert not passes(HermitianPairs(), w, v[:, ::-1].copy(), a=a, values=w)
    v[:, 0] = v[:, 1]
    assert not passes(HermitianPairs(), w, v, a=a, values=w)


@KINDS
def test_general_eigenpairs(kind: str) -> None:
    a = normal(6, 6, kind=kind)
    w, v = np.linalg.eig(a.astype(complex))
    assert passes(Eigenpairs(), w, v, a=a)
    assert passes(Eigenpairs(), w, a=a)
    assert passes(Eigenpairs(), w[::-1].copy(), v[:, ::-1].copy(), a=a), "their order is free"
    assert not passes(Eigenpairs(), w, v * 2, a=a)
    assert not passes(Eigenpairs(), np.append(w[:-1], w[0]), a=a), "one twice"
    assert not passes(Eigenpairs(), np.append(w[:-1], w[0]), np.hstack([v[:, :-1], v[:, :1]]), a=a), "one pair twice"
    assert not passes(Eigenpairs(), w * (1 + 1e-10), a=a)
    assert not passes(Eigenpairs(), w * np.nan, a=a)


def test_lu_factors() -> None:
    a = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]])
    p = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    low = np.array([[1, 0, 0], [1 / 7, 1, 0], [4 / 7, 0.5, 1]])
    up = np.array([[7, 8, 10], [0, 2 - 8 / 7, 3 - 10 / 7], [0, 0, -0.5]])
    assert passes(LuFactors(), p, low, up, a=a)
    assert not passes(LuFactors(), np.ascontiguousarray(p.T), low, up, a=a)
    assert not passes(LuFactors(), p, low, up * (1 + 1e-12), a=a)
    assert not passes(LuFactors(), p * 1.5, low / 1.5, up, a=a), "no permutation"
    plain_low, plain_up = np.array([[1.0, 0, 0], [4, 1, 0], [7, 2, 1]]), np.array([[1.0, 2, 3], [0, -3, -6], [0, 0, 1]])
    assert not passes(LuFactors(), np.eye(3), plain_low, plain_up, a=a), "exact, but without pivoting"


def test_empty_factors_are_empty_as_defined() -> None:
    expected = (Expected(name="y", dtype="float64", value=np.zeros((0, 0)), extra={"a": np.zeros((0, 0))}),)
    (found,) = QrFactors().measure_jointly((np.zeros((0, 0)),), expected)
    assert VERDICT[found.reason] is Verdict.PASSED and found.compared == 0
