"""Functions of one matrix: inverse, pseudoinverse, determinant, exponential, powers, rank, condition, norms; triangular systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import BackwardError, Componentwise, Exact, Scaled
from csvkit_ml.criteria.residuals import frobenius
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly, split
from csvkit_ml.references.factorisations import batched, lu, singular, wide_matrix
from csvkit_ml.references.matrices import certified, least_squares, minimum_norm
from validation_suites import faults
from validation_suites.inference.factorisations import each_dtype, on, plain
from validation_suites.sampling.matrices import DTYPES_SOLVED, conditioned, gaussian, of_rank, real_of, steep
from validation_suites.training.solvers import BALLS, related, system

Made = Iterable[tuple[str, Array, SampleClass]]
LINALG = "PyTorch documentation, torch.linalg"


def invertible(id: str, dtype: str) -> Made:
    """Square and far from singular: ordinary, batched, of moderate and steep condition, permuted, edge sizes, empty."""
    yield "ordinary", gaussian(dtype, (8, 8), id, "ordinary"), SampleClass.ORDINARY
    yield "batched", gaussian(dtype, (2, 3, 5, 5), id, "batched"), SampleClass.EDGE
    yield "condition100", conditioned(dtype, 7, 7, 100.0, id), SampleClass.CONDITIONED
    yield "ill-conditioned", conditioned(dtype, 7, 7, steep(dtype) / 10, id), SampleClass.CONDITIONED
    yield "permutation", np.eye(6)[[2, 0, 1, 5, 3, 4]], SampleClass.SPECIAL
    yield "diagonal", np.diag([2.0, -0.5, 4, 1]), SampleClass.SPECIAL
    for n in (1, 2, 3, 16, 17, 33) if dtype == "float32" else (1, 2):
        yield f"n{n}", gaussian(dtype, (n, n), id, "edge"), SampleClass.EDGE
    yield "nothing", np.zeros((0, 0)), SampleClass.EDGE
    yield "no-matrices", np.zeros((0, 3, 3)), SampleClass.EDGE


def _svdvals(a: Array) -> Array:
    return np.asarray(np.linalg.svd(plain(a), compute_uv=False)) if a.size else np.ones((*a.shape[:-2], 1))


def _condition(a: Array) -> Array:
    """kappa_2 [..., 1, 1]."""
    s = _svdvals(a)
    return np.asarray((s[..., 0] / s[..., -1])[..., None, None])


def _inverse(sample: Sample) -> tuple[Expected, ...]:
    (a,) = sample.arrays()
    n = a.shape[-1]
    made = certified(lambda x: x.inv(), a, shape=(n, n), dtype=sample.dtype)
    return (replace(made, scale=np.broadcast_to(max(1, n) * _condition(a) * frobenius(made.value)[..., None, None], made.shape)),)


def _pinv_samples(id: str, dtype: str) -> Made:
    for name, shape in (("square", (6, 6)), ("tall", (11, 5)), ("wide", (4, 9)), ("batched", (2, 2, 7, 3)), ("row", (1, 6)), ("column", (6, 1))):
        yield name, gaussian(dtype, shape, id, name), SampleClass.ORDINARY if name in ("square", "tall", "wide") else SampleClass.EDGE
    yield "condition100", conditioned(dtype, 9, 6, 100.0, id), SampleClass.CONDITIONED
    yield "rank2", of_rank(dtype, 7, 5, 2, id), SampleClass.CONDITIONED
    yield "rank3-wide", of_rank(dtype, 5, 8, 3, id), SampleClass.CONDITIONED
    yield "zero", np.zeros((3, 5)), SampleClass.SPECIAL
    for name, shape in (("nothing", (0, 0)), ("no-rows", (0, 4)), ("no-columns", (4, 0))):
        yield name, np.zeros(shape), SampleClass.EDGE


def _rank_of(sample: Sample) -> int:
    name = sample.name.split("-")[1]
    return 0 if name == "zero" else int(name[4:]) if name.startswith("rank") else min(sample.inputs[0].shape[-2:])


def _pinv(sample: Sample) -> tuple[Expected, ...]:
    """A = C R with C of independent columns: A^+ = R' (R R')^-1 (C' C)^-1 C'."""
    (a,), rank = sample.arrays(), _rank_of(sample)
    m, n = a.shape[-2:]
    if rank == 0:
        return (exactly(np.zeros((*a.shape[:-2], n, m), plain(a).dtype), dtype=sample.dtype, any_sign_of_zero=True),)

    def inverse(x: Any, unit: Any) -> Any:
        if rank < min(m, n):
            c = type(x)([[x[i, j] for j in range(rank)] for i in range(m)])
            return minimum_norm(least_squares(c, x), least_squares(c, unit))
        return least_squares(x, unit) if m >= n else minimum_norm(x, unit)

    made = certified(inverse, a, np.eye(m), shape=(n, m), dtype=sample.dtype)
    s = _svdvals(a)
    kappa = (s[..., 0] / s[..., rank - 1])[..., None, None]
    return (replace(made, scale=np.broadcast_to(max(m, n) * kappa * frobenius(made.value)[..., None, None], made.shape)),)


def _growth(a: Array) -> Array:
    """P |L||U| [..., n, n] of elimination with partial pivoting: n u times it bounds the perturbation of the matrix."""
    n = a.shape[-1]
    p, low, up = batched(lu, a, (n, n), (n, n), (n, n))
    return np.asarray(np.abs(p) @ np.abs(low) @ np.abs(up)).astype(np.float64)


def _sensitivity(a: Array, inverse: Array) -> Array:
    """n sum |A^-1|_ji (P |L||U|)_ij: relative change of the determinant in u, to first order."""
    return np.asarray((np.abs(np.swapaxes(inverse, -1, -2)) * _growth(a)).sum((-2, -1)) * a.shape[-1] + a.shape[-1])


def _determinants(a: Array) -> Expected:
    def det(x: Any) -> Any:
        return type(x)([[x.det()]])

    return certified(det, a, shape=(1, 1), dtype="float64")


def _det(sample: Sample) -> tuple[Expected, ...]:
    (a,) = sample.arrays()
    if not a.shape[-1]:
        return (exactly(np.ones(a.shape[:-2], plain(a).dtype), dtype=sample.dtype),)
    made = _determinants(a)
    assert made.low is not None
    value, low, radius = (np.asarray(np.asarray(v)[..., 0, 0]) for v in (made.value, made.low, made.radius))
    n = a.shape[-1]
    inverse = certified(lambda x: x.inv(), a, shape=(n, n), dtype=sample.dtype).value
    return (replace(made, dtype=sample.dtype, value=value, low=low, radius=radius, scale=np.abs(value) * _sensitivity(a, inverse)),)


def _slogdet(sample: Sample) -> tuple[Expected, ...]:
    """sign = det / |det|, log |det|; each of the n logarithms and their sum rounds besides."""
    (a,) = sample.arrays()
    real = real_of(sample.dtype)
    det = _det(sample)[0]
    size = np.abs(det.value)
    if not det.value.size or not a.shape[-1]:
        return exactly(det.value, dtype=sample.dtype), exactly(np.zeros(det.shape), dtype=real, name="y1")
    relative, logs = np.asarray(det.scale) / size, np.abs(np.log(_svdvals(a)))
    with flint.ctx.workprec(256):
        parts = [_logarithm(v) for v in np.ravel(det.value)]
    log, low = (np.array([x[i] for x in parts]).reshape(size.shape) for i in (0, 1))
    assert det.low is not None
    low = np.asarray(low + np.real(det.low * det.value.conj()) / size**2)
    turning = sample.dtype.startswith("complex")
    sign = replace(det, value=np.asarray(det.value / size), low=None, radius=2.0**-52 * turning, scale=relative * turning)
    scale = relative + a.shape[-1] * (2 + logs[..., 0] + logs[..., -1])
    return sign, Expected(name="y1", dtype=real, value=log, low=low, radius=2.0**-80, scale=scale, any_sign_of_zero=True)


def _logarithm(value: complex) -> tuple[float, float]:
    """(hi, lo) of log |value|."""
    z = flint.acb(float(np.real(value)), float(np.imag(value)))
    log = abs(z).log()
    hi = float(log.mid())
    return hi, float((log - flint.arb(hi)).mid())


def _exp_samples(id: str, dtype: str) -> Made:
    yield "ordinary", gaussian(dtype, (5, 5), id, "ordinary") / 2, SampleClass.ORDINARY
    yield "batched", gaussian(dtype, (2, 3, 4, 4), id, "batched") / 2, SampleClass.EDGE
    for k, size in enumerate((1e-8, 1e-5, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 10.0)):
        a = gaussian(dtype, (4, 4), id, f"size{k}")
        yield f"norm{size:g}", a * size / np.abs(a).sum(0).max(), SampleClass.COVERING
    skew = gaussian(dtype, (5, 5), id, "skew")
    yield "skew", skew - skew.conj().T, SampleClass.CONDITIONED
    yield "nilpotent", np.diag([1.0, 2, 3], 1), SampleClass.SPECIAL
    yield "zero", np.zeros((3, 3)), SampleClass.SPECIAL
    yield "diagonal", np.diag([1.0, -2, 0.5]), SampleClass.SPECIAL
    for n in (1, 2, 17) if dtype == "float32" else (1, 2):
        yield f"n{n}", gaussian(dtype, (n, n), id, "edge") / max(1, np.sqrt(n)), SampleClass.EDGE
    yield "nothing", np.zeros((0, 0)), SampleClass.EDGE


def _exponential(sample: Sample) -> tuple[Expected, ...]:
    """Every intermediate quantity is bounded by its series in |A|, whose sum is e^|A|."""
    (a,) = sample.arrays()
    n = a.shape[-1]
    made = certified(lambda x: x.exp(), a, shape=(n, n), dtype=sample.dtype)
    if not a.size:
        return (made,)
    absolute = certified(lambda x: x.exp(), np.abs(a), shape=(n, n), dtype=sample.dtype).value
    norm = np.abs(a).sum(-2).max(-1)[..., None, None]
    return (replace(made, scale=n * (1 + norm) * np.broadcast_to(np.abs(absolute), made.shape)),)


POWERS = (2, 3, 0, 1, 5, 8, -1, -2)


def _power_samples(id: str, dtype: str) -> Made:
    yield "ordinary", gaussian(dtype, (6, 6), id, "ordinary") / 2 + 2 * np.eye(6), SampleClass.ORDINARY
    yield "batched", gaussian(dtype, (2, 2, 4, 4), id, "batched") / 2 + 2 * np.eye(4), SampleClass.EDGE
    yield "n1", gaussian(dtype, (1, 1), id, "one") + 2, SampleClass.EDGE
    yield "nothing", np.zeros((0, 0)), SampleClass.EDGE


def _power(sample: Sample) -> tuple[Expected, ...]:
    """|A|^k bounds every partial product; of a negative power |A^-1| stands for |A|, with kappa n rounding errors of the inverse."""
    (a,), k = sample.arrays(), int(sample.param("n"))
    n = a.shape[-1]
    if k == 0:
        return (exactly(np.broadcast_to(np.eye(n, dtype=plain(a).dtype), a.shape), dtype=sample.dtype, any_sign_of_zero=True),)

    def power(x: Any) -> Any:
        y = x.inv() if k < 0 else x
        made = y
        for _ in range(abs(k) - 1):
            made = made * y
        return made

    made = certified(power, a, shape=(n, n), dtype=sample.dtype)
    base = np.abs(certified(lambda x: x.inv(), a, shape=(n, n), dtype=sample.dtype).value) if k < 0 else np.abs(plain(a))
    scale = np.linalg.matrix_power(base, abs(k)) if a.size else base
    if k > 0:
        return (replace(made, scale=scale, terms=max(1, (k - 1) * (n + 2) * (4 if a.dtype.kind == "c" else 1))),)
    whole = frobenius(scale)[..., None, None] * _condition(a)
    return (replace(made, scale=np.broadcast_to(whole, made.shape) + 0 * scale, terms=max(1, abs(k) * 10 * n)),)


def _rank_samples(id: str, dtype: str) -> Made:
    for m, n, r in ((8, 6, 3), (5, 9, 5), (7, 7, 7), (6, 6, 1)):
        yield f"{m}x{n}-rank{r}", of_rank(dtype, m, n, r, id, f"{m}{n}{r}"), SampleClass.ORDINARY
    yield "batched", np.stack([of_rank(dtype, 5, 5, r, id, "batched") for r in (1, 2, 3, 4, 5)]), SampleClass.EDGE
    yield "zero", np.zeros((4, 3)), SampleClass.SPECIAL
    yield "identity", np.eye(6), SampleClass.SPECIAL
    for name, shape in (("nothing", (0, 0)), ("no-rows", (0, 4))):
        yield name, np.zeros(shape), SampleClass.EDGE


def _rank(sample: Sample) -> tuple[Expected, ...]:
    """By elimination over the stored integers: every pivot in balls is zero or far from it."""
    (a,) = sample.arrays()
    ranks = [_exact_rank(m) for m in a.reshape(-1, *a.shape[-2:])] if a.size else [0] * int(np.prod(a.shape[:-2]))
    return (exactly(np.array(ranks, dtype=np.int64).reshape(a.shape[:-2]), dtype="int64"),)


def _exact_rank(a: Array) -> int:
    """Rank of a matrix of (Gaussian) integers: that of the real [[Re, -Im], [Im, Re]], halved."""
    blocks = np.block([[a.real, -a.imag], [a.imag, a.real]]) if a.dtype.kind == "c" else a
    rank = int(flint.fmpz_mat([[int(v) for v in row] for row in blocks]).rank())
    return rank // 2 if a.dtype.kind == "c" else rank


NORMS = ("fro", "nuc", "1", "-1", "2", "-2", "inf", "-inf")


def _norm_of(a: Array, order: str) -> tuple[Array, Array]:
    """(norm, scale in u): sums of magnitudes by row or column, or of singular values."""
    x, (m, n) = wide_matrix(a), a.shape[-2:]
    if order in ("1", "-1", "inf", "-inf"):
        sums = np.abs(x).sum(-2 if order.endswith("1") else -1)
        value = sums.min(-1) if order.startswith("-") else sums.max(-1)
        return value, value * ((m if order.endswith("1") else n) + 2)
    if order == "fro":
        value = frobenius(x)
        return value, value * (m * n / 2 + 3)
    s = batched(singular, a, (m, m), (min(m, n),), (n, n))[1].real
    value = {"nuc": s.sum(-1), "2": s[..., 0], "-2": s[..., -1]}[order]
    return value, 30 * max(m, n) * s[..., 0] * (min(m, n) if order == "nuc" else 1)


def _norm_samples(id: str, dtype: str) -> Made:
    for name, shape in (("square", (7, 7)), ("tall", (9, 4)), ("wide", (3, 12)), ("batched", (2, 3, 4, 5)), ("n1", (1, 1))):
        yield name, gaussian(dtype, shape, id, name), SampleClass.ORDINARY if name in ("square", "tall", "wide") else SampleClass.EDGE
    yield "rank2", of_rank(dtype, 6, 5, 2, id), SampleClass.CONDITIONED
    yield "zero", np.zeros((3, 4)), SampleClass.SPECIAL


def _scalar(value: Array, scale: Array, sample: Sample) -> tuple[Expected, ...]:
    hi, lo = split(np.asarray(value))
    size = np.asarray(scale, dtype=np.float64)
    return (Expected(name="y", dtype=real_of(sample.dtype), value=hi, low=lo, radius=2.0**-60 * size, scale=size, any_sign_of_zero=True),)


def _norm(sample: Sample) -> tuple[Expected, ...]:
    return _scalar(*_norm_of(sample.arrays()[0], str(sample.param("ord"))), sample)


CONDITIONS = ("none", "2", "fro", "1", "inf", "-2")


def _cond_samples(id: str, dtype: str) -> Made:
    for name, a, why in invertible(id, dtype):
        if name in ("ordinary", "batched", "condition100", "diagonal", "n1", "n2"):
            yield name, a, why


def _cond(sample: Sample) -> tuple[Expected, ...]:
    """||A|| ||A^-1||, or the quotient of singular values; the inverse carries kappa n u."""
    (a,), order = sample.arrays(), str(sample.param("p"))
    n, kappa = a.shape[-1], _condition(a)[..., 0, 0]
    s = batched(singular, a, (n, n), (n,), (n, n))[1].real
    if order in ("none", "2", "-2"):
        value = s[..., -1] / s[..., 0] if order == "-2" else s[..., 0] / s[..., -1]
        return _scalar(value, 60 * n * kappa * value, sample)
    made = certified(lambda x: x.inv(), a, shape=(n, n), dtype=sample.dtype)
    inverse = made.value.astype(wide_matrix(a).dtype) + made.low
    value = _norm_of(a, order)[0] * _norm_of(inverse, order)[0]
    return _scalar(value, 10 * n * kappa * value, sample)


def _triangular_samples() -> Iterable[Sample]:
    """Triangular A [..., n, n] with other numbers in the rest (and on the diagonal if `unit`); B [..., n, k], or [..., k, n] from the right."""
    for dtype in DTYPES_SOLVED:
        for upper in (False, True):
            for left in (True, False):
                for unit in (False, True):
                    flags = f"{'upper' if upper else 'lower'}-{'left' if left else 'right'}{'-unit' if unit else ''}"
                    for name, shape, k in (("ordinary", (9, 9), 3), ("batched", (2, 2, 5, 5), 2), ("n1", (1, 1), 2), ("nothing", (0, 0), 2)):
                        n, own = shape[-1], dtype in ("float32", "complex128")
                        if name != "ordinary" and not own:
                            continue
                        a = gaussian(dtype, shape, "triangular", name) / max(1, np.sqrt(n)) + 2 * np.eye(n)
                        b = gaussian(dtype, (*shape[:-2], n, k) if left else (*shape[:-2], k, n), "triangular b", name)
                        why = SampleClass.ORDINARY if name == "ordinary" else SampleClass.EDGE
                        yield system("solve_triangular", f"{name}-{flags}", dtype, a, b, why, upper=upper, left=left, unitriangular=unit)
        steep_one = np.tril(gaussian(dtype, (8, 8), "triangular", "steep")) + np.diag(2.0 ** np.arange(0, -16, -2))
        yield system("solve_triangular", "graded-lower-left", dtype, steep_one, gaussian(dtype, (8, 2), "triangular b", "steep"),
                     SampleClass.CONDITIONED, upper=False, left=True, unitriangular=False)  # fmt: skip


def _triangle(sample: Sample) -> Array:
    a = sample.arrays()[0]
    part = np.triu(a) if sample.param("upper") else np.tril(a)
    eye = np.eye(a.shape[-1], dtype=a.dtype)
    return np.asarray(np.where(eye == 1, eye, part)) if sample.param("unitriangular") else part


def _solve_triangular(sample: Sample) -> tuple[Expected, ...]:
    a, b = _triangle(sample), sample.arrays()[1]
    if sample.param("left"):
        made = certified(lambda x, y: x.solve(y), a, b, shape=b.shape[-2:], dtype=sample.dtype)
        return (related(made, a, b, made.shape),)
    made = certified(lambda x, y: x.transpose().solve(y.transpose()).transpose(), a, b, shape=b.shape[-2:], dtype=sample.dtype)
    return (related(made, np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2), made.shape),)


def _triangular_criterion(sample: Sample) -> Criterion:
    return BackwardError(right=not sample.param("left"))


def _wrong_side(sample: Sample) -> Sample | None:
    a, b = sample.arrays()
    return replace(sample, inputs=(Tensor.of(np.swapaxes(a, -1, -2)), Tensor.of(b)))


COMMON = (faults.TF32_INPUTS, faults.relative(1e-3), faults.one_element(), faults.stale())
INVERSE = Scaled(
    c=4.0, c_hard=30.0, scale="max(m, n) kappa ||X||, Frobenius", literature="Higham 2002, ch. 14; Wedin 1973",
    rationale="The inverse (pseudoinverse) of a matrix perturbed by n u ||A|| moves by kappa n u ||X||.",
)  # fmt: skip
DETERMINANT = Scaled(
    c=1.0, c_hard=8.0, scale="|det A| n (1 + sum |A^-1|_ji (P|L||U|)_ij)", literature="Higham 2002, 9.3 and 14.6",
    rationale="The determinant is that of a matrix within n u P|L||U|, times n roundings of the product.",
)  # fmt: skip
LOGARITHM = Scaled(
    c=1.0, c_hard=8.0, scale="n (1 + sum |A^-1|_ji (P|L||U|)_ij) + n (2 + |log s_1| + |log s_n|); 0 for a real sign",
    rationale="Absolute errors of the logarithm are relative errors of the determinant, and n logarithms are added.", literature="Higham 2002, 14.6",
)  # fmt: skip
EXPONENTIAL = Scaled(
    c=4.0, c_hard=30.0, scale="n (1 + ||A||_1) (e^|A|)_ij", literature="Al-Mohy and Higham 2009; Bader, Blanes and Casas 2019; Higham 2008, ch. 10",
    rationale="Every term of the series and every squaring adds n u of the same quantities with absolute values; the truncation is below u ||A||.",
)  # fmt: skip
NORM = Scaled(
    c=1.0, c_hard=4.0, scale="terms of the sum times the norm; 30 max(m, n) s_1 for singular values (nuc: min(m, n) of them)",
    rationale="Sums of magnitudes have no cancellation; singular values move by p(n) u s_1.", literature="Higham 2002, ch. 3; Golub and Van Loan 2013, 8.6",
)  # fmt: skip
CONDITION = Scaled(
    c=1.0, c_hard=4.0, scale="10 n kappa cond (60 for quotients of singular values)", literature="Higham 2002, 14.1 and 15.1",
    rationale="The condition number of computing a condition number is about kappa itself (Demmel 1987).",
)  # fmt: skip
COUNT = Exact(
    rationale="The singular values that are not zero are far above the threshold, the others at rounding level.",
    literature="Golub and Van Loan 2013, 5.4",
)  # fmt: skip


def matrix_function(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion | Callable[[Sample], Criterion], *more: Fault, oracle: str = BALLS, common: tuple[Fault, ...] = COMMON,
) -> Function:  # fmt: skip
    """A function of this area."""
    return Function(
        id=id, side=Side.INFERENCE, area="linear algebra", requirement=f"The library shall return {requirement}.", source=LINALG, oracle=oracle,
        samples=samples, reference=reference, criterion=criterion, faults=(*common, *more),
    )  # fmt: skip


TRANSPOSED = faults.changed(
    "transposed", "The result is transposed.", lambda y: np.ascontiguousarray(np.swapaxes(y, -1, -2)) if y.shape[-1] == y.shape[-2] else y
)  # fmt: skip
CONJUGATED = faults.changed("conjugated", "The result is conjugated.", lambda y: y.conj())
SINGULAR = "singular values by Jacobi rotations and inverses in balls"

FUNCTIONS: tuple[Function, ...] = (
    matrix_function("inv", "the inverse of a regular matrix", each_dtype("inv", invertible), _inverse, INVERSE, TRANSPOSED, CONJUGATED),
    matrix_function("pinv", "the Moore-Penrose pseudoinverse, of any rank", each_dtype("pinv", _pinv_samples), _pinv, INVERSE, TRANSPOSED, CONJUGATED),
    matrix_function("det", "the determinant", each_dtype("det", invertible), _det, DETERMINANT,
                    faults.changed("sign-lost", "Row exchanges are not counted.", np.abs), CONJUGATED),
    matrix_function("slogdet", "the sign of the determinant and the logarithm of its magnitude", each_dtype("slogdet", invertible), _slogdet, LOGARITHM,
                    faults.changed("sign-lost", "Row exchanges are not counted.", np.abs),
                    on(1, "decadic", "The logarithm is to base 10.", lambda y: y / np.log(10)),
                    on(1, "log-off", "Off by a relative 1e-3.", lambda y: y * (1 + 1e-3))),
    matrix_function("matrix_exp", "the matrix exponential", each_dtype("matrix_exp", _exp_samples), _exponential, EXPONENTIAL, TRANSPOSED, CONJUGATED,
                    faults.computed("elementwise", "The exponential of every element.", lambda s: np.exp(plain(s.arrays()[0])))),
    matrix_function("matrix_power", "integer powers of a matrix, zero and negative ones included", each_dtype("matrix_power", _power_samples, n=POWERS),
                    _power, Componentwise(), TRANSPOSED, faults.other_params("one-more", "One factor too many.", n=lambda n: n + 1 if n > 0 else n)),
    matrix_function("matrix_rank", "the rank", each_dtype("matrix_rank", _rank_samples), _rank, COUNT,
                    faults.changed("one-more", "One singular value too many counts.", lambda y: y + 1),
                    common=(faults.one_element(), faults.stale()), oracle="exact elimination over the integers"),
    matrix_function("matrix_norm", "the matrix norm of the given order", each_dtype("matrix_norm", _norm_samples, ord=NORMS), _norm, NORM,
                    faults.other_params("rows-for-columns", "Columns are taken for rows.", ord=lambda v: {"1": "inf", "inf": "1"}.get(v, v)),
                    faults.other_params("least-for-largest", "The least is taken for the largest.", ord=lambda v: {"2": "-2", "1": "-1"}.get(v, v)),
                    oracle=SINGULAR),
    matrix_function("cond", "the condition number in the given norm", each_dtype("cond", _cond_samples, p=CONDITIONS), _cond, CONDITION,
                    faults.other_params("other-norm", "Another norm is taken.", p=lambda v: {"1": "inf", "fro": "2"}.get(v, v)), oracle=SINGULAR),
    matrix_function("solve_triangular", "the solution of a triangular system, from the left or right, with a unit diagonal or not", _triangular_samples,
                    _solve_triangular, _triangular_criterion,
                    faults.other_params("diagonal-not-unit", "The diagonal is read although it is one by definition.", unitriangular=False),
                    faults.other_params("other-triangle", "The other triangle is read.", upper=lambda u: not u),
                    faults.other_sample("transposed-system", "The transposed system is solved.", _wrong_side)),
)  # fmt: skip
