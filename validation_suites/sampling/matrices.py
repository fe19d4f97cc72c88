"""Matrices of known structure: conditioned, symmetric, positive definite, rank deficient, triangular; real and complex."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.function import seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor

DTYPES_SOLVED = ("float32", "float64", "complex64", "complex128")
"""What dense solvers are offered for."""
SINGLE = ("float32", "complex64")


def real_of(dtype: str) -> str:
    """The real dtype of the same precision."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def steep(dtype: str) -> float:
    """A condition number near the end of what the dtype resolves."""
    return 1e4 if dtype in SINGLE else 1e12


def gaussian(dtype: str, shape: tuple[int, ...], *names: str) -> Array:
    """N(0, 1), complex with both parts N(0, 1) / sqrt 2, in double; the stream depends on the names alone."""
    rng = seed_for("matrix", *names)
    if not dtype.startswith("complex"):
        return np.asarray(rng.standard_normal(shape))
    return np.asarray((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2))


def stored(a: Array, dtype: str) -> Tensor:
    """Rounded to a dtype."""
    return Tensor.of(a.astype(DTYPES[dtype]))


def conditioned(dtype: str, m: int, n: int, condition: float, *names: str) -> Array:
    """[m, n] with singular values 1 .. 1 / condition, geometric, between random orthonormal bases."""
    k = min(m, n)
    left = np.linalg.qr(gaussian(dtype, (m, k), "left", *names))[0]
    right = np.linalg.qr(gaussian(dtype, (n, k), "right", *names))[0]
    return np.asarray((left * np.geomspace(1.0, 1.0 / condition, k)) @ right.conj().T)


def hermitian(a: Array) -> Array:
    """The Hermitian part, exactly Hermitian after rounding as well."""
    return np.asarray((a + np.swapaxes(a, -1, -2).conj()) / 2)


def definite(dtype: str, shape: tuple[int, ...], *names: str) -> Array:
    """B B' / n + I / 4 for Gaussian B: well conditioned, positive definite."""
    b = gaussian(dtype, shape, *names)
    return hermitian(b @ np.swapaxes(b, -1, -2).conj() / max(1, shape[-1]) + np.eye(shape[-1]) / 4)


def with_eigenvalues(dtype: str, values: Array, *names: str) -> Array:
    """Hermitian with the given real eigenvalues, to rounding."""
    q = np.linalg.qr(gaussian(dtype, (len(values), len(values)), "basis", *names))[0]
    return hermitian((q * values) @ q.conj().T)


def of_rank(dtype: str, m: int, n: int, rank: int, *names: str) -> Array:
    """[m, n] of exactly the given rank: a product of small integers, stored without rounding."""
    rng = seed_for("rank", *names)

    def whole(rows: int, columns: int) -> Array:
        parts = rng.integers(-4, 5, (2, rows, columns)).astype(np.float64)
        return np.asarray(parts[0] + 1j * parts[1] if dtype.startswith("complex") else parts[0])

    return np.asarray(whole(m, rank) @ whole(rank, n))
