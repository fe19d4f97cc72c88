"""Gradients of LU factors, of solutions by given factors, of least squares and of the eigenvalues and eigenvectors of general matrices.

Eigenvalues come in no order and eigenvectors in no scale, so gradients are those of sums of powers and of a matrix that is put together again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample
from csvkit_ml.references.factorisations import lu
from validation_suites import faults
from validation_suites.training.gradients_algebra import ITERATED, NORMWISE, Maker, Matrices, inverse, judged

SPECTRAL = replace(
    ITERATED, scale=f"{NORMWISE.scale}, times the condition number of the matrix of unit eigenvectors",
    rationale=f"{ITERATED.rationale} Eigenpairs are each those of a nearby matrix of their own: what is put together from them is off by the"
    " condition number of the eigenvectors more.",
    literature=f"{ITERATED.literature}; Higham 2008, Functions of Matrices, 4.5; Bauer and Fike 1960",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectral(Matrices):
    """The gradient of a function of a general matrix by its eigenvalues and eigenvectors."""

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        vectors = np.linalg.eig(sample.arrays()[0].astype(np.float64))[1]
        amplified = np.linalg.cond(vectors)[..., None, None]
        return tuple(replace(e, scale=e.scale * amplified) for e in Matrices.reference(self, sample))

    def function(self, *more: Fault) -> Function:
        return replace(Matrices.function(self, *more), criterion=SPECTRAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared(Matrices):
    """A gradient whose operands may be one matrix for the whole batch, which then gets the sum over it."""

    def _gradients(self, sample: Sample, arrays: list[Any]) -> tuple[Any, ...]:
        lead = arrays[-1].shape[:-2]
        made = [self.formula(sample, *(a[i] if a.ndim > 2 else a for a in arrays)) for i in np.ndindex(*lead)]
        whole = (np.stack([m[k] for m in made]).reshape(*lead, *made[0][k].shape) for k in range(len(made[0])))
        return tuple(y.reshape(-1, *y.shape[-2:]).sum(axis=0) if a.ndim == 2 else y for y, a in zip(whole, arrays[:-1], strict=True))


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    return a.conj().T


def lu_gradient(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of L below the diagonal and U on and above it, in one matrix [m, n].

    P^H A = L U gives dL = L low(L^-1 P^H dA U^-1) and dU = up(L^-1 P^H dA U^-1) U for the leading square; rows of L below it are A U^-1, columns of U
    beside it L^-1 A.
    """
    (m, n), k = a.shape, min(a.shape)
    p, low, up = lu(a)
    at_low, at_up = np.tril(g, -1)[:, :k], np.triu(g)[:k]
    down, right = adjoint(inverse(low[:k])), adjoint(inverse(up[:, :k]))
    below, beside = at_low[k:] @ right, down @ at_up[:, k:]
    at_low, at_up = at_low[:k] - beside @ adjoint(up[:, k:]), at_up[:, :k] - adjoint(low[k:]) @ below
    square = down @ (np.tril(adjoint(low[:k]) @ at_low, -1) + np.triu(at_up @ adjoint(up[:, :k]))) @ right
    return (p @ np.block([[square, beside], [below, np.zeros((m - k, n - k), a.dtype)]]),)


def exchanges(n: int) -> Any:
    """Permutation matrix of n exchanges: row after row with the last one."""
    order = list(range(n))
    for i in range(n):
        order[i], order[-1] = order[-1], order[i]
    return np.eye(n)[:, order]


def _lu_solve(sample: Sample, packed: Any, b: Any, g: Any) -> tuple[Any, ...]:
    low, up, p = np.tril(packed, -1) + np.eye(len(packed)), np.triu(packed), exchanges(len(packed))
    back = inverse(p @ low @ up)
    if sample.param("adjoint"):
        at_b = back @ g
        at_a = -(back.T @ b) @ at_b.T
    else:
        at_b = back.T @ g
        at_a = -at_b @ (back @ b).T
    rows = p.T @ at_a
    return np.tril(rows @ up.T, -1) + np.triu(low.T @ rows), at_b


def _by_factor(sample: Sample, a: Any, at_product: Any) -> Any:
    """Gradient of the factor's triangle for that of L L' (or U'U)."""
    both = at_product + at_product.T
    return np.triu(np.triu(a) @ both) if sample.param("upper") else np.tril(both @ np.tril(a))


def _product_inverse(sample: Sample, a: Any) -> Any:
    low = np.triu(a).T if sample.param("upper") else np.tril(a)
    back = inverse(low)
    return back.T @ back


def _cholesky_solve(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    back = _product_inverse(sample, a)
    return _by_factor(sample, a, -(back @ g) @ (back @ b).T), back @ g


def _cholesky_inverse(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    back = _product_inverse(sample, a)
    return (_by_factor(sample, a, -back @ g @ back),)


def _lstsq(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """By the differential of the pseudo-inverse of a matrix of full rank (Golub and Pereyra 1973): tall, square or wide."""
    p = inverse(a.T @ a) @ a.T if len(a) >= a.shape[1] else a.T @ inverse(a @ a.T)
    x = p @ b
    rest, null = b - a @ x, np.eye(len(x)) - p @ a
    return -p.T @ g @ x.T + rest @ g.T @ p @ p.T + p.T @ x @ g.T @ null, p.T @ g


def eigvals_gradient(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of the sums of the first n powers of the eigenvalues, which are the traces of the powers of the matrix."""
    power, total = np.eye(len(a), dtype=a.dtype), np.zeros_like(a)
    for k in range(len(a)):
        total, power = total + g[0, k] * (k + 1) * power, power @ adjoint(a)
    return (total,)


def eig_gradient(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of V w^3 V^-1, the cube of the matrix."""
    h = adjoint(a)
    return (g @ h @ h + h @ g @ h + h @ h @ g,)


def _plain(*shape: int) -> Maker:
    return lambda random: random.standard_normal(shape)


def _regular(*shape: int) -> Maker:
    """Columns, rows and triangles that are far from dependent."""
    return lambda random: random.standard_normal(shape) / 2 + 2 * np.eye(shape[-2], shape[-1])


def _spectrum(*shape: int) -> Maker:
    """Distinct real eigenvalues between -1.5 and 2, eigenvectors not orthogonal."""

    def made(random: np.random.Generator) -> Any:
        n = shape[-1]
        vectors = np.linalg.qr(random.standard_normal(shape))[0] + 0.2 * random.standard_normal(shape)
        return vectors * np.linspace(2.0, -1.5, n) @ np.linalg.inv(vectors)

    return made


def _turning(*shape: int) -> Maker:
    """Eigenvalues in conjugate pairs: rotations and stretches of planes, seen from a basis that is not orthogonal."""

    def made(random: np.random.Generator) -> Any:
        n = shape[-1]
        core = np.diag(np.linspace(0.5, 1.0, n))
        for i in range(0, n - 1, 2):
            core[i + 1, i + 1], core[i, i + 1], core[i + 1, i] = core[i, i], 0.6 + i / 4, -0.6 - i / 4
        basis = np.linalg.qr(random.standard_normal(shape))[0] + 0.2 * random.standard_normal(shape)
        return basis @ core @ np.linalg.inv(basis)

    return made


Cases = tuple[tuple[str, tuple[Maker, ...]], ...]


def _systems(*rows: tuple[tuple[int, ...], int]) -> Cases:
    """(shape of the matrix, right-hand sides); the solution's gradient has the matrix's columns as its rows."""
    return tuple((f"{'x'.join(map(str, s))}-{k}", (_regular(*s), _plain(*s[:-1], k), _plain(*s[:-2], s[-1], k))) for s, k in rows)


def _common(*sizes: tuple[tuple[int, ...], int]) -> Cases:
    """One right-hand side for a batch of matrices."""
    return tuple((f"common-{'x'.join(map(str, s))}-{k}", (_regular(*s), _plain(s[-1], k), _plain(*s[:-1], k))) for s, k in sizes)


def _shaped(a: Callable[..., Maker], *sizes: tuple[int, ...]) -> Cases:
    return tuple(("x".join(map(str, s)), (a(*s), _plain(*s))) for s in sizes)


def _spectra(g: Callable[..., Maker]) -> Cases:
    kinds = (("real", _spectrum, (4, 4)), ("pairs", _turning, (4, 4)), ("odd", _turning, (3, 3)), ("one", _spectrum, (1, 1)), ("batch", _spectrum, (2, 3, 3)))
    return tuple((f"{name}-{'x'.join(map(str, s))}", (a(*s), g(*s))) for name, a, s in kinds)


def _row(*shape: int) -> Maker:
    return _plain(*shape[:-2], 1, shape[-1])


_TURNED = faults.transposed()
_SOLVED = (*_systems(((4, 4), 2), ((1, 1), 1), ((2, 3, 3), 3)), *_common(((4, 3, 3), 2), ((2, 2, 2), 2)))
_SIDES: tuple[dict[str, Json], ...] = ({"upper": False}, {"upper": True})

ALL: tuple[tuple[Any, ...], ...] = (
    (Matrices(id="lu", of="the LU factors with partial pivoting, for the pivots that were taken", formula=lu_gradient,
              cases=_shaped(_plain, (4, 4), (1, 1), (2, 3, 3), (5, 3), (3, 5))), _TURNED),
    (Shared(id="lu_solve", of="the solution of A X = B or A'X = B by the LU factors of A, for factors and B", formula=_lu_solve, cases=_SOLVED,
              settings=({"adjoint": False}, {"adjoint": True})), _TURNED),
    (Shared(id="cholesky_solve", of="the solution of A X = B by the Cholesky factor of A, for factor and B", formula=_cholesky_solve,
              cases=_SOLVED, settings=_SIDES), _TURNED),
    (Matrices(id="cholesky_inverse", of="the inverse of A by its Cholesky factor", formula=_cholesky_inverse,
              cases=_shaped(_regular, (4, 4), (1, 1), (2, 3, 3)), settings=_SIDES), _TURNED),
    (Matrices(id="lstsq", of="the least-squares solution of A X = B, of least norm where A is wide, A of full rank, for both", formula=_lstsq,
              cases=_systems(((5, 3), 2), ((4, 4), 1), ((3, 5), 2), ((2, 4, 2), 1)), settings=({"driver": "gels"}, {"driver": "gelsd"})), ),
    (Spectral(id="eigvals", of="the sums of the first n powers of the n eigenvalues of a general matrix", formula=eigvals_gradient,
              cases=_spectra(_row)), _TURNED),
    (Spectral(id="eig", of="V w^3 V^-1 by the eigenvectors and eigenvalues of a general matrix", formula=eig_gradient, cases=_spectra(_plain)), _TURNED),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(judged(m, *more, iterated=("lstsq",)) for m, *more in ALL)
