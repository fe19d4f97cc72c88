"""Factorisations in extended precision, one matrix at a time mapped over a batch: examples of true results for relations to judge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import extended


def wide_matrix(a: Array) -> Array:
    """To extended precision, real or complex, exactly."""
    return np.asarray(a.astype(np.clongdouble)) if a.dtype.kind == "c" else extended(a)


def batched(fn: Callable[[Array], tuple[Array, ...]], a: Array, *shapes: tuple[int, ...]) -> tuple[Array, ...]:
    """fn of every matrix of [..., m, n]; `shapes` are those of its results for one matrix."""
    x = wide_matrix(a)
    made = [fn(m) for m in x.reshape(-1, *a.shape[-2:])] if x.size else []
    return tuple(
        np.array([m[k] for m in made]).reshape(*a.shape[:-2], *shape) if made else np.zeros((*a.shape[:-2], *shape), x.dtype)
        for k, shape in enumerate(shapes)
    )


def cholesky(a: Array) -> tuple[Array]:
    """L of a Hermitian positive definite matrix, column by column (Higham 2002, algorithm 10.2)."""
    n = len(a)
    lower = np.zeros_like(a)
    for j in range(n):
        rest = a[j:, j] - lower[j:, :j] @ lower[j, :j].conj()
        lower[j:, j] = rest / np.sqrt(rest[0].real)
    return (lower,)


def lu(a: Array) -> tuple[Array, Array, Array]:
    """P, L, U by elimination with partial pivoting; magnitudes compared as |Re| + |Im|."""
    m, n = a.shape
    k = min(m, n)
    rest, order, low = a.copy(), np.arange(m), np.zeros((m, k), a.dtype)
    for j in range(k):
        p = j + int(np.argmax(np.abs(rest[j:, j].real) + np.abs(rest[j:, j].imag)))
        rest[[j, p]], low[[j, p]], order[[j, p]] = rest[[p, j]], low[[p, j]], order[[p, j]]
        low[j, j] = 1
        if rest[j, j] != 0:
            low[j + 1 :, j] = rest[j + 1 :, j] / rest[j, j]
            rest[j + 1 :] -= low[j + 1 :, j : j + 1] * rest[j]
            rest[j + 1 :, j] = 0
    permutation = np.zeros((m, m), a.dtype)
    permutation[order, np.arange(m)] = 1
    return permutation, low, rest[:k]


def basis(a: Array, k: int) -> Array:
    """[m, k] orthonormal: the columns of a by Gram-Schmidt in three passes, completed by unit vectors where they depend or run out."""
    m = len(a)
    q = np.zeros((m, k), a.dtype)
    spare = iter(np.eye(m, dtype=a.dtype))
    for j in range(k):
        v = a[:, j] if j < a.shape[1] else next(spare)
        while True:
            size = np.sqrt((np.abs(v) ** 2).sum())
            for _ in range(3):
                v = v - q[:, :j] @ (q[:, :j].conj().T @ v)
            left = np.sqrt((np.abs(v) ** 2).sum())
            if left > 1e-12 * size and left > 0:
                break
            v = next(spare)
        q[:, j] = v / left
        q[:, j] -= q[:, :j] @ (q[:, :j].conj().T @ q[:, j])
    return q


def qr(a: Array, complete: bool) -> tuple[Array, Array]:
    """Q and R by Gram-Schmidt in three passes; R with positive diagonal where the columns are independent."""
    m, n = a.shape
    q = basis(a, m if complete else min(m, n))
    return q, np.triu(q.conj().T @ a)


def hermitian_eigen(a: Array) -> tuple[Array, Array]:
    """(w ascending, V) of a Hermitian matrix by Jacobi's cyclic rotations (Golub and Van Loan 2013, 8.5).

    They start from a basis found in double and orthonormalised again, which changes their number and not their end.
    """
    v = basis(np.linalg.eigh(_double(a))[1].astype(a.dtype), len(a))
    a = v.conj().T @ a @ v
    floor = 2.0**-66 * np.sqrt((np.abs(a) ** 2).sum())
    for _ in range(30):
        if np.abs(a - np.diag(np.diagonal(a))).max(initial=0) <= floor:
            break
        for p in range(len(a) - 1):
            for q in range(p + 1, len(a)):
                if np.abs(a[p, q]) > floor:
                    j = _rotation(a[p, p].real, a[q, q].real, a[p, q])
                    a[:, [p, q]] = a[:, [p, q]] @ j
                    a[[p, q]] = j.conj().T @ a[[p, q]]
                    v[:, [p, q]] = v[:, [p, q]] @ j
    w = np.diagonal(a).real
    order = np.argsort(w, kind="stable")
    return w[order], v[:, order]


def _double(a: Array) -> Array:
    return np.asarray(a.astype(np.complex128 if a.dtype.kind == "c" else np.float64))


def _rotation(alpha: Array, beta: Array, off: Array) -> Array:
    """[2, 2] unitary J with J' [[alpha, off], [conj(off), beta]] J diagonal."""
    size = np.abs(off)
    turn = off / size
    theta = (beta - alpha) / (2 * size)
    t = (1 if theta >= 0 else -1) / (np.abs(theta) + np.hypot(1, theta))
    c = 1 / np.sqrt(1 + t * t)
    s = t * c
    return np.array([[c, s * turn], [-s * np.conj(turn), c]])


def singular(a: Array) -> tuple[Array, Array, Array]:
    """(U [m, m], s descending, V' [n, n]) by one-sided Jacobi rotations of the columns of the taller of A and A'."""
    if a.shape[0] < a.shape[1]:
        u, s, vh = singular(a.conj().T)
        return vh.conj().T, s, u.conj().T
    v = basis(np.linalg.svd(_double(a))[2].conj().T.astype(a.dtype), a.shape[1])
    a = a @ v
    tiny = 2.0**-64 * np.sqrt((np.abs(a) ** 2).sum())
    for _ in range(40):
        if not _sweep(a, v, tiny):
            break
    s = np.sqrt((np.abs(a) ** 2).sum(0))
    order = np.argsort(-s, kind="stable")
    s, a, v = s[order], a[:, order], v[:, order]
    return basis(a[:, s > tiny], len(a)), np.where(s > tiny, s, 0), v.conj().T


def _sweep(a: Array, v: Array, tiny: np.longdouble) -> bool:
    """Rotate every pair of columns once; whether any was not orthogonal."""
    moved = False
    for p in range(a.shape[1] - 1):
        for q in range(p + 1, a.shape[1]):
            x, y = a[:, p], a[:, q]
            inner, alpha, beta = x.conj() @ y, (np.abs(x) ** 2).sum(), (np.abs(y) ** 2).sum()
            if np.abs(inner) > 2.0**-63 * np.sqrt(alpha * beta) and np.sqrt(min(alpha, beta)) > tiny:
                j = _rotation(alpha, beta, inner)
                a[:, [p, q]], v[:, [p, q]] = a[:, [p, q]] @ j, v[:, [p, q]] @ j
                moved = True
    return moved
