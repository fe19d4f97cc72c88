"""Probability laws by name, and the tests that draws of them must pass. scipy is imported where it is used.

A law is a frozen distribution: `cdf`, `ppf`, `rvs`, `mean`, `std`, and `pmf` where it is discrete. Arguments are those of the definition
that a suite cites, in its order; scipy's own are made of them here. cdf and ppf are right to 1e-9 (tested against Arb), far more than
any test of a sample can tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.criteria.p_values import chi_square, even, serial, serial_of_bounded, two_sided
from csvkit_ml.model.tensor import Array

CELLS = 64
"""Cells of equal probability for the chi-square test of continuous values."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A continuous law with a distribution function and a quantile in closed form."""

    cdf: Callable[[Any], Any]
    ppf: Callable[[Any], Any]

    def rvs(self, size: Any, random_state: np.random.Generator) -> Any:
        return self.ppf(random_state.random(size))


def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _kumaraswamy(_: Any, a: float, b: float) -> Closed:
    return Closed(lambda x: -np.expm1(b * np.log1p(-(x**a))), lambda u: (-np.expm1(np.log1p(-u) / b)) ** (1 / a))


def _continuous_bernoulli(_: Any, p: float) -> Closed:
    """Density proportional to p^x (1 - p)^(1 - x) on [0, 1], p != 1/2."""
    k = math.log(p / (1 - p))
    return Closed(lambda x: np.expm1(k * x) / math.expm1(k), lambda u: np.log1p(u * math.expm1(k)) / k)


def _concrete(_: Any, temperature: float, p: float) -> Closed:
    """Sigmoid of (logit p + standard logistic) / temperature (Maddison et al. 2017)."""
    k = math.log(p / (1 - p))
    return Closed(lambda x: _sigmoid(temperature * _logit(x) - k), lambda u: _sigmoid((_logit(u) + k) / temperature))


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two normal components of unit deviation."""

    weight: float
    first: Any
    second: Any

    def cdf(self, x: Any) -> Any:
        return self.weight * self.first.cdf(x) + (1 - self.weight) * self.second.cdf(x)

    def ppf(self, u: Any) -> Any:
        low, high = np.full(np.shape(u), -40.0), np.full(np.shape(u), 40.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = self.cdf(middle) < u
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def rvs(self, size: Any, random_state: np.random.Generator) -> Any:
        first = random_state.random(size) < self.weight
        return np.where(first, self.first.rvs(size=size, random_state=random_state), self.second.rvs(size=size, random_state=random_state))


LAWS: Mapping[str, Callable[..., Any]] = {
    "bernoulli": lambda s, p: s.bernoulli(p),
    "beta": lambda s, a, b: s.beta(a, b),
    "binomial": lambda s, n, p: s.binom(int(n), p),
    "cauchy": lambda s, x, g: s.cauchy(x, g),
    "chi2": lambda s, k: s.chi2(k),
    "concrete": _concrete,
    "continuous_bernoulli": _continuous_bernoulli,
    "discrete_uniform": lambda s, low, high: s.randint(int(low), int(high)),
    "exponential": lambda s, rate: s.expon(scale=1 / rate),
    "fisher_snedecor": lambda s, a, b: s.f(a, b),
    "gamma": lambda s, a, b: s.gamma(a, scale=1 / b),
    "generalized_pareto": lambda s, m, d, c: s.genpareto(c, m, d),
    "geometric": lambda s, p: s.geom(p, loc=-1),
    "gumbel": lambda s, m, b: s.gumbel_r(m, b),
    "half_cauchy": lambda s, g: s.halfcauchy(scale=g),
    "half_normal": lambda s, d: s.halfnorm(scale=d),
    "inverse_gamma": lambda s, a, b: s.invgamma(a, scale=b),
    "kumaraswamy": _kumaraswamy,
    "laplace": lambda s, m, b: s.laplace(m, b),
    "log_normal": lambda s, m, d: s.lognorm(d, scale=math.exp(m)),
    "logistic_normal": lambda s, m, d: s.norm(m, d),
    "mixture": lambda s, w, a, b: Mixture(w, s.norm(a, 1.0), s.norm(b, 1.0)),
    "negative_binomial": lambda s, n, p: s.nbinom(n, 1 - p),
    "gaussian": lambda s, m, d: s.norm(m, d),
    "pareto": lambda s, m, a: s.pareto(a, scale=m),
    "poisson": lambda s, rate: s.poisson(rate),
    "rectangular": lambda s, low, high: s.uniform(low, high - low),
    "student_t": lambda s, k, m, d: s.t(k, m, d),
    "symmetric_beta": lambda s, a: s.beta(a, a, loc=-1, scale=2),
    "truncated_normal": lambda s, m, d, a, b: s.truncnorm((a - m) / d, (b - m) / d, m, d),
    "von_mises": lambda s, m, k: s.vonmises(k, m),
    "weibull": lambda s, scale, c: s.weibull_min(c, scale=scale),
}
"""By name, of scipy.stats and the arguments of the definition."""


def law(name: str, *arguments: float) -> Any:
    """The frozen law. Raises KeyError."""
    from scipy import stats

    return LAWS[name](stats, *arguments)


def discrete(made: Any) -> bool:
    """Whether a law gives whole numbers."""
    return hasattr(made, "dist") and hasattr(made.dist, "pmf")


def wrapped(name: str, y: Array, arguments: tuple[float, ...]) -> Array:
    """Angles in the turn around the location, where the law's distribution function runs from 0 to 1; other values as they are."""
    if name != "von_mises":
        return y
    return np.asarray(arguments[0] + np.remainder(y - arguments[0] + math.pi, 2 * math.pi) - math.pi)


def fits(name: str) -> Callable[..., dict[str, float]]:
    """The tests of DISTRIBUTIONS for a law of this table."""

    def tests(y: Array, _: Mapping[str, Array], *arguments: float) -> dict[str, float]:
        made = law(name, *arguments)
        with np.errstate(divide="ignore"):  # closed forms have poles at the ends of the support
            return _whole(y, made) if discrete(made) else _real(wrapped(name, y, arguments), made)

    return tests


def _real(y: Array, made: Any) -> dict[str, float]:
    """The probability transform is uniform: body, mean, spread, cells, independence."""
    from scipy import stats

    low, high = made.ppf(0.0), made.ppf(1.0)
    slack = 2.0**-22 * np.array([abs(low), abs(high)])
    if not bool(((y >= low - (slack[0] if np.isfinite(low) else 0)) & (y <= high + (slack[1] if np.isfinite(high) else 0))).all()):
        return {"support": 0.0}
    u = np.asarray(made.cdf(np.clip(y, low, high)))
    z = (u - 0.5) * math.sqrt(12)
    return {
        "Kolmogorov-Smirnov": float(stats.kstest(u, "uniform").pvalue),
        "mean": two_sided(float(z.sum()) / math.sqrt(u.size)),
        "spread": two_sided(float((z**2 - 1).sum()) / math.sqrt(0.8 * u.size)),
        "chi-square": even(np.bincount(np.clip(u * CELLS, 0, CELLS - 1).astype(np.int64), minlength=CELLS)),
        "serial": serial(z),
    }


def _whole(y: Array, made: Any) -> dict[str, float]:
    """Whole numbers that the law can give, in the right proportions, independent."""
    if not bool((y == np.floor(y)).all() and (made.pmf(y) > 0).all()):
        return {"support": 0.0}
    low, high = int(y.min()), int(y.max())
    values = np.arange(low, high + 1)
    probability = np.asarray(made.pmf(values))
    probability[0], probability[-1] = made.cdf(low), made.sf(high - 1) if high > low else 1.0
    counts = np.bincount((y - low).astype(np.int64), minlength=values.size)
    z = (y - made.mean()) / made.std()
    rank = np.cumsum(probability) - probability / 2
    center, spread = (
        float((probability * rank).sum()),
        math.sqrt(float((probability * rank**2).sum()) - float((probability * rank).sum()) ** 2),
    )
    ranks = (rank[(y - low).astype(np.int64)] - center) / spread if spread > 0 else np.zeros(y.size)
    return {
        "mean": two_sided(float(z.sum()) / math.sqrt(y.size)),
        "chi-square": chi_square(counts, probability),
        **serial_of_bounded(ranks),
    }
