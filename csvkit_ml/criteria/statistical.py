"""Random outputs: goodness of fit against the declared distribution at a level fixed in the plan.

scipy is imported where it is used: it takes half a second, and most runs judge nothing random anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array

ALPHA = 1e-6
"""Family-wise probability of a false alarm, over all statistical tests of one suite."""
FAMILY = 200
"""Upper bound of the number of statistical tests of one suite (Bonferroni, which Holm's procedure never rejects less than)."""


def _uniform(y: Array, low: float, high: float) -> dict[str, float]:
    from scipy import stats

    if not bool(((y >= low) & (y < high)).all()):
        return {"support": 0.0}
    n = y.size
    z = (float(y.mean()) - (low + high) / 2) / ((high - low) / math.sqrt(12 * n))
    counts = np.bincount(np.minimum(((y - low) / (high - low) * 64).astype(np.int64), 63), minlength=64)
    return {
        "KS": float(stats.kstest(y, "uniform", args=(low, high - low)).pvalue),
        "mean": float(2 * stats.norm.sf(abs(z))),
        "chi-square": float(stats.chisquare(counts).pvalue),
    }


def _normal(y: Array, mean: float, sd: float) -> dict[str, float]:
    from scipy import stats

    n = y.size
    z = (float(y.mean()) - mean) / (sd / math.sqrt(n))
    q = float((((y - mean) / sd) ** 2).sum())
    return {
        "KS": float(stats.kstest(y, "norm", args=(mean, sd)).pvalue),
        "mean": float(2 * stats.norm.sf(abs(z))),
        "variance": float(2 * min(stats.chi2.cdf(q, n), stats.chi2.sf(q, n))),
    }


def _bernoulli(y: Array, p: float, value: float) -> dict[str, float]:
    """Each element is 0 with probability 1 - p, else `value` (dropout of a constant input)."""
    from scipy import stats

    hits = np.isclose(y, value, rtol=1e-6, atol=0)
    if not bool((hits | (y == 0)).all()):
        return {"support": 0.0}
    runs = int(np.count_nonzero(hits[1:] != hits[:-1]))
    out = {"count": float(stats.binomtest(int(hits.sum()), y.size, p).pvalue)}
    if 0 < p < 1:
        mu, pair = 2 * p * (1 - p), (y.size - 1)
        var = pair * (2 * p * (1 - p) * (1 - 2 * p * (1 - p))) + 2 * (pair - 1) * (p * (1 - p) - (2 * p * (1 - p)) ** 2)
        out["runs"] = float(2 * stats.norm.sf(abs(runs - pair * mu) / math.sqrt(max(var, 1e-300))))
    return out


TESTS: dict[str, Callable[..., dict[str, float]]] = {"uniform": _uniform, "normal": _normal, "bernoulli": _bernoulli}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodness:
    """Every p-value of the distribution's tests is at least alpha / (family * tests)."""

    distribution: str
    """Key of TESTS: uniform(low, high), normal(mean, sd), bernoulli(p, value)."""
    arguments: tuple[float, ...]
    rationale: str = "A correct generator is rejected with probability at most 1e-6 over the whole suite; fixed before the run."
    literature: str = "Holm 1979; Kolmogorov-Smirnov, Pearson chi-square, exact binomial and Wald-Wolfowitz runs tests"
    kind: str = "goodness of fit"

    @property
    def formula(self) -> str:
        args = ", ".join(f"{a:g}" for a in self.arguments)
        return f"-log10 p <= -log10({ALPHA:g} / ({FAMILY} tests)) for every test of {self.distribution}({args})"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a sample drawn by the library."""
        y = actual.astype(np.float64).ravel()
        if y.size == 0:
            return Measurement(output=expected.name, reason=Reason.NOTHING_COMPARED, compared=0)
        if not np.isfinite(y).all():
            return Measurement(
                output=expected.name, reason=Reason.SPECIAL_VALUE, compared=int(y.size), offenders=int((~np.isfinite(y)).sum()),
                ratio=float("inf"), expected=self.distribution, actual="not finite",
            )  # fmt: skip
        p_values = TESTS[self.distribution](y, *self.arguments)
        name, p = min(p_values.items(), key=lambda kv: kv[1])
        surprise, limit = -math.log10(max(p, 1e-300)), -math.log10(ALPHA / FAMILY)
        return Measurement(
            output=expected.name,
            reason=Reason.STATISTICS_FIT if surprise <= limit else Reason.BEYOND_BAND,
            compared=int(y.size),
            offenders=sum(-math.log10(max(v, 1e-300)) > limit for v in p_values.values()),
            error=surprise,
            limit=limit,
            hard_limit=limit,
            ratio=surprise / limit,
            rms_ratio=surprise / limit,
            expected=f"{self.distribution}{self.arguments}",
            actual=", ".join(f"p({k}) = {v:.3g}" for k, v in p_values.items()) + f"; smallest: {name}",
        )
