"""Densities of vectors and matrices, of mixtures and of classes: log density, entropy and divergence, evaluated in forty digits from the definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites import faults
from validation_suites.training.distributions import NORMALISED

FLOATS = ("float32", "float64")
SOURCE = "PyTorch documentation, torch.distributions; Johnson, Kotz and Balakrishnan"
DIGITS = 40
SUM = Scaled(
    c=8.0,
    c_hard=128.0,
    scale="n times the magnitudes of the formula's terms, and of what rounding their arguments and solving with the factor changes (n: dimension)",
    rationale="Each term takes a handful of roundings for each dimension; cancellation between terms, and by an ill-conditioned factor, is judged absolutely.",
    literature="Higham 2002, ch. 3, 4 and 8",
)
Value = tuple[Any, Any]
"""(value, natural scale) of one row."""


def exactly(a: Any) -> Any:
    return np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(a, dtype=np.float64))


def logarithm(x: Any) -> Any:
    return np.vectorize(mpmath.log, otypes=[object])(x)


def solved(lower: Any, d: Any) -> tuple[Any, Any]:
    """(z of L z = d, what rounding makes of it: |L^-1| (|L||z| + |d|))."""
    n = len(d)
    inverse = np.array((mpmath.matrix(lower.tolist()) ** -1).tolist(), dtype=object).reshape(n, n)
    z = inverse @ d
    return z, abs(inverse) @ (abs(lower) @ abs(z) + abs(d))


def log_2pi() -> Any:
    return mpmath.log(2 * mpmath.pi)


def _lgamma(x: Any) -> Value:
    """With its magnitude and what rounding the argument changes."""
    value = mpmath.loggamma(x)
    return value, abs(value) + abs(x * mpmath.digamma(x)) + 1


def _digamma(x: Any) -> Value:
    value = mpmath.digamma(x)
    return value, abs(value) + abs(x * mpmath.polygamma(1, x)) + 1


def summed(*terms: tuple[Any, Value]) -> Value:
    """Of factors times values."""
    return sum(f * v for f, (v, _) in terms), sum(abs(f) * s for f, (_, s) in terms)


def plain(value: Any) -> Value:
    return value, abs(value)


def logarithms(x: Any) -> Value:
    """The sum of logarithms; each is good to two units of its own."""
    each = logarithm(x)
    return each.sum(), abs(each).sum() + len(x)


def _normal_log(x: Any, mean: Any, lower: Any) -> Value:
    z, slack = solved(lower, x - mean)
    square = (z @ z, z @ z + 2 * (abs(z) @ slack))
    return summed((-0.5, square), (-1, logarithms(np.diagonal(lower))), (-0.5 * len(x), plain(log_2pi())))


def _normal_entropy(lower: Any) -> Value:
    return summed((1, logarithms(np.diagonal(lower))), (0.5 * len(lower), plain(1 + log_2pi())))


def _normal_divergence(mean: Any, lower: Any, other_mean: Any, other: Any) -> Value:
    parts = [solved(other, lower[:, j]) for j in range(len(lower))]
    z, slack = solved(other, other_mean - mean)
    trace = (sum(v @ v for v, _ in parts), sum(v @ v + 2 * (abs(v) @ s) for v, s in parts))
    square = (z @ z, z @ z + 2 * (abs(z) @ slack))
    logs = (1, logarithms(np.diagonal(other))), (-1, logarithms(np.diagonal(lower)))
    return summed(*logs, (0.5, trace), (0.5, square), (-0.5 * len(mean), plain(mpmath.mpf(1))))


def _dirichlet_log(x: Any, a: Any) -> Value:
    powers = [(c - 1, (v, abs(v) + 1)) for c, v in zip(a, logarithm(x), strict=True)]
    return summed(*powers, (1, _lgamma(a.sum())), *((-1, _lgamma(c)) for c in a))


def _dirichlet_entropy(a: Any) -> Value:
    total, n = a.sum(), len(a)
    logs = (*((1, _lgamma(c)) for c in a), (-1, _lgamma(total)))
    value, scale = summed(*logs, (total - n, _digamma(total)), *((1 - c, _digamma(c)) for c in a))
    return value, scale + total * abs(mpmath.digamma(total))


def _dirichlet_divergence(a: Any, b: Any) -> Value:
    logs = ((1, _lgamma(a.sum())), (-1, _lgamma(b.sum())), *((-1, _lgamma(c)) for c in a), *((1, _lgamma(c)) for c in b))
    means = [(p - q, summed((1, _digamma(p)), (-1, _digamma(a.sum())))) for p, q in zip(a, b, strict=True)]
    return summed(*logs, *means)


def _multigamma(a: Any, n: int) -> Value:
    return summed((mpmath.mpf(n * (n - 1)) / 4, plain(mpmath.log(mpmath.pi))), *((1, _lgamma(a - mpmath.mpf(j) / 2)) for j in range(n)))


def _wishart_log(x: Any, freedom: Any, lower: Any) -> Value:
    """x: the factor of the value, X = x x'."""
    n = len(x)
    parts = [solved(lower, x[:, j]) for j in range(n)]
    trace = (sum(v @ v for v, _ in parts), sum(v @ v + 2 * (abs(v) @ s) for v, s in parts))
    v = freedom[0]
    value, scale = summed(
        (v - n - 1, logarithms(np.diagonal(x))), (-0.5, trace), (-v * n / 2, plain(mpmath.log(2))), (-v, logarithms(np.diagonal(lower))),
        (-1, _multigamma(v / 2, n)),
    )
    inverse = mpmath.matrix(x.tolist()) ** -1
    condition = mpmath.mnorm(inverse, "f") ** 2 * mpmath.mnorm(mpmath.matrix(x.tolist()), "f") ** 2
    return value, scale + (v + n) * condition


def _lkj_log(x: Any, eta: Any) -> Value:
    """Density of the factor of a correlation matrix (Lewandowski, Kurowicka and Joe 2009)."""
    n, e = len(x), eta[0]
    logs = logarithm(np.diagonal(x))
    powers = [(n - 1 - i + 2 * (e - 1), (logs[i], abs(logs[i]) + 1)) for i in range(1, n)]
    half = mpmath.mpf(n - 1) / 2
    spheres = [(1, plain(mpmath.mpf(k) / 2 * mpmath.log(mpmath.pi))) for k in range(1, n)]
    ratios = [t for k in range(1, n) for t in ((1, _lgamma(e + mpmath.mpf(n - 1 - k) / 2)), (-1, _lgamma(e + half)))]
    return summed(*powers, *((-f, v) for f, v in (*spheres, *ratios)))


def _mixture_log(x: Any, weights: Any, means: Any, widths: Any) -> Value:
    """Of normal distributions."""
    rows = zip(weights, means, widths, strict=True)
    total = weights.sum()
    parts = []
    for w, m, s in rows:
        z = (x[0] - m) / s
        gap = abs(z) * (abs(x[0]) + abs(m)) / s
        logs = (1, logarithms(np.array([w / total]))), (-1, logarithms(np.array([s]))), (-0.5, plain(log_2pi()))
        parts.append(summed(*logs, (-0.5, (z * z, z * z + 2 * gap))))
    top = max(v for v, _ in parts)
    shares = [mpmath.exp(v - top) for v, _ in parts]
    value = top + mpmath.log(sum(shares))
    scale = sum(p * (s + abs(v - top)) for p, (v, s) in zip(shares, parts, strict=True)) / sum(shares)
    return value, scale + abs(top) + abs(value) + 1


def _class_log(x: Any, p: Any) -> Value:
    return logarithms(p[int(x[0])] / np.array([p.sum()]))


def _class_entropy(p: Any) -> Value:
    share = p / p.sum()
    return summed(*((-s, logarithms(np.array([s]))) for s in share))


def _class_divergence(p: Any, q: Any) -> Value:
    first, second = p / p.sum(), q / q.sum()
    return summed(*((a, summed((1, logarithms(np.array([a]))), (-1, logarithms(np.array([b]))))) for a, b in zip(first, second, strict=True)))


def _counts_log(x: Any, p: Any) -> Value:
    """Multinomial: n! / prod x_i! prod p_i^x_i."""
    share = p / p.sum()
    powers = [(k, logarithms(np.array([s]))) for k, s in zip(x, share, strict=True)]
    return summed((1, _lgamma(x.sum() + 1)), *((-1, _lgamma(k + 1)) for k in x), *powers)


def _lower(n: int, *names: str) -> Any:
    """Whole numbers below a diagonal of powers of two: products and inverses of such factors are exact."""
    r = seed_for("factor", *names)
    return np.tril(r.integers(-1, 2, (n, n)), -1) + np.diag(2.0 ** r.integers(-1, 2, n))


def _matrices(rows: int, n: int, *names: str) -> Any:
    return np.stack([_lower(n, *names, str(i)) for i in range(rows)])


def vector_rows(rows: int, n: int, *names: str) -> Any:
    return seed_for("vectors", *names).normal(size=(rows, n))


def positive_rows(rows: int, n: int, *names: str) -> Any:
    return np.exp(vector_rows(rows, n, *names))


def simplex_rows(rows: int, n: int, *names: str) -> Any:
    x = positive_rows(rows, n, *names)
    return x / x.sum(axis=1, keepdims=True)


def _factors(rows: int, n: int, *names: str) -> Any:
    x = np.tril(seed_for("factors", *names).normal(size=(rows, n, n)))
    x[:, range(n), range(n)] = abs(x[:, range(n), range(n)]) + 0.5
    return x


def _unit_rows(rows: int, n: int, *names: str) -> Any:
    x = _factors(rows, n, *names)
    return x / np.sqrt((x * x).sum(axis=2, keepdims=True))


def _shares(rows: int, n: int) -> Any:
    """Counts that add up to 20 in every row."""
    return seed_for("counts", str(n)).multinomial(20, [1 / n] * n, rows).astype(float)


Operands = Callable[[int, int], tuple[Any, ...]]
"""(rows, dimension) -> arrays with the rows first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One distribution: for every quantity its formula of one row and its operands."""

    id: str
    what: str
    quantities: tuple[tuple[str, Callable[..., Value], Operands], ...]
    sizes: tuple[tuple[int, int], ...] = ((4, 3), (1, 2), (9, 5))

    def samples(self) -> Iterable[Sample]:
        """(operands row by row); rows and dimension by size."""
        first = True
        for name, _, operands in self.quantities:
            for dtype in FLOATS:
                for rows, n in self.sizes:
                    inputs = tuple(Tensor.of(a, dtype) for a in operands(rows, n))
                    why = SampleClass.ORDINARY if first else SampleClass.EDGE if rows == 1 else SampleClass.COVERING
                    label = f"{dtype}-{name.replace('_', '-')}-n{n}-rows{rows}"
                    yield Sample(name=label, dtype=dtype, inputs=inputs, params=params(quantity=name), why=why)
                    first = False

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        """Forty digits, given as a pair of doubles."""
        of = {name: formula for name, formula, _ in self.quantities}[sample.param("quantity")]
        n = max(a.shape[-1] for a in sample.arrays())
        with mpmath.workdps(DIGITS):
            made = [of(*(exactly(a) for a in row)) for row in zip(*sample.arrays(), strict=True)]
            value = np.array([float(v) for v, _ in made])
            low = np.array([float(v - mpmath.mpf(float(v))) for v, _ in made])
            scale = np.array([float(n * s) for _, s in made])
        return (Expected(name="y", dtype=sample.dtype, value=value, low=low, radius=1e-30 * scale, scale=scale, any_sign_of_zero=True),)

    def function(self) -> Function:
        several = len(self.quantities) > 1
        return Function(
            id=self.id, side=Side.TRAINING, area="distributions",
            requirement=f"The library shall evaluate the log density{', entropy and divergence' * several} of {self.what}.",
            source=SOURCE, oracle="multiprecision, 40 digits, from the definition", samples=self.samples, reference=self.reference, criterion=SUM,
            faults=(faults.one_element(), faults.relative(1e-2), faults.stale(), faults.rolled(), NORMALISED),
        )  # fmt: skip


FAMILIES = (
    Family(
        id="multivariate_normal_distribution", what="a multivariate normal distribution, given by a factor, a covariance or a precision matrix",
        quantities=(
            ("log_prob", _normal_log, lambda r, n: (vector_rows(r, n, "x"), vector_rows(r, n, "mean"), _matrices(r, n, "lower"))),
            ("entropy", _normal_entropy, lambda r, n: (_matrices(r, n, "entropy"),)),
            ("kl", _normal_divergence,
             lambda r, n: (vector_rows(r, n, "m1"), _matrices(r, n, "l1"), vector_rows(r, n, "m2"), _matrices(r, n, "l2"))),
        ),
    ),
    Family(
        id="dirichlet_distribution", what="a Dirichlet distribution",
        quantities=(
            ("log_prob", _dirichlet_log, lambda r, n: (simplex_rows(r, n, "simplex"), positive_rows(r, n, "concentration"))),
            ("entropy", _dirichlet_entropy, lambda r, n: (positive_rows(r, n, "entropy"),)),
            ("kl", _dirichlet_divergence, lambda r, n: (positive_rows(r, n, "a"), positive_rows(r, n, "b"))),
        ),
    ),
    Family(
        id="wishart_distribution", what="a Wishart distribution, at a matrix given by its factor",
        quantities=(("log_prob", _wishart_log, lambda r, n: (_factors(r, n, "w"), n + positive_rows(r, 1, "freedom"), _matrices(r, n, "scale"))),),
    ),
    Family(
        id="lkj_cholesky_distribution", what="factors of correlation matrices with density det^(eta - 1)",
        quantities=(("log_prob", _lkj_log, lambda r, n: (_unit_rows(r, n, "c"), 0.5 + positive_rows(r, 1, "eta"))),),
    ),
    Family(
        id="mixture_distribution", what="a mixture of normal distributions",
        quantities=(("log_prob", _mixture_log,
                     lambda r, n: (vector_rows(r, 1, "x"), simplex_rows(r, n, "w"), 3 * vector_rows(r, n, "mean"), positive_rows(r, n, "width"))),),
    ),
    Family(
        id="categorical_distribution", what="a distribution of classes",
        quantities=(
            ("log_prob", _class_log, lambda r, n: (seed_for("class", str(n)).integers(0, n, (r, 1)).astype(float), simplex_rows(r, n, "p"))),
            ("entropy", _class_entropy, lambda r, n: (simplex_rows(r, n, "entropy"),)),
            ("kl", _class_divergence, lambda r, n: (simplex_rows(r, n, "a"), simplex_rows(r, n, "b"))),
        ),
    ),
    Family(
        id="multinomial_distribution", what="counts of classes",
        quantities=(("log_prob", _counts_log, lambda r, n: (_shares(r, n), simplex_rows(r, n, "p"))),),
    ),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(f.function() for f in FAMILIES)
