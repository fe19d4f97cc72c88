"""Matrix factorisations and spectra: LU, QR, singular values, eigenvalues; judged by residual and orthogonality."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.criteria.decompositions import Eigenpairs, HermitianPairs, LuFactors, QrFactors, SingularTriplets
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.factorisations import batched, hermitian_eigen, lu, qr, singular
from csvkit_ml.references.matrices import balls
from validation_suites import faults
from validation_suites.sampling.matrices import (
    DTYPES_SOLVED,
    conditioned,
    gaussian,
    hermitian,
    of_rank,
    real_of,
    steep,
    stored,
    with_eigenvalues,
)  # fmt: skip

SHAPES: dict[str, tuple[int, ...]] = {
    "square": (9, 9), "tall": (13, 6), "wide": (5, 11), "batched": (2, 3, 6, 4), "one": (1, 1), "row": (1, 7), "column": (7, 1),
}  # fmt: skip
EMPTY: dict[str, tuple[int, ...]] = {"nothing": (0, 0), "no-rows": (0, 4), "no-columns": (4, 0), "no-matrices": (0, 3, 3)}
EDGES = (2, 3, 8, 16, 17, 33)
AREA = "linear algebra"
SOURCE = "PyTorch documentation, torch.linalg; LAPACK Users' Guide"
Made = Iterable[tuple[str, Array, SampleClass]]


def general(id: str, dtype: str, *, edges: bool = True) -> Made:
    """Rectangular matrices: ordinary, batched, ill-conditioned, rank deficient, graded, of special structure, empty."""
    for name, shape in SHAPES.items():
        yield name, gaussian(dtype, shape, id, name), SampleClass.ORDINARY if name in ("square", "tall", "wide") else SampleClass.EDGE
    yield "ill-conditioned", conditioned(dtype, 10, 8, steep(dtype), id), SampleClass.CONDITIONED
    yield "rank3", of_rank(dtype, 8, 6, 3, id), SampleClass.CONDITIONED
    yield "graded", gaussian(dtype, (8, 8), id, "graded") * 2.0 ** np.linspace(-18, 18, 8).round(), SampleClass.CONDITIONED
    yield "orthogonal", np.linalg.qr(gaussian(dtype, (7, 7), id, "orthogonal"))[0], SampleClass.CONDITIONED
    yield "zero", np.zeros((4, 3)), SampleClass.SPECIAL
    yield "identity", np.eye(5), SampleClass.SPECIAL
    yield "large", gaussian(dtype, (6, 6), id, "large") * 2.0**60, SampleClass.SPECIAL
    yield "small", gaussian(dtype, (6, 6), id, "small") * 2.0**-60, SampleClass.SPECIAL
    for n in EDGES if edges and dtype == "float32" else ():
        yield f"n{n}", gaussian(dtype, (n, n), id, "edge"), SampleClass.EDGE
    for name, shape in EMPTY.items():
        yield name, np.zeros(shape), SampleClass.EDGE


def symmetric(id: str, dtype: str) -> Made:
    """Hermitian matrices: ordinary, batched, clustered, repeated, indefinite and singular spectra, diagonal, empty."""
    yield "ordinary", hermitian(gaussian(dtype, (9, 9), id, "ordinary")), SampleClass.ORDINARY
    yield "batched", hermitian(gaussian(dtype, (2, 3, 5, 5), id, "batched")), SampleClass.EDGE
    yield "graded", with_eigenvalues(dtype, np.geomspace(1, 1 / steep(dtype), 8), id), SampleClass.CONDITIONED
    yield "clustered", with_eigenvalues(dtype, 1 + np.arange(7) * 1e-6, id), SampleClass.CONDITIONED
    yield "repeated", with_eigenvalues(dtype, np.array([-2.0, -2, 1, 1, 1, 3]), id), SampleClass.CONDITIONED
    low = of_rank(dtype, 7, 3, 3, id)
    yield "rank3", low @ low.conj().T, SampleClass.CONDITIONED
    yield "diagonal", np.diag([3.0, -1, 0, 7, -1]), SampleClass.SPECIAL
    yield "zero", np.zeros((4, 4)), SampleClass.SPECIAL
    yield "large", hermitian(gaussian(dtype, (6, 6), id, "large")) * 2.0**60, SampleClass.SPECIAL
    for n in (1, *EDGES) if dtype == "float32" else (1, 2, 17):
        yield f"n{n}", hermitian(gaussian(dtype, (n, n), id, "edge")), SampleClass.EDGE
    for name in ("nothing", "no-matrices"):
        yield name, np.zeros(EMPTY[name]), SampleClass.EDGE


def square(id: str, dtype: str) -> Made:
    """General square matrices with eigenvalues that are well and badly conditioned, complex pairs, normal and nearly normal ones."""
    yield "ordinary", gaussian(dtype, (8, 8), id, "ordinary"), SampleClass.ORDINARY
    yield "batched", gaussian(dtype, (2, 2, 5, 5), id, "batched"), SampleClass.EDGE
    yield "rotation", np.linalg.qr(gaussian(dtype, (6, 6), id, "rotation"))[0], SampleClass.CONDITIONED
    companion = np.diag(np.ones(4), -1)
    companion[:, -1] = [120, -274, 225, -85, 15]
    yield "companion", companion, SampleClass.CONDITIONED
    yield "triangular", np.triu(gaussian(dtype, (6, 6), id, "triangular")) + np.diag(np.arange(6.0)), SampleClass.CONDITIONED
    yield "symmetric", hermitian(gaussian(dtype, (7, 7), id, "symmetric")), SampleClass.CONDITIONED
    yield "diagonal", np.diag([3.0, -1, 0.5, 7]), SampleClass.SPECIAL
    for n in (1, *EDGES[:5]) if dtype == "float32" else (1, 2):
        yield f"n{n}", gaussian(dtype, (n, n), id, "edge"), SampleClass.EDGE
    for name in ("nothing", "no-matrices"):
        yield name, np.zeros(EMPTY[name]), SampleClass.EDGE


def each_dtype(id: str, made: Callable[[str, str], Made], **more: Any) -> Callable[[], Iterable[Sample]]:
    """Samples of one matrix over dtypes and the choices of `more` (a tuple of values a parameter)."""

    def samples() -> Iterable[Sample]:
        for dtype in DTYPES_SOLVED:
            for name, a, why in made(id, dtype):
                for key, values in more.items() or (("", ("",)),):
                    for value in values:
                        p = params(**{key: value}) if key else ()
                        tag = f"-{value}".lower() if key else ""
                        yield Sample(name=f"{dtype}-{name}{tag}", dtype=dtype, inputs=(stored(a, dtype),), params=p, why=why)

    return samples


def plain(a: Array) -> Array:
    """To double or complex double."""
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)


def outputs(dtypes: tuple[str, ...], results: tuple[Array, ...], **extra: Array) -> tuple[Expected, ...]:
    """Expected outputs y, y1, ... whose first carries the operands of the relations."""
    made = [
        Expected(name=f"y{i}" if i else "y", dtype=d, value=plain(v), any_sign_of_zero=True)
        for i, (d, v) in enumerate(zip(dtypes, results, strict=True))
    ]  # fmt: skip
    return (replace(made[0], extra=extra), *made[1:])


def _extents(a: Array) -> tuple[int, int, int]:
    m, n = a.shape[-2:]
    return m, n, min(m, n)


def _lu(sample: Sample) -> tuple[Expected, ...]:
    (a,), d = sample.arrays(), sample.dtype
    m, n, k = _extents(a)
    return outputs((d, d, d), batched(lu, a, (m, m), (m, k), (k, n)) if a.size else _no_lu(a), a=a)


def _no_lu(a: Array) -> tuple[Array, ...]:
    """Of an empty matrix: the identity permutation and empty factors (unit diagonal)."""
    m, n, k = _extents(a)
    lead = a.shape[:-2]
    return np.broadcast_to(np.eye(m), (*lead, m, m)), np.broadcast_to(np.eye(m, k), (*lead, m, k)), np.zeros((*lead, k, n))


def _qr(sample: Sample) -> tuple[Expected, ...]:
    (a,), d, mode = sample.arrays(), sample.dtype, sample.param("mode")
    m, n, k = _extents(a)
    rows = m if mode == "complete" else k
    q, r = batched(lambda x: qr(x, mode == "complete"), a, (m, rows), (rows, n)) if a.size else (
        np.broadcast_to(np.eye(m, rows), (*a.shape[:-2], m, rows)), np.zeros((*a.shape[:-2], rows, n)))  # fmt: skip
    return outputs((d,), (r,), a=a) if mode == "r" else outputs((d, d), (q, r), a=a)


def _triplets(a: Array) -> tuple[Array, Array, Array]:
    m, n, k = _extents(a)
    if a.size:
        u, s, vh = batched(singular, a, (m, m), (k,), (n, n))
        return u, s.real, vh
    lead = a.shape[:-2]
    return np.broadcast_to(np.eye(m), (*lead, m, m)), np.zeros((*lead, k)), np.broadcast_to(np.eye(n), (*lead, n, n))


def _svd(sample: Sample) -> tuple[Expected, ...]:
    (a,), d = sample.arrays(), sample.dtype
    u, s, vh = _triplets(a)
    if not sample.param("full"):
        u, vh = u[..., : s.shape[-1]], vh[..., : s.shape[-1], :]
    return outputs((d, real_of(d), d), (u, s, vh), a=a, values=s)


def spectrum(values: Array, sample: Sample, extent: int) -> tuple[Expected, ...]:
    """Values judged on n times the largest."""
    size = np.abs(values).max(-1, keepdims=True).astype(np.float64) if values.size else 0.0
    scale = np.broadcast_to(max(1, extent) * np.asarray(size), values.shape)
    wide = values.astype(np.float64)
    return (Expected(name="y", dtype=real_of(sample.dtype), value=wide, low=(values - wide).astype(np.float64), radius=2.0**-60 * scale,
                     scale=scale, any_sign_of_zero=True),)  # fmt: skip


def _svdvals(sample: Sample) -> tuple[Expected, ...]:
    (a,) = sample.arrays()
    return spectrum(_triplets(a)[1], sample, max(a.shape[-2:]))


def _pairs(a: Array) -> tuple[Array, Array]:
    n = a.shape[-1]
    w, v = batched(hermitian_eigen, a, (n,), (n, n))
    return w.real, v


def _garbage(a: Array, uplo: str) -> Array:
    """Other numbers in the triangle that is not to be read."""
    other = np.triu(np.ones(a.shape[-2:]), 1) if uplo == "L" else np.tril(np.ones(a.shape[-2:]), -1)
    return np.asarray(np.where(other != 0, 17.5, a).astype(a.dtype))


def _one_triangle(id: str) -> Callable[[], Iterable[Sample]]:
    """Both triangles for ordinary use and batches, with other numbers in the triangle that is not to be read; the lower one for all else."""

    def samples() -> Iterable[Sample]:
        for sample in each_dtype(id, symmetric, uplo=("L", "U"))():
            both = any(kind in sample.name for kind in ("ordinary", "batched"))
            if both:
                yield replace(sample, inputs=(Tensor.of(_garbage(sample.arrays()[0], str(sample.param("uplo")))),))
            elif sample.param("uplo") == "L":
                yield sample

    return samples


def _meant(sample: Sample) -> Array:
    """The Hermitian matrix of the triangle that is read."""
    (a,) = sample.arrays()
    kept, diagonal = (np.tril(a, -1) if sample.param("uplo") == "L" else np.triu(a, 1)), np.eye(a.shape[-1]) * a.real
    return np.asarray((kept + np.swapaxes(kept, -1, -2).conj() + diagonal).astype(a.dtype))


def _eigh(sample: Sample) -> tuple[Expected, ...]:
    a = _meant(sample)
    w, v = _pairs(a)
    return outputs((real_of(sample.dtype), sample.dtype), (w, v), a=a, values=w)


def _eigvalsh(sample: Sample) -> tuple[Expected, ...]:
    a = _meant(sample)
    return spectrum(_pairs(a)[0], sample, a.shape[-1])


def _certified_pairs(a: Array) -> tuple[Array, Array]:
    """(w, V) from enclosures of all eigenvalues, in no particular order; columns of norm 1."""
    with flint.ctx.workprec(256):
        made = balls(a)
        exact = made if isinstance(made, flint.acb_mat) else flint.acb_mat(made)
        w, right = exact.eig(right=True)
        v = np.array([[complex(right[i, j]) for j in range(len(a))] for i in range(len(a))])
        return np.array([complex(z) for z in w]), v / np.sqrt((np.abs(v) ** 2).sum(0))


def _eig_of(sample: Sample) -> tuple[Array, Array]:
    (a,) = sample.arrays()
    n = a.shape[-1]
    made = [_certified_pairs(m) for m in a.reshape(-1, n, n)] if a.size else []
    w, v = (np.array([m[i] for m in made]).reshape(*a.shape[:-2], *s) for i, s in ((0, (n,)), (1, (n, n))))
    return w.astype(np.complex128), v.astype(np.complex128)


def _complex_of(dtype: str) -> str:
    return "complex64" if dtype in ("float32", "complex64") else "complex128"


def _eig(sample: Sample) -> tuple[Expected, ...]:
    return outputs((_complex_of(sample.dtype),) * 2, _eig_of(sample), a=sample.arrays()[0])


def _eigvals(sample: Sample) -> tuple[Expected, ...]:
    return outputs((_complex_of(sample.dtype),), _eig_of(sample)[:1], a=sample.arrays()[0])


def on(which: int, id: str, sentence: str, change: Callable[[Array], Array | None]) -> Fault:
    """A change of one output; None or no difference = does not apply."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        if which >= len(results) or results[which].size == 0:
            return None
        out = change(results[which])
        if out is None or out.tobytes() == results[which].tobytes():
            return None
        return tuple(out.astype(r.dtype) if i == which else r for i, r in enumerate(results))

    return Fault(id=id, sentence=sentence, apply=apply)


def _reordered(a: Array) -> Array | None:
    return a[..., ::-1].copy() if a.shape[-1] > 1 else None


def _off(a: Array) -> Array:
    return np.asarray(a * (1 + 1e-4))


def _tilted(a: Array) -> Array | None:
    """The last column leans towards the first."""
    if a.shape[-1] < 2:
        return None
    out = a.copy()
    out[..., -1] += a[..., 0] / 1000
    return out


def _conjugated(a: Array) -> Array | None:
    return a.conj() if a.dtype.kind == "c" else None


def _twice(a: Array) -> Array | None:
    """One eigenvalue is given twice, another is lost."""
    if a.shape[-1] < 2:
        return None
    out = a.copy()
    out[..., 0] = out[..., -1]
    return out


COMMON = (faults.TF32_INPUTS, faults.one_element(), faults.stale())
OTHER_TRIANGLE = faults.other_params("other-triangle", "The other triangle is read.", uplo=lambda v: {"L": "U", "U": "L"}[v])
TILTED, OFF = on(1, "not-orthogonal", "A vector leans towards another.", _tilted), "Off by a relative 1e-4."
JACOBI = "Jacobi rotations in extended precision (2^-64); relations are formed in extended precision with the stored matrix"
VALUES = Scaled(
    c=10.0, c_hard=30.0, scale="n max |w|",
    rationale="Hermitian eigenvalues move by at most the norm of the perturbation (Weyl), p(n) u times the largest.",
    literature="Golub and Van Loan 2013, 8.1; LAPACK test ratios (< 30)",
)  # fmt: skip
SINGULAR_VALUES = Scaled(
    c=30.0, c_hard=60.0, scale="max(m, n) s_1",
    rationale="Singular values move by at most the norm of the perturbation; with vectors the iteration may neglect elements of 10 to 100 u.",
    literature="Golub and Van Loan 2013, 8.6; LAPACK, xBDSQR; LAPACK test ratios (< 30 in units of 2u)",
)  # fmt: skip


def factorisation(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], criterion: Criterion,
    *more: Fault, oracle: str = JACOBI,
) -> Function:  # fmt: skip
    """A function of this area."""
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {requirement}.", source=SOURCE, oracle=oracle,
        samples=samples, reference=reference, criterion=criterion, faults=(*COMMON, *more),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    factorisation(
        "lu", "P, L and U with A = P L U, by partial pivoting", each_dtype("lu", general), _lu, LuFactors(),
        on(0, "inverse-permutation", "The permutation is the inverse one.", lambda p: np.ascontiguousarray(np.swapaxes(p, -1, -2))),
        on(2, "factor-off", OFF, _off), on(1, "other-pivots", "Rows of L are exchanged.", lambda a: a[..., ::-1, :].copy()),
        oracle="elimination in extended precision (2^-64); relations are formed in extended precision",
    ),
    factorisation(
        "qr", "Q with orthonormal columns and upper triangular R with A = Q R, reduced, complete, or R alone",
        each_dtype("qr", general, mode=("reduced", "complete", "r")), _qr, QrFactors(),
        on(0, "not-orthogonal", "A column of Q leans towards another.", _tilted), on(1, "factor-off", OFF, _off),
        on(0, "conjugated", "The first factor is conjugated.", _conjugated), on(1, "below-the-diagonal", "R is not triangular.", lambda r: r + 1e-3),
        oracle="Gram-Schmidt in three passes in extended precision (2^-64); relations are formed in extended precision",
    ),
    factorisation(
        "svd", "U, s and V' with A = U diag(s) V', U and V orthonormal, s descending and not negative, reduced and full",
        each_dtype("svd", general, full=(False, True)), _svd, SingularTriplets(),
        on(0, "not-orthogonal", "A left vector leans towards another.", _tilted), on(1, "values-off", OFF, _off),
        on(1, "ascending", "The values are in ascending order.", _reordered), on(2, "conjugated", "V is returned for V'.", _conjugated),
    ),
    factorisation(
        "svdvals", "the singular values in descending order", each_dtype("svdvals", general), _svdvals, SINGULAR_VALUES,
        on(0, "values-off", OFF, _off), on(0, "ascending", "The values are in ascending order.", _reordered),
    ),
    factorisation(
        "eigh", "the eigenvalues in ascending order and orthonormal eigenvectors of the Hermitian matrix of one triangle", _one_triangle("eigh"),
        _eigh, HermitianPairs(), TILTED, OTHER_TRIANGLE, on(0, "descending", "The values are in descending order.", _reordered),
        on(1, "conjugated", "The vectors are conjugated.", _conjugated), on(0, "values-off", OFF, _off),
    ),
    factorisation(
        "eigvalsh", "the eigenvalues of the Hermitian matrix of one triangle, ascending", _one_triangle("eigvalsh"), _eigvalsh, VALUES,
        OTHER_TRIANGLE, on(0, "values-off", OFF, _off), on(0, "descending", "The values are in descending order.", _reordered),
    ),
    factorisation(
        "eig", "all eigenvalues and eigenvectors of norm 1 of a general square matrix", each_dtype("eig", square), _eig, Eigenpairs(),
        on(1, "vectors-exchanged", "Vectors are paired with other values.", _reordered), on(0, "values-off", OFF, _off),
        on(1, "not-normalised", "The vectors are not of norm 1.", lambda v: 1.01 * v), on(0, "conjugated", "The values are conjugated.", _conjugated),
        oracle="certified enclosures of all eigenpairs (Arb)",
    ),
    factorisation(
        "eigvals", "all eigenvalues of a general square matrix", each_dtype("eigvals", square), _eigvals, Eigenpairs(),
        on(0, "one-lost", "One eigenvalue is given twice, another is lost.", _twice), on(0, "values-off", OFF, _off),
        oracle="certified enclosures of all eigenvalues (Arb)",
    ),
)  # fmt: skip
