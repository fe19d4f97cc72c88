"""Dense solvers that training and calibration rest on: linear systems, Cholesky factors, least squares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import BackwardError, CholeskyFactor, Each, Exact, LeastSquares, Scaled
from csvkit_ml.criteria.residuals import frobenius
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.factorisations import batched, cholesky, wide_matrix
from csvkit_ml.references.matrices import adjoint, certified, least_squares, minimum_norm
from validation_suites import faults
from validation_suites.sampling.matrices import (
    DTYPES_SOLVED,
    SINGLE,
    conditioned,
    definite,
    gaussian,
    of_rank,
    steep,
    stored,
    with_eigenvalues,
)  # fmt: skip

BALLS = "certified: ball arithmetic of 512 bits on the stored data (Arb)"
EDGES = (1, 2, 7, 16, 17, 33, 64)
AREA = "solvers"


def system(id: str, name: str, dtype: str, a: Array, b: Array, why: SampleClass = SampleClass.ORDINARY, **more: Any) -> Sample:
    """A sample of a matrix and a right-hand side, both rounded to dtype."""
    return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(stored(a, dtype), stored(b, dtype)), params=params(**more), why=why)


def _solve_samples() -> Iterable[Sample]:
    """Matrices [..., n, n]; right-hand sides [n] or [..., n, k]."""
    for dtype in DTYPES_SOLVED:

        def g(*shape: int, tag: str = "", dtype: str = dtype) -> Array:
            return gaussian(dtype, shape, "solve", tag or str(shape))

        yield system("solve", "vector", dtype, g(12, 12), g(12))
        yield system("solve", "columns", dtype, g(12, 12), g(12, 5))
        yield system("solve", "batched", dtype, g(2, 3, 6, 6), g(2, 3, 6, 2), SampleClass.COVERING)
        yield system("solve", "broadcast", dtype, g(3, 1, 7, 7), g(2, 7, 1), SampleClass.COVERING)
        yield system("solve", "ill-conditioned", dtype, conditioned(dtype, 10, 10, steep(dtype), "solve"), g(10, 3), SampleClass.CONDITIONED)
        grade = 2.0 ** np.linspace(-20, 20, 9).round()
        yield system("solve", "graded", dtype, g(9, 9) * grade[:, None], g(9, 2) * grade[:, None], SampleClass.CONDITIONED)
        shifted = np.roll(np.triu(g(8, 8)) + 3 * np.eye(8), 1, axis=0)
        yield system("solve", "zero-pivots", dtype, shifted, g(8, 2), SampleClass.CONDITIONED)
    for n in EDGES:
        yield system("solve", f"n{n}", "float32", gaussian("float32", (n, n), "solve", "n"), gaussian("float32", (n, 2), "solve", "b"), SampleClass.EDGE)
    for name, a, b in (("nothing", (0, 0), (0, 3)), ("no-columns", (4, 4), (4, 0)), ("no-matrices", (0, 3, 3), (0, 3, 2))):
        yield system("solve", name, "float64", gaussian("float64", a, "solve"), gaussian("float64", b, "solve"), SampleClass.EDGE)


def _columns(sample: Sample) -> tuple[Array, Array]:
    """Matrix and right-hand sides as columns."""
    a, b = sample.arrays()
    return a, b[..., None] if b.ndim == 1 else b


def related(made: Expected, a: Array, b: Array, shape: tuple[int, ...]) -> Expected:
    """With what the relation needs, in the output's shape."""
    assert made.low is not None
    value, low, radius = (np.asarray(v).reshape(shape) for v in (made.value, made.low, made.radius))
    return replace(made, value=value, low=low, radius=radius, extra={"a": a, "b": b})


def _solve(sample: Sample) -> tuple[Expected, ...]:
    a, b = _columns(sample)
    made = certified(lambda x, y: x.solve(y), a, b, shape=b.shape[-2:], dtype=sample.dtype)
    return (related(made, a, b, made.shape[:-1] if sample.arrays()[1].ndim == 1 else made.shape),)


def _transposed_system(sample: Sample) -> Sample:
    a = sample.arrays()[0]
    return replace(sample, inputs=(Tensor.of(np.swapaxes(a, -1, -2)), *sample.inputs[1:]))


def in_half_precision(solve: Callable[[Array, Array], Array]) -> Fault:
    """Solved in float32 although the data are double."""

    def compute(sample: Sample) -> Array | None:
        if sample.dtype != "float64" or not all(t.data for t in sample.inputs):
            return None
        a, b = (x.astype(np.float32) for x in sample.arrays())
        return np.asarray(solve(a, b))

    return faults.computed("single-precision", "Double data are solved in single precision.", compute)


def _no_pivoting(sample: Sample) -> Array | None:
    """Gaussian elimination without row exchanges, in the data's own precision."""
    a, b = (x.copy() for x in _columns(sample))
    if a.ndim != 2 or a.size == 0:
        return None
    for k in range(len(a) - 1):
        factor = a[k + 1 :, k : k + 1] / a[k, k]
        a[k + 1 :], b[k + 1 :] = a[k + 1 :] - factor * a[k], b[k + 1 :] - factor * b[k]
    for k in reversed(range(len(a))):
        b[k] = (b[k] - a[k, k + 1 :] @ b[k + 1 :]) / a[k, k]
    return b


def _definite_samples() -> Iterable[Sample]:
    """Hermitian positive definite [..., n, n]."""
    for dtype in DTYPES_SOLVED:
        for upper in (False, True):

            def sample(
                name: str, a: Array, why: SampleClass = SampleClass.CONDITIONED, dtype: str = dtype, upper: bool = upper
            ) -> Sample:  # fmt: skip
                full = f"{dtype}-{name}-{'upper' if upper else 'lower'}"
                return Sample(name=full, dtype=dtype, inputs=(stored(a, dtype),), params=params(upper=upper), why=why)

            yield sample("ordinary", definite(dtype, (12, 12), "cholesky"), SampleClass.ORDINARY)
            yield sample("batched", definite(dtype, (2, 3, 5, 5), "cholesky"), SampleClass.COVERING)
            yield sample("ill-conditioned", with_eigenvalues(dtype, np.geomspace(1, 1 / steep(dtype), 9), "cholesky"))
            grade = 2.0 ** np.linspace(-15, 15, 8).round()
            yield sample("graded", definite(dtype, (8, 8), "cholesky") * np.outer(grade, grade))
            yield sample("diagonal", np.diag(grade))
            for n in EDGES if dtype == "float32" else (1, 2, 17):
                yield sample(f"n{n}", definite(dtype, (n, n), "cholesky"), SampleClass.EDGE)
            for name, shape in (("nothing", (0, 0)), ("no-matrices", (0, 3, 3))):
                yield sample(name, np.zeros(shape), SampleClass.EDGE)


def _cholesky(sample: Sample) -> tuple[Expected, ...]:
    (a,) = sample.arrays()
    (low,) = batched(cholesky, a, a.shape[-2:])
    value = np.swapaxes(low, -1, -2).conj() if sample.param("upper") else low
    plain = np.complex128 if a.dtype.kind == "c" else np.float64
    return (Expected(name="y", dtype=sample.dtype, value=value.astype(plain), extra={"a": a}, any_sign_of_zero=True),)


def _cholesky_criterion(sample: Sample) -> Criterion:
    return CholeskyFactor(upper=bool(sample.param("upper")))


def _other_triangle(a: Array) -> Array:
    """The unused triangle is not cleared."""
    out = a.copy()
    mask = np.tri(a.shape[-1], k=-1, dtype=bool)
    lower = not np.triu(a, 1).any()
    out[..., mask.T if lower else mask] = 1.0
    return out


def _info_samples() -> Iterable[Sample]:
    """Hermitian matrices whose leading minor of order k is the first that is not positive (k = 0: none)."""
    for dtype in DTYPES_SOLVED:
        for name, orders in (("definite", (0,)), ("first", (1,)), ("middle", (4,)), ("last", (7,)), ("batched", (0, 3, 7, 1, 0, 2))):
            a = definite(dtype, (len(orders), 7, 7), "info", name)
            for i, k in enumerate(orders):
                if k:
                    a[i, k - 1, k - 1] -= 50.0
            inputs = (stored(a if len(orders) > 1 else a[0], dtype),)
            why = SampleClass.COVERING if name == "batched" else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, params=params(upper=False), why=why)
    zero = (Tensor.of(np.zeros((3, 3))),)
    yield Sample(name="float64-zero", dtype="float64", inputs=zero, params=params(upper=False), why=SampleClass.SPECIAL)


def _first_not_positive(a: Array) -> int:
    """Order of the first leading minor that is not positive, by elimination in extended precision; 0 = none."""
    rest = wide_matrix(a).copy()
    for k in range(len(rest)):
        if not rest[k, k].real > 0:
            return k + 1
        rest[k + 1 :] -= rest[k + 1 :, k : k + 1] / rest[k, k] * rest[k]
    return 0


def _info(sample: Sample) -> tuple[Expected, ...]:
    (a,) = sample.arrays()
    made = [_first_not_positive(m) for m in a.reshape(-1, *a.shape[-2:])]
    return (exactly(np.array(made, dtype=np.int32).reshape(a.shape[:-2]), dtype="int32"),)


def _factor_samples() -> Iterable[Sample]:
    """A triangular factor [..., n, n] with positive diagonal and right-hand sides [..., n, k]."""
    for dtype in DTYPES_SOLVED:
        for upper in (False, True):
            for name, shape, k in (("ordinary", (11, 11), 3), ("batched", (2, 3, 6, 6), 2), ("n1", (1, 1), 1), ("n33", (33, 33), 2), ("nothing", (0, 0), 2)):
                low = np.tril(gaussian(dtype, shape, "factor"), -1) / 2 + np.eye(shape[-1]) * (1.5 + np.abs(gaussian("float64", shape, "diagonal")))
                a = np.swapaxes(low, -1, -2).conj() if upper else low
                why = SampleClass.ORDINARY if name == "ordinary" else SampleClass.EDGE
                b = gaussian(dtype, (*shape[:-1], k), "factor b")
                yield system("cholesky_solve", f"{name}-{'upper' if upper else 'lower'}", dtype, a, b, why, upper=upper)
            grade = 2.0 ** np.linspace(-8, 8, 9).round()
            steep_factor = np.tril(gaussian(dtype, (9, 9), "factor steep"), -1) / 4 + np.diag(grade)
            a = steep_factor.conj().T if upper else steep_factor
            b = gaussian(dtype, (9, 2), "factor steep b")
            yield system("cholesky_solve", f"graded-{'upper' if upper else 'lower'}", dtype, a, b, SampleClass.CONDITIONED, upper=upper)


def _cholesky_solve(sample: Sample) -> tuple[Expected, ...]:
    factor, b = sample.arrays()
    low = np.swapaxes(factor, -1, -2).conj() if sample.param("upper") else factor
    made = certified(lambda x, y: adjoint(x).solve(x.solve(y)), low, b, shape=b.shape[-2:], dtype=sample.dtype)
    wide = wide_matrix(low)
    return (related(made, wide @ np.swapaxes(wide, -1, -2).conj(), b, made.shape),)


def _tall_samples() -> Iterable[Sample]:
    """Full column rank [..., m, n], m >= n; right-hand sides [..., m, k] with small and with large residuals."""
    for dtype in DTYPES_SOLVED:

        def g(*shape: int, tag: str = "", dtype: str = dtype) -> Array:
            return gaussian(dtype, shape, "tall", tag or str(shape))

        yield system("least_squares", "ordinary", dtype, g(24, 6), g(24, 1))
        yield system("least_squares", "columns", dtype, g(20, 5), g(20, 4))
        yield system("least_squares", "batched", dtype, g(2, 3, 9, 4), g(2, 3, 9, 2), SampleClass.COVERING)
        yield system("least_squares", "square", dtype, g(8, 8), g(8, 2), SampleClass.EDGE)
        yield system("least_squares", "one-column", dtype, g(17, 1), g(17, 2), SampleClass.EDGE)
        yield system("least_squares", "n1", dtype, g(1, 1), g(1, 1), SampleClass.EDGE)
        a = conditioned(dtype, 20, 7, steep(dtype), "tall")
        yield system("least_squares", "ill-conditioned", dtype, a, a @ g(7, 2) + 1e-6 * g(20, 2), SampleClass.CONDITIONED)
        yield system("least_squares", "large-residual", dtype, conditioned(dtype, 20, 6, 100.0, "far"), 100 * g(20, 2), SampleClass.CONDITIONED)
        moments = np.vander(np.linspace(0, 1, 30), 6 if dtype in SINGLE else 10, increasing=True)
        yield system("least_squares", "polynomial", dtype, moments, moments.sum(1, keepdims=True), SampleClass.CONDITIONED)
    for m, n in ((33, 17), (65, 32), (200, 3)):
        pair = gaussian("float32", (m, n), "tall"), gaussian("float32", (m, 2), "tall b")
        yield system("least_squares", f"{m}x{n}", "float32", *pair, SampleClass.EDGE)


def _tall(sample: Sample) -> tuple[Expected, ...]:
    a, b = sample.arrays()
    made = certified(least_squares, a, b, shape=(a.shape[-1], b.shape[-1]), dtype=sample.dtype)
    return (related(made, a, b, made.shape),)


def _normal_equations(sample: Sample) -> Array | None:
    """Through A'A formed in the data's precision: the condition number is squared."""
    a, b = sample.arrays()
    turned = np.swapaxes(a, -1, -2).conj()
    try:
        return np.asarray(np.linalg.solve(turned @ a, turned @ b))
    except np.linalg.LinAlgError:
        return None


def _wide_samples() -> Iterable[Sample]:
    """Full row rank [..., m, n], m < n."""
    for dtype in DTYPES_SOLVED:
        for name, shape, k in (("ordinary", (6, 20), 1), ("columns", (5, 16), 3), ("batched", (2, 2, 4, 9), 2), ("one-row", (1, 9), 2)):
            a, b = gaussian(dtype, shape, "wide"), gaussian(dtype, (*shape[:-1], k), "wide b")
            why = SampleClass.ORDINARY if name in ("ordinary", "columns") else SampleClass.EDGE
            yield system("least_squares_wide", name, dtype, a, b, why)
        a = conditioned(dtype, 7, 18, 100.0, "wide")
        yield system("least_squares_wide", "conditioned", dtype, a, gaussian(dtype, (7, 2), "wide b"), SampleClass.CONDITIONED)


def _sensitivity(a: Array, x: Array, rank: int) -> Array:
    """(kappa n, smallest singular value that is not zero) of every matrix, for the columns of x."""
    values = np.linalg.svd(a.astype(np.complex128 if a.dtype.kind == "c" else np.float64), compute_uv=False)[..., :rank]
    return np.asarray((values[..., :1] / values[..., -1:] * max(a.shape[-2:]))[..., None])


def _wide(sample: Sample) -> tuple[Expected, ...]:
    a, b = sample.arrays()
    made = certified(minimum_norm, a, b, shape=(a.shape[-1], b.shape[-1]), dtype=sample.dtype)
    norm = np.sqrt((np.abs(made.value) ** 2).sum(-2, keepdims=True))
    return (replace(made, scale=np.broadcast_to(_sensitivity(a, made.value, a.shape[-2]) * norm, made.shape)),)


def _deficient_samples() -> Iterable[Sample]:
    """Products of integer matrices [m, r] [r, n]: the rank r is exact in every format."""
    for dtype in DTYPES_SOLVED:
        for m, n, r in ((12, 7, 4), (8, 8, 5), (6, 13, 3), (9, 4, 1)):
            a, b = of_rank(dtype, m, n, r, "deficient", f"{m}{n}{r}"), gaussian(dtype, (m, 2), "deficient b", f"{m}{n}")
            why = SampleClass.ORDINARY if m == 12 else SampleClass.CONDITIONED
            cut = 1e-4 if dtype in SINGLE else 1e-10
            yield system("least_squares_deficient", f"{m}x{n}-rank{r}", dtype, a, b, why, rank=r, rcond=cut)


def _independent(a: Array, rank: int) -> Array:
    """[m, rank] columns of an integer matrix that span its range."""
    chosen: list[int] = []
    for j in range(a.shape[1]):
        if len(chosen) < rank and np.linalg.matrix_rank(a[:, [*chosen, j]].astype(np.complex128)) == len(chosen) + 1:
            chosen.append(j)
    return a[:, chosen]


def _deficient(sample: Sample) -> tuple[Expected, ...]:
    """A = C R with C of independent columns: A^+ = R' (R R')^-1 (C' C)^-1 C', as R = (C' C)^-1 C' A exactly."""
    a, b = sample.arrays()
    rank = int(sample.param("rank"))
    columns = _independent(a, rank)

    def solution(c: Any, m: Any, y: Any) -> Any:
        return minimum_norm(least_squares(c, m), least_squares(c, y))

    made = certified(solution, columns, a, b, shape=(a.shape[1], b.shape[1]), dtype=sample.dtype)
    growth = _sensitivity(a, made.value, rank)
    size_a, residual = frobenius(a), np.sqrt((np.abs(b - a @ made.value) ** 2).sum(-2, keepdims=True))
    scale = growth * np.sqrt((np.abs(made.value) ** 2).sum(-2, keepdims=True)) + growth**2 * residual / size_a
    return (replace(made, scale=np.broadcast_to(scale, made.shape)), exactly(np.array(rank, dtype=np.int64), dtype="int64", name="y1"))


def _basic_solution(sample: Sample) -> Any:
    """A solution that is not of least norm: zeros in the columns that depend on others."""
    a, b = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in sample.arrays())
    known = "rank" in dict(sample.params)
    rank = int(sample.param("rank")) if known else a.shape[-2]
    if a.ndim != 2 or rank == a.shape[1]:
        return None
    made = np.zeros((a.shape[1], b.shape[1]), dtype=a.dtype)
    made[:rank] = np.linalg.lstsq(a[:, :rank], b, rcond=None)[0]
    return (made, np.array(rank)) if known else made


FORWARD = Scaled(
    c=4.0, c_hard=30.0, scale="max(m, n) (kappa ||x|| + max(m, n) kappa^2 ||r|| / ||A||), r = 0 for full row rank",
    rationale="A backward stable method solves data perturbed by p u; a minimum-norm solution moves by kappa times that, kappa^2 for its residual.",
    literature="Wedin 1973; Higham 2002, theorems 20.1, 21.1 and 21.4; LAPACK test ratios (< 30)",
)  # fmt: skip
RANK = Exact(rationale="The singular values that are not zero are far above the threshold, the others far below.", literature="LAPACK, xGELSY and xGELSD")
COMMON = (faults.TF32_INPUTS, faults.relative(1e-4), faults.one_element(), faults.stale())
LAPACK = "PyTorch documentation, torch.linalg; LAPACK Users' Guide"


def solver(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion | Callable[[Sample], Criterion], *more: Fault, oracle: str = BALLS, common: tuple[Fault, ...] = COMMON,
) -> Function:  # fmt: skip
    """A function of this area."""
    return Function(
        id=id, side=Side.TRAINING, area=AREA, requirement=requirement, source=LAPACK, oracle=oracle, samples=samples, reference=reference,
        criterion=criterion, faults=(*common, *more),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    solver(
        "solve", "The library shall return the solution of A x = b, for one and for several right-hand sides, batched and broadcast.",
        _solve_samples, _solve, BackwardError(), in_half_precision(np.linalg.solve),
        faults.other_sample("transposed-system", "A' x = b is solved instead.", _transposed_system),
        faults.computed("no-pivoting", "Rows are not exchanged, so that small pivots spoil the answer.", _no_pivoting),
    ),
    solver(
        "cholesky", "The library shall return the triangular Cholesky factor of a Hermitian positive definite matrix, lower or upper.",
        _definite_samples, _cholesky, _cholesky_criterion,
        faults.changed("other-triangle", "The other triangle is left as it was.", _other_triangle),
        faults.other_params("upper-for-lower", "The other triangular factor is returned.", upper=lambda u: not u),
        oracle="Cholesky's recurrence in extended precision (2^-64)",
    ),
    solver(
        "cholesky_info", "The library shall report the order of the first leading minor that is not positive, 0 for a positive definite matrix.",
        _info_samples, _info,
        Exact(rationale="The order is an integer and no pivot is near zero.", literature="LAPACK, xPOTRF, argument INFO"),
        faults.changed("always-definite", "Success is reported whatever the matrix.", np.zeros_like),
        faults.changed("counts-from-zero", "The order is counted from zero.", lambda k: np.maximum(k - 1, 0)),
        oracle="elimination in extended precision; pivots are far from zero", common=(faults.one_element(), faults.stale()),
    ),
    solver(
        "cholesky_solve", "The library shall return the solution of A x = b from a triangular Cholesky factor of A, lower or upper.",
        _factor_samples, _cholesky_solve, BackwardError(),
        faults.other_params("upper-for-lower", "The factor is taken for the other one.", upper=lambda u: not u),
    ),
    solver(
        "least_squares", "The library shall return the minimiser of ||b - A x|| for matrices of full column rank, by every driver it offers.",
        _tall_samples, _tall, LeastSquares(), in_half_precision(lambda a, b: np.asarray(np.linalg.solve(a, b)) if a.shape[-1] == a.shape[-2] else
                                                              np.asarray(np.linalg.pinv(a) @ b)),
        faults.computed("normal-equations", "The normal equations are formed, which squares the condition number.", _normal_equations),
    ),
    solver(
        "least_squares_wide", "The library shall return the solution of least norm of A x = b for matrices of full row rank, by every driver it offers.",
        _wide_samples, _wide, FORWARD, faults.computed("not-least-norm", "A solution is returned that is not of least norm.", _basic_solution),
    ),
    solver(
        "least_squares_deficient",
        "The library shall return the minimiser of ||b - A x|| of least norm, and the rank, for rank-deficient matrices, by every driver that offers it.",
        _deficient_samples, _deficient, Each(criteria=(FORWARD, RANK)),
        faults.computed("not-least-norm", "A minimiser is returned that is not of least norm.", _basic_solution),
        Fault(id="full-rank", sentence="The rank is reported as full.",
              apply=lambda f, s, r: (r[0], np.asarray(min(s.inputs[0].shape), dtype=r[1].dtype))),
    ),
)  # fmt: skip
