"""Gradients of linear algebra: solutions, inverses, determinants, factorisations, eigenvalues and singular values, matrix exponentials.

Functions of symmetric matrices are taken of (A + A') / 2, and those of factors that are fixed only up to signs or rotations of a product which is
not, so that every gradient is one matrix. The limit is what perturbations of the operands in the judged format do to the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.factorisations import cholesky, hermitian_eigen, singular
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.vector_jacobian import COMMON

DTYPES = ("float32", "float64")
RUNS = 12
NORMWISE = Scaled(
    c=3.0, c_hard=48.0,
    scale="3 n times the root mean square, over the matrix, of the change of the gradient under perturbations of the operands by u max|A|, in u",
    rationale="Elimination and orthogonal transformations give the result of operands that differ by at most 3 n u of their magnitude, n rows; the"
    " largest of a matrix of errors is three times their root mean square. The chain of such steps that a gradient is adds up like its longest.",
    literature="Higham 2002, theorems 9.4 and 19.4 (backward errors of solutions and factorisations); Giles 2008, Golub and Pereyra 1973 (differentials)",
)  # fmt: skip
ITERATED = replace(
    NORMWISE, c=30.0, c_hard=480.0,
    rationale="What iterates to eigenvalues or singular values is that of operands which differ by more than what eliminates: LAPACK's own tests accept"
    " 30 n u of the norm, ten times the 3 n u of elimination. The largest of a matrix of errors is three times their root mean square.",
    literature=f"Anderson et al. 1999, LAPACK Users' Guide, and its test programs (threshold 30); {NORMWISE.literature}",
)  # fmt: skip
"""Of functions that a library may compute by singular values or eigenvalues."""
Maker = Callable[[np.random.Generator], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrices:
    """The gradient of a function of matrices by the formula of its differential."""

    id: str
    of: str
    formula: Callable[..., tuple[Any, ...]]
    """(sample, *matrices, g) in extended precision -> gradients of one matrix each."""
    cases: tuple[tuple[str, tuple[Maker, ...]], ...]
    """(name, makers of operands and of the upstream gradient)."""
    settings: tuple[dict[str, Json], ...] = ({},)

    def samples(self) -> Iterable[Sample]:
        for i, (name, makers) in enumerate(self.cases):
            for j, how in enumerate(self.settings):
                for dtype in DTYPES:
                    label = "-".join([dtype, name, *(f"{k}={str(v).lower()}" for k, v in how.items())])
                    inputs = tuple(Tensor.of(m(seed_for(self.id, name, str(k))), dtype) for k, m in enumerate(makers))
                    yield Sample(name=label, dtype=dtype, inputs=inputs, params=params(**how), why=SampleClass.COVERING if i + j else SampleClass.ORDINARY)

    def _gradients(self, sample: Sample, arrays: list[Any]) -> tuple[Any, ...]:
        """Matrix by matrix of a batch; the batch is the leading axes of the first operand."""
        lead = arrays[0].shape[:-2]
        if not lead:
            return self.formula(sample, *arrays)
        made = [self.formula(sample, *(a[i] for a in arrays)) for i in np.ndindex(*lead)]
        return tuple(np.stack([m[k] for m in made]).reshape(*lead, *made[0][k].shape) for k in range(len(made[0])))

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        arrays = [extended(a) for a in sample.arrays()]
        u, random = ROUNDINGS[sample.dtype].store, seed_for("perturbed", self.id, sample.name)
        true = self._gradients(sample, arrays)
        squares = [np.zeros(()) for _ in true]
        for _ in range(RUNS):
            moved = [a + u * np.abs(a).max() * random.uniform(-1, 1, a.shape) for a in arrays]
            pairs = zip(squares, self._gradients(sample, moved), true, strict=True)
            squares = [s + ((y - t) ** 2).mean(axis=(-2, -1), keepdims=True) for s, y, t in pairs]
        growth = 3 * max(arrays[0].shape[-2:])
        return tuple(self._expected(sample, k, t, growth * np.sqrt(s / RUNS) / u) for k, (t, s) in enumerate(zip(true, squares, strict=True)))

    def _expected(self, sample: Sample, k: int, value: Any, scale: Any) -> Expected:
        wide = np.broadcast_to(np.asarray(scale, dtype=np.float64), value.shape)
        return expected_extended(value, dtype=sample.dtype, name=f"y{k}" if k else "y", radius=64 * U * wide, scale=wide, any_sign_of_zero=True)

    def function(self, *more: Fault) -> Function:
        return Function(
            id=f"grad_{self.id}", side=Side.TRAINING, area="gradients", requirement=f"The library shall return the vector-Jacobian product of {self.of}.",
            source="PyTorch documentation, torch.autograd and torch.linalg; differential by hand",
            oracle="formula of the differential in extended precision (2^-64)", samples=self.samples, reference=self.reference, criterion=NORMWISE,
            faults=(*COMMON, *more),
        )  # fmt: skip


def inverse(a: Any) -> Any:
    """By elimination with partial pivoting, of [A, I]."""
    n = len(a)
    rows = np.concatenate([a, np.eye(n, dtype=a.dtype)], axis=1)
    for j in range(n):
        p = j + int(np.abs(rows[j:, j]).argmax())
        rows[[j, p]] = rows[[p, j]]
        rows[j] = rows[j] / rows[j, j]
        rows = rows - np.where(np.arange(n) == j, 0, rows[:, j])[:, None] * rows[j]
    return rows[:, n:]


def determinant(a: Any) -> Any:
    """By expansion along the first row."""
    if len(a) == 1:
        return a[0, 0]
    return sum((-1) ** j * a[0, j] * determinant(np.delete(a[1:], j, axis=1)) for j in range(len(a)))


def exponential(a: Any) -> Any:
    """By the power series of A / 2^s, squared s times."""
    s = max(0, int(np.ceil(np.log2(float(np.abs(a).sum(axis=1).max())))) + 3)
    term = total = np.eye(len(a), dtype=a.dtype)
    for k in range(1, 25):
        term = term @ a / (2**s * np.longdouble(k))
        total = total + term
    for _ in range(s):
        total = total @ total
    return total


def _even(g: Any) -> Any:
    return (g + g.T) / 2


def _solve(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    back = inverse(a)
    at_b = back.T @ g
    return -at_b @ (back @ b).T, at_b


def _inv(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    back = inverse(a).T
    return (-back @ g @ back,)


def _det(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    return (g[0, 0] * determinant(a) * inverse(a).T,)


def _slogdet(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    return (g[0, 0] * inverse(a).T,)


def _cholesky(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    (low,) = cholesky(_even(a))
    inner = np.tril(low.T @ np.tril(g))
    inner[np.diag_indices(len(a))] /= 2
    back = inverse(low)
    return (_even(back.T @ inner @ back),)


def _triangular(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """What lies on the other side is not read and gets nothing."""
    half = np.triu if sample.param("upper") else np.tril
    back = inverse(half(a))
    at_b = back.T @ g
    return half(-at_b @ (back @ b).T), at_b


def _eigvalsh(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    _, v = hermitian_eigen(_even(a))
    return (v @ np.diag(g[0]) @ v.T,)


def _eigh(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of V w^3 V', the cube of the matrix."""
    s = _even(a)
    return (_even(g @ s @ s + s @ g @ s + s @ s @ g),)


def svdvals_gradient(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    u, s, v = singular(a)
    return ((u[:, : len(s)] * g[0]) @ v[: len(s)],)


def _svd(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of U s^3 V', which is A A' A."""
    return (g @ a.T @ a + a @ g.T @ a + a @ a.T @ g,)


def _left_inverse(a: Any) -> Any:
    return inverse(a.T @ a) @ a.T


def _pinv(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    p = _left_inverse(a)
    outer, inner = np.eye(len(a)) - a @ p, np.eye(a.shape[1]) - p @ a
    return (-p.T @ g @ p.T + outer @ g.T @ p @ p.T + p.T @ p @ g.T @ inner,)


def _qr(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of Q Q', the projection on the columns of A."""
    p = _left_inverse(a)
    return ((np.eye(len(a)) - a @ p) @ (g + g.T) @ p.T,)


def _matrix_exp(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """The upper right block of exp of [[A', g], [0, A']] (Higham 2008, 10.2)."""
    n = len(a)
    return (exponential(np.block([[a.T, g], [np.zeros_like(a), a.T]]))[:n, n:],)


def _plain(*shape: int) -> Maker:
    return lambda random: random.standard_normal(shape)


def _regular(*shape: int) -> Maker:
    """Columns that are far from dependent."""
    return lambda random: random.standard_normal(shape) + 3 * np.eye(shape[-2], shape[-1])


def _positive(*shape: int) -> Maker:
    def made(random: np.random.Generator) -> Any:
        a = random.standard_normal(shape)
        return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])

    return made


def _apart(m: int, n: int) -> Maker:
    """Singular values 1, 2, 3, ...; symmetric where square: eigenvalues of both signs, plus an odd part that the even part does not have."""

    def made(random: np.random.Generator) -> Any:
        u, v = (np.linalg.qr(random.standard_normal((k, k)))[0] for k in (m, n))
        size = np.arange(1.0, min(m, n) + 1)
        if m != n:
            return (u[:, : len(size)] * size) @ v[:, : len(size)].T
        odd = random.standard_normal((n, n))
        return (u * size * np.where(size % 2 == 0, -1, 1)) @ u.T + 0.25 * (odd - odd.T)

    return made


def _square(*sizes: tuple[int, ...], a: Callable[..., Maker] = _regular, g: Callable[..., Maker] | None = None) -> tuple[tuple[str, tuple[Maker, ...]], ...]:
    """Matrices of these shapes; the upstream gradient is of the same shape, or made by g(batch)."""
    return tuple(("x".join(map(str, s)), (a(*s), _plain(*s) if g is None else g(*s[:-2]))) for s in sizes)


def _systems(*rows: tuple[tuple[int, ...], int]) -> tuple[tuple[str, tuple[Maker, ...]], ...]:
    return tuple((f"{'x'.join(map(str, s))}-{k}", (_regular(*s), _plain(*s[:-1], k), _plain(*s[:-1], k))) for s, k in rows)


def _number(*batch: int) -> Maker:
    return _plain(*batch, 1, 1)


_SQUARES = ((4, 4), (1, 1), (2, 3, 3))
_TURNED = faults.transposed()

ALL = (
    (Matrices(id="solve", of="the solution of A X = B, for both", formula=_solve, cases=_systems(((4, 4), 2), ((6, 6), 1), ((2, 3, 3), 3))), _TURNED),
    (Matrices(id="inv", of="the inverse", formula=_inv, cases=_square(*_SQUARES)), _TURNED),
    (Matrices(id="det", of="the determinant", formula=_det, cases=_square(*_SQUARES, g=_number)), _TURNED),
    (Matrices(id="slogdet", of="the logarithm of the determinant's magnitude", formula=_slogdet, cases=_square(*_SQUARES, g=_number)), _TURNED),
    (Matrices(id="cholesky", of="the Cholesky factor of (A + A') / 2", formula=_cholesky, cases=_square(*_SQUARES, a=_positive)), ),
    (Matrices(id="solve_triangular", of="the solution of a triangular system, for matrix and right-hand side", formula=_triangular,
              cases=_systems(((4, 4), 2), ((2, 3, 3), 3)), settings=({"upper": False}, {"upper": True})), _TURNED),
    (Matrices(id="eigvalsh", of="the eigenvalues of (A + A') / 2", formula=_eigvalsh,
              cases=tuple((f"{n}x{n}", (_apart(n, n), _plain(1, n))) for n in (4, 6))), ),
    (Matrices(id="eigh", of="V w^3 V' by the eigenvectors and eigenvalues of (A + A') / 2", formula=_eigh,
              cases=tuple((f"{n}x{n}", (_apart(n, n), _plain(n, n))) for n in (3, 5))), ),
    (Matrices(id="svdvals", of="the singular values", formula=svdvals_gradient,
              cases=tuple((f"{m}x{n}", (_apart(m, n), _plain(1, min(m, n)))) for m, n in ((5, 3), (3, 4)))), ),
    (Matrices(id="svd", of="U s^3 V' by the singular vectors and values", formula=_svd,
              cases=tuple((f"{m}x{n}", (_apart(m, n), _plain(m, n))) for m, n in ((5, 3), (3, 4)))), ),
    (Matrices(id="pinv", of="the pseudo-inverse of a matrix of full column rank", formula=_pinv,
              cases=tuple((f"{m}x{n}", (_apart(m, n), _plain(n, m))) for m, n in ((5, 3), (4, 2)))), ),
    (Matrices(id="qr", of="Q Q' by the orthonormal factor of a matrix of full column rank", formula=_qr,
              cases=tuple((f"{m}x{n}", (_regular(m, n), _plain(m, m))) for m, n in ((5, 3), (4, 2)))), ),
    (Matrices(id="matrix_exp", of="the matrix exponential", formula=_matrix_exp, cases=_square((4, 4), (1, 1), (2, 3, 3), a=_plain)), _TURNED),
)  # fmt: skip

def judged(matrices: Matrices, *more: Fault, iterated: tuple[str, ...]) -> Function:
    """The function, by the criterion of iterations where its id is among these."""
    made = matrices.function(*more)
    return replace(made, criterion=ITERATED) if matrices.id in iterated else made


FUNCTIONS: tuple[Function, ...] = tuple(judged(m, *more, iterated=("eigvalsh", "eigh", "svdvals", "svd", "pinv")) for m, *more in ALL)
