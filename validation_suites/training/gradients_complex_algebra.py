"""Gradients of linear algebra of complex matrices, whose numbers are pairs of real ones in each row: [m, n] is [m, 2 n].

Functions of Hermitian matrices are taken of (A + A^H) / 2, and those of factors that are fixed only up to phases of a product which is not. A
gradient is d/dx + i d/dy of a real function of all parts (PyTorch's convention), by the differential with conjugate transposes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Sample
from csvkit_ml.references.factorisations import cholesky, hermitian_eigen
from validation_suites import faults
from validation_suites.training.gradients_algebra import Maker, Matrices, determinant, exponential, inverse, judged, svdvals_gradient
from validation_suites.training.gradients_complex import CONJUGATED
from validation_suites.training.gradients_factors import SPECTRAL, Cases, adjoint, eig_gradient, eigvals_gradient, lu_gradient


def to_complex(a: Any) -> Any:
    """Rows of pairs [..., m, 2 n] to complex numbers [..., m, n], exactly."""
    return a[..., 0::2] + 1j * a[..., 1::2]


def to_pairs(z: Any) -> Any:
    """And back."""
    return np.stack([z.real, z.imag], -1).reshape(*z.shape[:-1], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexMatrices(Matrices):
    """The gradient of a function of complex matrices."""

    real_upstream: bool = False
    """The function's values are real."""

    def _gradients(self, sample: Sample, arrays: list[Any]) -> tuple[Any, ...]:
        *leaves, g = arrays
        operands = [*map(to_complex, leaves), g if self.real_upstream else to_complex(g)]
        lead = g.shape[:-2]
        made = [self.formula(sample, *(a[i] for a in operands)) for i in np.ndindex(*lead)]
        return tuple(to_pairs(np.stack([m[k] for m in made]).reshape(*lead, *made[0][k].shape)) for k in range(len(made[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexSpectral(ComplexMatrices):
    """The gradient of a function of a general matrix by its eigenvalues and eigenvectors."""

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        vectors = np.linalg.eig(to_complex(sample.arrays()[0].astype(np.float64)))[1]
        amplified = np.linalg.cond(vectors)[..., None, None]
        return tuple(replace(e, scale=e.scale * amplified) for e in ComplexMatrices.reference(self, sample))

    def function(self, *more: Fault) -> Function:
        return replace(ComplexMatrices.function(self, *more), criterion=SPECTRAL)


def _even(a: Any) -> Any:
    return (a + adjoint(a)) / 2


def _solve(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    back = inverse(a)
    at_b = adjoint(back) @ g
    return -at_b @ adjoint(back @ b), at_b


def _inv(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    back = adjoint(inverse(a))
    return (-back @ g @ back,)


def _det(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    return (g[0, 0] * np.conj(determinant(a)) * adjoint(inverse(a)),)


def _slogdet(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    return (g[0, 0] * adjoint(inverse(a)),)


def _cholesky(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    (low,) = cholesky(_even(a))
    inner = np.tril(adjoint(low) @ np.tril(g))
    inner[np.diag_indices(len(a))] /= 2
    back = inverse(low)
    return (adjoint(back) @ _even(inner) @ back,)


def _triangular(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """What lies on the other side is not read and gets nothing."""
    back = inverse(np.triu(a))
    at_b = adjoint(back) @ g
    return np.triu(-at_b @ adjoint(back @ b)), at_b


def _eigvalsh(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    _, v = hermitian_eigen(_even(a))
    return ((v * g[0]) @ adjoint(v),)


def _eigh(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of V w^3 V^H, the cube of the matrix."""
    s = _even(a)
    return (_even(g @ s @ s + s @ g @ s + s @ s @ g),)


def _svd(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of U s^3 V^H, which is A A^H A."""
    h = adjoint(a)
    return (g @ h @ a + a @ adjoint(g) @ a + a @ h @ g,)


def _left_inverse(a: Any) -> Any:
    return inverse(adjoint(a) @ a) @ adjoint(a)


def _pinv(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    p = _left_inverse(a)
    h, outer, inner = adjoint(p), np.eye(len(a)) - a @ p, np.eye(a.shape[1]) - p @ a
    return (-h @ g @ h + outer @ adjoint(g) @ p @ h + h @ p @ adjoint(g) @ inner,)


def _qr(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of Q Q^H, the projection on the columns of A."""
    p = _left_inverse(a)
    return ((np.eye(len(a)) - a @ p) @ (g + adjoint(g)) @ adjoint(p),)


def _lstsq(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Tall, of full rank (Golub and Pereyra 1973)."""
    p = _left_inverse(a)
    x = p @ b
    return -adjoint(p) @ g @ adjoint(x) + (b - a @ x) @ adjoint(g) @ p @ adjoint(p), adjoint(p) @ g


def _matrix_exp(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """The upper right block of exp of [[A^H, g], [0, A^H]] (Higham 2008, 10.2)."""
    n, h = len(a), adjoint(a)
    return (exponential(np.block([[h, g], [np.zeros_like(a), h]]))[:n, n:],)


def _plain(*shape: int) -> Maker:
    return lambda random: random.standard_normal((*shape[:-1], 2 * shape[-1]))


def _row(*shape: int) -> Maker:
    """Real numbers."""
    return lambda random: random.standard_normal(shape)


def _regular(*shape: int) -> Maker:
    """Columns that are far from dependent."""
    return lambda random: to_pairs(to_complex(random.standard_normal((*shape[:-1], 2 * shape[-1]))) / 2 + (2 + 1j) * np.eye(shape[-2], shape[-1]))


def _positive(*shape: int) -> Maker:
    def made(random: np.random.Generator) -> Any:
        a = to_complex(random.standard_normal((*shape[:-1], 2 * shape[-1])))
        return to_pairs(a @ np.swapaxes(a.conj(), -1, -2) + np.eye(shape[-1]))

    return made


def _unitary(random: np.random.Generator, n: int) -> Any:
    return np.linalg.qr(to_complex(random.standard_normal((n, 2 * n))))[0]


def _apart(m: int, n: int) -> Maker:
    """Singular values 1, 2, 3, ...; Hermitian where square, of eigenvalues of both signs, plus an odd part that the even part does not have."""

    def made(random: np.random.Generator) -> Any:
        u, v = _unitary(random, m), _unitary(random, n)
        size = np.arange(1.0, min(m, n) + 1)
        if m != n:
            return to_pairs((u[:, : len(size)] * size) @ v[:, : len(size)].conj().T)
        odd = to_complex(random.standard_normal((n, 2 * n)))
        return to_pairs((u * size * np.where(size % 2 == 0, -1, 1)) @ adjoint(u) + 0.25 * (odd - adjoint(odd)))

    return made


def _shaped(a: Callable[..., Maker], *sizes: tuple[int, ...], g: Callable[..., Maker] | None = None) -> Cases:
    return tuple(("x".join(map(str, s)), (a(*s), _plain(*s) if g is None else g(*s))) for s in sizes)


def _systems(*rows: tuple[tuple[int, ...], int]) -> Cases:
    return tuple((f"{'x'.join(map(str, s))}-{k}", (_regular(*s), _plain(*s[:-1], k), _plain(*s[:-2], s[-1], k))) for s, k in rows)


_SQUARES = ((3, 3), (1, 1), (2, 2, 2))
_SOLVED = _systems(((3, 3), 2), ((2, 2, 2), 1))


SWAPPED = faults.changed("parts-swapped", "Real and imaginary parts are swapped.", lambda a: a.reshape(*a.shape[:-1], -1, 2)[..., ::-1].reshape(a.shape))


def _matrices(id: str, of: str, formula: Callable[..., Any], cases: Cases, real: bool = False) -> ComplexMatrices:
    return ComplexMatrices(id=f"complex_{id}", of=f"{of} of complex matrices", formula=formula, cases=cases, real_upstream=real)


ALL = (
    _matrices("solve", "the solution of A X = B, for both,", _solve, _SOLVED),
    _matrices("inv", "the inverse", _inv, _shaped(_regular, *_SQUARES)),
    _matrices("det", "the determinant", _det, _shaped(_regular, *_SQUARES, g=lambda *s: _plain(*s[:-2], 1, 1))),
    _matrices("slogdet", "the logarithm of the determinant's magnitude", _slogdet, _shaped(_regular, *_SQUARES, g=lambda *s: _row(*s[:-2], 1, 1)), True),
    _matrices("cholesky", "the Cholesky factor of (A + A^H) / 2", _cholesky, _shaped(_positive, *_SQUARES)),
    _matrices("solve_triangular", "the solution of an upper triangular system, for matrix and right-hand side,", _triangular, _SOLVED),
    _matrices("eigvalsh", "the eigenvalues of (A + A^H) / 2", _eigvalsh, _shaped(_apart, (3, 3), (4, 4), g=lambda m, n: _row(1, n)), True),
    _matrices("eigh", "V w^3 V^H by the eigenvectors and eigenvalues of (A + A^H) / 2", _eigh, _shaped(_apart, (3, 3), (4, 4))),
    _matrices("svdvals", "the singular values", svdvals_gradient, _shaped(_apart, (4, 2), (2, 3), g=lambda m, n: _row(1, min(m, n))), True),
    _matrices("svd", "U s^3 V^H by the singular vectors and values", _svd, _shaped(_apart, (4, 2), (2, 3))),
    _matrices("pinv", "the pseudo-inverse, of full column rank,", _pinv, _shaped(_apart, (4, 2), (3, 2), g=lambda m, n: _plain(n, m))),
    _matrices("qr", "Q Q^H by the orthonormal factor", _qr, _shaped(_regular, (4, 2), (3, 2), g=lambda m, n: _plain(m, m))),
    _matrices("lstsq", "the least-squares solution of A X = B, of full rank, for both,", _lstsq, _systems(((4, 2), 2), ((3, 3), 1))),
    _matrices("lu", "the LU factors with partial pivoting", lu_gradient, _shaped(_plain, (3, 3), (4, 2), (2, 3))),
    ComplexSpectral(id="complex_eigvals", of="the sums of the first n powers of the n eigenvalues of a complex matrix", formula=eigvals_gradient,
                    cases=_shaped(_regular, *_SQUARES, g=lambda *s: _plain(*s[:-2], 1, s[-1]))),
    ComplexSpectral(id="complex_eig", of="V w^3 V^-1 by the eigenvectors and eigenvalues of a complex matrix", formula=eig_gradient,
                    cases=_shaped(_regular, *_SQUARES)),
    _matrices("matrix_exp", "the matrix exponential", _matrix_exp, _shaped(_regular, *_SQUARES)),
)  # fmt: skip

ITERATIVE = tuple(f"complex_{name}" for name in ("det", "slogdet", "eigvalsh", "eigh", "svdvals", "svd", "pinv", "lstsq"))
FUNCTIONS: tuple[Function, ...] = tuple(judged(m, CONJUGATED, SWAPPED, iterated=ITERATIVE) for m in ALL)
