"""Densities of the low-rank normal distribution and of vectors on the simplex that are relaxed classes or logistic-normal."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from csvkit_ml.model.function import Function, seed_for
from validation_suites.training.multivariate import (
    Family,
    Value,
    exactly,
    log_2pi,
    logarithm,
    logarithms,
    plain,
    positive_rows,
    simplex_rows,
    summed,
    vector_rows,
)  # fmt: skip

RANK = 2


def _norm(a: Any) -> Any:
    return mpmath.mnorm(mpmath.matrix(a.tolist()), "f")


def _inverse(a: Any) -> Any:
    return np.array((mpmath.matrix(a.tolist()) ** -1).tolist(), dtype=object).reshape(a.shape)


def _small(factor: Any, diagonal: Any) -> tuple[Any, Any]:
    """(I + W' D^-1 W, its condition number): what a low-rank method solves with."""
    c = exactly(np.eye(factor.shape[1])) + factor.T @ (factor / diagonal[:, None])
    return c, _norm(c) * _norm(_inverse(c))


def _determinant(factor: Any, diagonal: Any) -> Value:
    """log det (W W' + D)."""
    c, condition = _small(factor, diagonal)
    inner = mpmath.log(mpmath.det(mpmath.matrix(c.tolist())))
    return summed((1, logarithms(diagonal)), (1, (inner, abs(inner) + condition)))


def _square(d: Any, factor: Any, diagonal: Any) -> Value:
    """d' (W W' + D)^-1 d; a low-rank method takes a part of d' D^-1 d off it."""
    whole = _inverse(factor @ factor.T + np.diag(diagonal))
    largest = (d * d / diagonal).sum()
    return d @ whole @ d, 2 * largest * (1 + _small(factor, diagonal)[1])


def _low_rank_log(x: Any, mean: Any, factor: Any, diagonal: Any) -> Value:
    value, scale = summed((-0.5, _square(x - mean, factor, diagonal)), (-0.5, _determinant(factor, diagonal)), (-0.5 * len(x), plain(log_2pi())))
    return value, scale


def _low_rank_entropy(factor: Any, diagonal: Any) -> Value:
    return summed((0.5, _determinant(factor, diagonal)), (0.5 * len(diagonal), plain(1 + log_2pi())))


def _low_rank_divergence(mean: Any, factor: Any, diagonal: Any, other_mean: Any, other: Any, other_diagonal: Any) -> Value:
    columns = [factor[:, j] for j in range(factor.shape[1])]
    whole = _inverse(other @ other.T + np.diag(other_diagonal))
    condition = 2 * (1 + _small(other, other_diagonal)[1])
    own = ((np.diagonal(whole) * diagonal).sum(), (diagonal / other_diagonal).sum() * condition)
    trace = [(0.5, _square(c, other, other_diagonal)) for c in columns]
    logs = (0.5, _determinant(other, other_diagonal)), (-0.5, _determinant(factor, diagonal))
    return summed((0.5, own), *trace, (0.5, _square(other_mean - mean, other, other_diagonal)), *logs, (-0.5 * len(mean), plain(mpmath.mpf(1))))


def _relaxed_log(x: Any, temperature: Any, weights: Any) -> Value:
    """Gamma(n) t^(n-1) prod w_k x_k^(-t-1) / (sum w_k x_k^-t)^n (Maddison et al. 2017, equation 10)."""
    n, t = len(x), temperature[0]
    logs = logarithm(x)
    scores = logarithm(weights / weights.sum()) - t * logs
    top = max(scores)
    total = top + mpmath.log(sum(mpmath.exp(s - top) for s in scores))
    reach = max(abs(scores)) + t * max(abs(logs)) + max(abs(logarithm(weights))) + 2
    own = [(1, (s - total - v, abs(s - total) + abs(v) + 2 * reach)) for s, v in zip(scores, logs, strict=True)]
    return summed((1, plain(mpmath.loggamma(n))), (n - 1, logarithms(temperature)), *own)


def _logistic_log(x: Any, mean: Any, width: Any) -> Value:
    """log(x_i / (1 - x_1 - ... - x_i)) is normal, i < n: the class's documented law, with the derivative of that map."""
    kept = x[:-1]
    left = 1 - np.cumsum(kept)
    before = np.concatenate([[mpmath.mpf(1)], left[:-1]])
    y = logarithm(kept) - logarithm(left)
    z = (y - mean) / width
    steep = (abs(z) / width + 1) * (abs(logarithm(kept)) + abs(logarithm(left)) + abs(mean) + len(x) / left + 1)
    parts = -z * z / 2 - logarithm(width) - log_2pi() / 2 + logarithm(before) - logarithm(kept) - logarithm(left)
    sizes = z * z / 2 + abs(logarithm(width)) + abs(logarithm(before)) + abs(logarithm(kept)) + abs(logarithm(left)) + 2
    return parts.sum(), (sizes + steep).sum()


def _factor(rows: int, n: int, *names: str) -> Any:
    return seed_for("low rank", *names).normal(size=(rows, n, RANK))


FAMILIES = (
    Family(
        id="low_rank_normal_distribution", what="a normal distribution whose covariance is a diagonal and a part of low rank",
        quantities=(
            ("log_prob", _low_rank_log,
             lambda r, n: (vector_rows(r, n, "lx"), vector_rows(r, n, "lm"), _factor(r, n, "lw"), positive_rows(r, n, "ld"))),
            ("entropy", _low_rank_entropy, lambda r, n: (_factor(r, n, "le"), positive_rows(r, n, "led"))),
            ("kl", _low_rank_divergence,
             lambda r, n: (vector_rows(r, n, "lm1"), _factor(r, n, "lw1"), positive_rows(r, n, "ld1"),
                           vector_rows(r, n, "lm2"), _factor(r, n, "lw2"), positive_rows(r, n, "ld2"))),
        ),
    ),
    Family(
        id="relaxed_classes_distribution", what="classes relaxed to the simplex at a temperature",
        quantities=(("log_prob", _relaxed_log, lambda r, n: (simplex_rows(r, n, "rx"), positive_rows(r, 1, "rt"), simplex_rows(r, n, "rp"))),),
    ),
    Family(
        id="logistic_normal_distribution", what="the logistic-normal distribution",
        quantities=(("log_prob", _logistic_log, lambda r, n: (simplex_rows(r, n, "nx"), vector_rows(r, n - 1, "nm"), positive_rows(r, n - 1, "ns"))),),
    ),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(f.function() for f in FAMILIES)
