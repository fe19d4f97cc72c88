"""Decompositions: products of the factors, orthogonality, order and form, over all outputs at once (the LAPACK test ratios)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.factorisation import adjoint, violated
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.criteria.residuals import Residual, empty_outputs, frobenius, measurement, over, widest
from csvkit_ml.model.function import Expected, Measurement, Results
from csvkit_ml.model.tensor import Array

Relations = Iterator[tuple[str, Array]]
"""(name, residuals relative to the size of what they are residuals of; infinite where a form is violated)."""


def _columns(a: Array) -> Array:
    """Euclidean norms of the columns."""
    return np.asarray(np.sqrt((np.abs(a) ** 2).sum(-2)))


def _orthogonality(q: Array) -> Array:
    """||I - Q'Q|| / ||I||."""
    k = q.shape[-1]
    return np.asarray(frobenius(np.eye(k) - adjoint(q) @ q) / np.sqrt(max(1, k)))


def _descends(values: Array) -> Array:
    return np.asarray((np.diff(values, axis=-1) > 0).any(-1) | np.isnan(values).any(-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition(ABC):
    """Every relation <= factor max(m, n) u. Expected.extra of the first output: `a` [..., m, n], and what a kind names besides."""

    factor: float = 10.0
    hard_factor: float = 30.0
    rationale: str = (
        "Backward stable methods give the exact factors of a matrix perturbed by p(m, n) u, with factors orthogonal to p u; a Householder"
        " reflection of length m costs about 6 m + 13 roundings."
    )
    literature: str = "Higham 2002, ch. 9 and 19; Golub and Van Loan 2013, ch. 5, 7, 8; LAPACK test ratios (< 30)"
    kind: str = "decomposition"
    what: str = ""
    """The relations as formulas."""

    @property
    def formula(self) -> str:
        return f"{self.what}; each <= {self.factor:g} max(m, n) u; hard: {self.hard_factor:g} max(m, n) u"

    @abstractmethod
    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        """The relations of this kind, on outputs and operands in extended precision."""

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a decomposition of one output: its worst relation."""
        return max(self.measure_jointly((actual,), (expected,)), key=lambda m: m.ratio)

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Judge all outputs together."""
        if (nothing := empty_outputs(expected)) is not None:
            return nothing
        extra = {k: widest(v) for k, v in expected[0].extra.items()}
        size, u = max(1, *extra["a"].shape[-2:]), FORMATS[expected[0].dtype].u
        with np.errstate(all="ignore"):
            found = list(self.relations(tuple(widest(y) for y in actual), extra, u))
        compared = sum(int(y.size) for y in actual)
        return tuple(
            measurement(Residual(name=name, values=values, limit=self.factor * size * u, hard=self.hard_factor * size * u), compared)
            for name, values in found
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LuFactors(Decomposition):
    """Outputs P [m, m], L [m, k], U [k, n], with partial pivoting."""

    what: str = "||A - P L U|| / || |L||U| ||, Frobenius; P a permutation, L unit lower triangular with |l| <= 1 (sqrt 2 if complex), U upper triangular"

    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        p, low, up = outputs
        most = (np.sqrt(2) if low.dtype.kind == "c" else 1.0) * (1 + 4 * u)
        permutes = ((p == 0) | (p == 1)).all((-2, -1)) & (p.sum(-1) == 1).all(-1) & (p.sum(-2) == 1).all(-1)
        wrong = (np.triu(low, 1) != 0) | (np.abs(low) > most)
        formed = permutes & (np.diagonal(low, axis1=-2, axis2=-1) == 1).all(-1) & ~wrong.any((-2, -1)) & ~(np.tril(up, -1) != 0).any((-2, -1))
        ratio = over(frobenius(extra["a"] - p @ low @ up), frobenius(np.abs(low) @ np.abs(up)))
        yield "A - P L U", np.where(formed, ratio, np.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class QrFactors(Decomposition):
    """Outputs Q [m, k], R [k, n]; or R [k, n] alone."""

    what: str = "||(A - Q R)_j|| / ||a_j|| by column, ||I - Q'Q|| / ||I||, Frobenius; R upper triangular; for R alone ||A'A - R'R||_ij / (||a_i|| ||a_j||)"

    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        a, r = extra["a"], outputs[-1]
        below, size = np.tril(r, -1) != 0, _columns(a)
        if len(outputs) == 1:
            gram = over(np.abs(adjoint(a) @ a - adjoint(r) @ r), size[..., :, None] * size[..., None, :])
            yield "A'A - R'R", violated(gram.max((-2, -1)), below)
            return
        q = outputs[0]
        if r.size:
            yield "A - Q R", violated(over(_columns(a - q @ r), size).max(-1), below)
        yield "I - Q'Q", _orthogonality(q)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingularTriplets(Decomposition):
    """Outputs U [m, k or m], S [k], V' [k or n, n]; extra `values` [..., k] are the true singular values."""

    factor: float = 30.0
    hard_factor: float = 60.0
    rationale: str = (
        "Both sides are reduced by reflections, and the iteration on the bidiagonal matrix may neglect elements of 10 to 100 u (LAPACK, xBDSQR);"
        " LAPACK accepts 30 max(m, n) in units of 2u."
    )
    what: str = "||A - U S V'|| / ||A||, ||I - U'U|| / ||I||, ||I - V'V|| / ||I||, Frobenius; |s - s*| / s*_1; s >= 0, descending"

    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        left, s, right = outputs
        k, a, true = s.shape[-1], extra["a"], extra["values"]
        if k:
            yield "A - U S V'", over(frobenius(a - (left[..., :k] * s[..., None, :]) @ right[..., :k, :]), frobenius(a))
            away = over(np.abs(s - true).max(-1), true[..., 0])
            yield "s - s*", np.where(_descends(s) | (s < 0).any(-1), np.inf, away)
        yield "I - U'U", _orthogonality(left)
        yield "I - V'V", _orthogonality(adjoint(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class HermitianPairs(Decomposition):
    """Outputs w [n], V [n, n]; extra `values` [..., n] are the true eigenvalues, `a` the Hermitian matrix that is meant."""

    what: str = "||A V - V w|| / ||A||, ||I - V'V|| / ||I||, Frobenius; |w - w*| / max |w*|; w ascending"

    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        w, v = outputs
        a, true = extra["a"], extra["values"]
        yield "A V - V w", over(frobenius(a @ v - v * w[..., None, :]), frobenius(a))
        yield "I - V'V", _orthogonality(v)
        yield "w - w*", np.where(_descends(-w), np.inf, over(np.abs(w - true).max(-1), np.abs(true).max(-1)))


def _least_singular(a: Array, w: Array) -> Array:
    """Smallest singular value of A - w I for every eigenvalue: its backward error."""
    shifted: Array = (a[..., None, :, :] - w[..., None, None] * np.eye(a.shape[-1])).astype(np.complex128)
    finite = np.asarray(np.isfinite(shifted).all((-2, -1), keepdims=True))
    values = np.asarray(np.linalg.svd(np.where(finite, shifted, 0), compute_uv=False))[..., -1]
    return np.asarray(np.where(finite[..., 0, 0], values, np.inf))


def _power_sums(a: Array, w: Array) -> Array:
    """|sum w^k - trace A^k| / (n k ||A||^k), k = 1 .. 4: together the eigenvalues are those of one matrix near A."""
    n, power, size, out = a.shape[-1], a, frobenius(a), []
    for k in range(1, 5):
        out.append(over(np.abs((w**k).sum(-1) - np.trace(power, axis1=-2, axis2=-1)), n * k * size**k))
        power = power @ a
    return np.asarray(np.max(out, axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Eigenpairs(Decomposition):
    """Outputs w [n], V [n, n] of a general matrix; or w [n] alone."""

    what: str = (
        "||A v - w v|| / ||A||, | ||v|| - 1 |, |sum w^k - trace A^k| / (n k ||A||^k) for k = 1 .. 4, Frobenius; for w alone the first is"
        " sigma_min(A - w I) / ||A||"
    )

    def relations(self, outputs: Results, extra: dict[str, Array], u: float) -> Relations:
        w, a = outputs[0], extra["a"].astype(np.clongdouble)
        if len(outputs) == 1:
            yield "sigma_min(A - w I)", over(_least_singular(a, w), frobenius(a)[..., None])
        else:
            v = outputs[1]
            yield "A v - w v", over(_columns(a @ v - v * w[..., None, :]), frobenius(a)[..., None])
            yield "||v|| - 1", np.abs(_columns(v) - 1)
        yield "sum w^k - trace A^k", _power_sums(a, w)
