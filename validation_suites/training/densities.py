"""Probability distributions of one number: one row each, with every formula as a sum of terms in the arithmetic that is asked.

Names of the distributions and the order of their arguments are those of torch.distributions. log_prob takes the value and then the
arguments; cdf likewise; icdf takes a probability; entropy, mean, variance and mode take the arguments alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.term_sums import Formula, Slack

Arguments = tuple[float, ...]
INF = float("inf")
NAN = float("nan")
PROBABILITIES = (0.03, 0.125, 0.3, 0.5, 0.625, 0.8, 0.95)
REAL = (-6.5, -2.0, -0.75, -0.1, 0.0, 0.3, 1.0, 2.6, 7.0)
POSITIVE = (0.01, 0.2, 0.7, 1.0, 1.9, 4.0, 11.0)
UNIT = (0.01, 0.15, 0.4, 0.5, 0.77, 0.99)
WHOLE = (0.0, 1.0, 2.0, 3.0, 5.0, 9.0)
REAL_LINE, HALF_LINE, INTERVAL = (-INF, INF), (0.0, INF), (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """One distribution."""

    id: str
    what: str
    """In words, with article."""
    arguments: tuple[Arguments, ...]
    points: tuple[float, ...]
    log_prob: Formula
    cdf: Formula | None = None
    icdf: Formula | None = None
    entropy: Formula | None = None
    mean: Formula | None = None
    variance: Formula | None = None
    mode: Formula | None = None
    whole: bool = False
    """Values are whole numbers."""
    support: tuple[float, float] = REAL_LINE
    """Where the density is not zero, where this does not depend on the arguments."""

    def quantities(self) -> tuple[str, ...]:
        """Names of the formulas that there are."""
        return tuple(q for q in ("log_prob", "cdf", "icdf", "entropy", "mean", "variance", "mode") if getattr(self, q))

    def columns(self, quantity: str) -> list[Array]:
        """Points by arguments, or the arguments alone."""
        rows: Sequence[Sequence[float]] = self.arguments
        if quantity in ("log_prob", "cdf", "icdf"):
            points = PROBABILITIES if quantity == "icdf" else self.points
            rows = [(x, *a) for a in self.arguments for x in points]
        return [np.array(column) for column in zip(*rows, strict=True)]


def half_log_2pi(m: Any) -> Any:
    return m.log(2 * m.pi) / 2


def _normal(m: Any, x: Any, mu: Any, s: Any) -> list[Any]:
    return [-((x - mu) ** 2) / (2 * s * s), -m.log(s), -half_log_2pi(m)]


def _quantile(m: Any, u: Any) -> Any:
    return m.sqrt(2) * m.erfinv(2 * u - 1)


def _normal_icdf(m: Any, u: Any, mu: Any, s: Any) -> list[Any]:
    z = _quantile(m, u)
    return [mu, s * z, Slack(s * m.exp(z * z / 2) * m.sqrt(m.pi * 2))]


def _log_normal_icdf(m: Any, u: Any, mu: Any, s: Any) -> list[Any]:
    z = _quantile(m, u)
    y = m.exp(mu + s * z)
    return [y, Slack(y * (abs(mu) + abs(s * z) + s * m.exp(z * z / 2) * 3))]


def _gamma(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    return [a * m.log(b), (a - 1) * m.log(x), -b * x, -m.lgamma(a)]


def _gamma_cdf(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    return [m.gammainc(a, b * x), Slack(1), Slack(m.exp(a * m.log(b * x) - b * x - m.lgamma(a)))]


def _gamma_entropy(m: Any, a: Any, b: Any) -> list[Any]:
    return [a, -m.log(b), m.lgamma(a), (1 - a) * m.digamma(a)]


def _beta(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    s = a + b
    return [(a - 1) * m.log(x), (b - 1) * m.log(1 - x), m.lgamma(s), -m.lgamma(a), -m.lgamma(b), Slack(b - 1), Slack(s * m.digamma(s))]


def _beta_entropy(m: Any, a: Any, b: Any) -> list[Any]:
    s = a + b
    return [
        m.lgamma(a),
        m.lgamma(b),
        -m.lgamma(s),
        (s - 2) * m.digamma(s),
        -(a - 1) * m.digamma(a),
        -(b - 1) * m.digamma(b),
        Slack(s * m.digamma(s)),
    ]


def _student(m: Any, x: Any, k: Any, mu: Any, s: Any) -> list[Any]:
    z = (x - mu) / s
    return [-m.log(s), -m.log(k) / 2, -m.log(m.pi) / 2, m.lgamma((k + 1) / 2), -m.lgamma(k / 2), -(k + 1) / 2 * m.log1p(z * z / k)]


def _student_entropy(m: Any, k: Any, mu: Any, s: Any) -> list[Any]:
    h = (k + 1) / 2
    return [m.log(s), h * m.digamma(h), -h * m.digamma(k / 2), m.log(k) / 2, m.lgamma(k / 2), m.log(m.pi) / 2, -m.lgamma(h)]


def _fisher(m: Any, x: Any, d1: Any, d2: Any) -> list[Any]:
    a, b, r = d1 / 2, d2 / 2, d1 / d2
    return [
        m.lgamma(a + b),
        -m.lgamma(a),
        -m.lgamma(b),
        a * m.log(r),
        (a - 1) * m.log(x),
        -(a + b) * m.log1p(r * x),
        Slack((a + b) * m.digamma(a + b)),
    ]


def _kumaraswamy(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    power = m.exp(a * m.log(x))
    rest = Slack((abs(b - 1) + 1) * power * (1 + abs(a * m.log(x))) / (1 - power))
    return [m.log(a), m.log(b), (a - 1) * m.log(x), (b - 1) * m.log(1 - power), rest, Slack(m.log(1 - power) / b), Slack(a * m.log(x))]


def _kumaraswamy_moment(m: Any, n: int, a: Any, b: Any) -> Any:
    return b * m.exp(m.lgamma(1 + n / a) + m.lgamma(b) - m.lgamma(1 + n / a + b))


def _kumaraswamy_variance(m: Any, a: Any, b: Any) -> list[Any]:
    first, second = (_kumaraswamy_moment(m, n, a, b) for n in (1, 2))
    size = abs(m.lgamma(b)) + abs(m.lgamma(1 + 2 / a + b)) + 2
    return [second, -first * first, Slack(second * size), Slack(2 * first * first * size)]


def _harmonic(m: Any, b: Any) -> Any:
    return m.digamma(b + 1) + m.euler


def _weibull(m: Any, x: Any, l: Any, k: Any) -> list[Any]:  # noqa: E741
    ratio = m.log(x / l)
    power = m.exp(k * ratio)
    return [
        m.log(k),
        -k * m.log(l),
        (k - 1) * m.log(x),
        -power,
        Slack(power * (2 + abs(k * ratio) * (2 + abs(ratio)))),
        Slack(k * m.log(x)),
        Slack(m.log(power + 1)),
    ]


def _weibull_variance(m: Any, l: Any, k: Any) -> list[Any]:  # noqa: E741
    first, second = m.exp(2 * m.lgamma(1 + 1 / k)), m.exp(m.lgamma(1 + 2 / k))
    return [l * l * second, -l * l * first]


def _gumbel(m: Any, x: Any, mu: Any, b: Any) -> list[Any]:
    y = (mu - x) / b
    return [y, -m.exp(y), -m.log(b), Slack(y * m.exp(y))]


def _gumbel_cdf(m: Any, x: Any, mu: Any, b: Any) -> list[Any]:
    e = m.exp((mu - x) / b)
    return [m.exp(-e), Slack(m.exp(-e) * e * (2 + abs((mu - x) / b))), Slack(m.exp(-e) * 2)]


def _pareto(m: Any, x: Any, s: Any, a: Any) -> list[Any]:
    return [m.log(a), a * m.log(s), -(a + 1) * m.log(x), Slack(a + 1)]


def _tail(m: Any, x: Any, s: Any, a: Any) -> list[Any]:
    power = m.exp(-a * m.log(x / s))
    return [1, -power, Slack(power * a * (1 + abs(m.log(x / s))))]


def _gpd(m: Any, x: Any, mu: Any, s: Any, c: Any) -> list[Any]:
    z = (x - mu) / s
    return [-m.log(s), -(1 + 1 / c) * m.log1p(c * z), Slack((1 + 1 / c) * c * z / (1 + c * z))]


def _gpd_cdf(m: Any, x: Any, mu: Any, s: Any, c: Any) -> list[Any]:
    z = (x - mu) / s
    power = m.exp(-m.log1p(c * z) / c)
    return [1, -power, Slack(power * (z / (1 + c * z) + abs(m.log1p(c * z) / c)))]


def _gpd_icdf(m: Any, u: Any, mu: Any, s: Any, c: Any) -> list[Any]:
    power = m.exp(-c * m.log1p(-u))
    return [mu, s * power / c, -s / c, Slack(s / c * power * abs(c * m.log1p(-u)))]


def _cb_constant(m: Any, p: Any) -> Any:
    """Log of the normalising constant, p != 1/2."""
    return m.log((m.log1p(-p) - m.log(p)) / (1 - 2 * p))


def _continuous_bernoulli(m: Any, x: Any, p: Any) -> list[Any]:
    return [x * m.log(p), (1 - x) * m.log1p(-p), _cb_constant(m, p), Slack(2), Slack(m.log(p))]


def _cb_mean(m: Any, p: Any) -> list[Any]:
    return [p / (2 * p - 1), 1 / (m.log1p(-p) - m.log(p)), Slack(p / (2 * p - 1) ** 2)]


def _cb_entropy(m: Any, p: Any) -> list[Any]:
    mean = sum(_cb_mean(m, p)[:2])
    logit = m.log1p(-p) - m.log(p)
    return [mean * logit, -_cb_constant(m, p), -m.log1p(-p), Slack((abs(mean) + p / (2 * p - 1) ** 2) * logit), Slack(2)]


def _cb_cdf(m: Any, x: Any, p: Any) -> list[Any]:
    power = m.exp(x * m.log(p) + (1 - x) * m.log1p(-p))
    return [power / (2 * p - 1), (p - 1) / (2 * p - 1), Slack(power * (abs(m.log(p)) + 1) / (2 * p - 1))]


def _cb_icdf(m: Any, u: Any, p: Any) -> list[Any]:
    span = m.log(p) - m.log1p(-p)
    inner = 1 - p + u * (2 * p - 1)
    return [m.log(inner) / span, -m.log1p(-p) / span, Slack(2 / inner / span)]


def _von_mises(m: Any, x: Any, mu: Any, k: Any) -> list[Any]:
    return [k * m.cos(x - mu), -m.log(2 * m.pi), -m.log(m.bessel_i(0, k)), Slack(k * (x - mu))]


def _concrete(m: Any, x: Any, t: Any, p: Any) -> list[Any]:
    """The relaxed Bernoulli distribution: the logit of x is logistic, around logit(p) / t, times 1 / t."""
    y, logit = m.log(x) - m.log1p(-x), m.log(p) - m.log1p(-p)
    d = logit - t * y
    own = [Slack(logit), Slack(t * m.log(x)), Slack(t * m.log1p(-x)), Slack(3 * m.log(x)), Slack(3 * m.log1p(-x)), Slack(4)]
    return [m.log(t), d, -2 * m.log1p(m.exp(d)), -m.log(x), -m.log1p(-x), *own]


def _bernoulli(m: Any, x: Any, p: Any) -> list[Any]:
    return [x * m.log(p), (1 - x) * m.log1p(-p), Slack(m.log(p)), Slack(m.log1p(-p))]


def _binomial(m: Any, x: Any, n: Any, p: Any) -> list[Any]:
    return [
        m.lgamma(n + 1),
        -m.lgamma(x + 1),
        -m.lgamma(n - x + 1),
        x * m.log(p),
        (n - x) * m.log1p(-p),
        Slack(n * m.log(p)),
        Slack(n * m.log1p(-p)),
    ]


def _negative_binomial(m: Any, x: Any, n: Any, p: Any) -> list[Any]:
    s = n + x
    return [
        n * m.log1p(-p),
        x * m.log(p),
        m.lgamma(s),
        -m.lgamma(x + 1),
        -m.lgamma(n),
        Slack(s * m.digamma(s)),
        Slack(s * m.log(p)),
        Slack(s * m.log1p(-p)),
    ]


def _p_entropy(m: Any, p: Any) -> list[Any]:
    return [-p * m.log(p), -(1 - p) * m.log1p(-p), Slack(m.log(p)), Slack(m.log1p(-p))]


DENSITIES = (
    Density(
        id="normal",
        what="the normal distribution",
        arguments=((0.0, 1.0), (1.5, 0.25), (-100.0, 40.0)),
        points=REAL,
        log_prob=_normal,
        cdf=lambda m, x, mu, s: [(1 + m.erf((x - mu) / (s * m.sqrt(2)))) / 2, Slack(1)],
        icdf=_normal_icdf,
        entropy=lambda m, mu, s: [m.log(2 * m.pi) / 2, s / s / 2, m.log(s)],
        mean=lambda m, mu, s: [mu],
        variance=lambda m, mu, s: [s * s],
        mode=lambda m, mu, s: [mu],
    ),
    Density(
        id="log_normal",
        what="the log-normal distribution",
        arguments=((0.0, 1.0), (1.5, 0.25), (-2.0, 0.7)),
        points=POSITIVE,
        support=HALF_LINE,
        log_prob=lambda m, x, mu, s: [*_normal(m, m.log(x), mu, s), -m.log(x), Slack(m.log(x) * (m.log(x) - mu) / (s * s))],
        cdf=lambda m, x, mu, s: [(1 + m.erf((m.log(x) - mu) / (s * m.sqrt(2)))) / 2, Slack(1), Slack(m.log(x) / s)],
        icdf=_log_normal_icdf,
        entropy=lambda m, mu, s: [m.log(2 * m.pi) / 2, s / s / 2, m.log(s), mu],
        mean=lambda m, mu, s: [m.exp(mu + s * s / 2), Slack(m.exp(mu + s * s / 2) * (abs(mu) + s * s))],
        variance=lambda m, mu, s: [
            m.expm1(s * s) * m.exp(2 * mu + s * s),
            Slack(m.expm1(s * s) * m.exp(2 * mu + s * s) * (2 * abs(mu) + s * s)),
        ],
        mode=lambda m, mu, s: [m.exp(mu - s * s), Slack(m.exp(mu - s * s) * (abs(mu) + s * s))],
    ),
    Density(
        id="exponential",
        what="the exponential distribution",
        arguments=((1.0,), (0.05,), (7.0,)),
        points=(0.0, *POSITIVE),
        support=HALF_LINE,
        log_prob=lambda m, x, r: [m.log(r), -r * x],
        cdf=lambda m, x, r: [1, -m.exp(-r * x)],
        icdf=lambda m, u, r: [-m.log1p(-u) / r],
        entropy=lambda m, r: [r / r, -m.log(r)],
        mean=lambda m, r: [1 / r],
        variance=lambda m, r: [1 / (r * r)],
        mode=lambda m, r: [r - r],
    ),
    Density(
        id="laplace",
        what="the Laplace distribution",
        arguments=((0.0, 1.0), (1.5, 0.25), (-3.0, 5.0)),
        points=REAL,
        log_prob=lambda m, x, mu, b: [-m.log(2 * b), -abs(x - mu) / b],
        cdf=lambda m, x, mu, b: [(m.exp(-abs(x - mu) / b) / 2 if x < mu else 1 - m.exp(-abs(x - mu) / b) / 2), Slack(1)],
        icdf=lambda m, u, mu, b: [mu, -b * m.sgn(u - 0.5) * m.log1p(-2 * abs(u - 0.5)), Slack(b / (1 - 2 * abs(u - 0.5)))],
        entropy=lambda m, mu, b: [b / b, m.log(2 * b)],
        mean=lambda m, mu, b: [mu],
        variance=lambda m, mu, b: [2 * b * b],
        mode=lambda m, mu, b: [mu],
    ),
    Density(
        id="cauchy",
        what="the Cauchy distribution",
        arguments=((0.0, 1.0), (1.5, 0.25)),
        points=REAL,
        log_prob=lambda m, x, mu, g: [-m.log(m.pi), -m.log(g), -m.log1p(((x - mu) / g) ** 2)],
        cdf=lambda m, x, mu, g: [m.atan((x - mu) / g) / m.pi, g / g / 2],
        icdf=lambda m, u, mu, g: [mu, g * m.tan(m.pi * (u - 0.5)), Slack(g * m.pi * (1 + m.tan(m.pi * (u - 0.5)) ** 2))],
        entropy=lambda m, mu, g: [m.log(4 * m.pi), m.log(g)],
        mean=lambda m, mu, g: [NAN],
        variance=lambda m, mu, g: [INF],
        mode=lambda m, mu, g: [mu],
    ),
    Density(
        id="gumbel",
        what="the Gumbel distribution",
        arguments=((0.0, 1.0), (1.5, 2.0)),
        points=(-2.0, -0.75, -0.1, 0.0, 0.3, 1.0, 2.6, 7.0),
        log_prob=_gumbel,
        cdf=_gumbel_cdf,
        icdf=lambda m, u, mu, b: [mu, -b * m.log(-m.log(u)), Slack(2 * b * (1 + 1 / abs(m.log(u))))],
        entropy=lambda m, mu, b: [m.log(b), 1 + m.euler],
        mean=lambda m, mu, b: [mu, b * m.euler],
        variance=lambda m, mu, b: [m.pi * m.pi * b * b / 6],
        mode=lambda m, mu, b: [mu],
    ),
    Density(
        id="half_normal",
        what="the magnitude of a normal variable",
        arguments=((1.0,), (0.25,), (40.0,)),
        points=(0.0, *POSITIVE),
        support=HALF_LINE,
        log_prob=lambda m, x, s: [*_normal(m, x, x - x, s), m.log(2)],
        cdf=lambda m, x, s: [m.erf(x / (s * m.sqrt(2))), Slack(2)],
        icdf=lambda m, u, s: _half_normal_icdf(m, u, s),
        entropy=lambda m, s: [m.log(2 * m.pi) / 2, s / s / 2, m.log(s), -m.log(2)],
        mean=lambda m, s: [s * m.sqrt(2 / m.pi)],
        variance=lambda m, s: [s * s, -2 * s * s / m.pi],
        mode=lambda m, s: [s - s],
    ),
    Density(
        id="half_cauchy",
        what="the magnitude of a Cauchy variable",
        arguments=((1.0,), (0.25,)),
        points=(0.0, *POSITIVE),
        support=HALF_LINE,
        log_prob=lambda m, x, g: [-m.log(m.pi), -m.log(g), -m.log1p((x / g) ** 2), m.log(2)],
        cdf=lambda m, x, g: [2 * m.atan(x / g) / m.pi, Slack(2)],
        icdf=lambda m, u, g: [g * m.tan(m.pi * u / 2), Slack(g * m.pi * (1 + m.tan(m.pi * u / 2) ** 2))],
        entropy=lambda m, g: [m.log(2 * m.pi), m.log(g), Slack(m.log(2))],
        mean=lambda m, g: [INF],
        variance=lambda m, g: [INF],
        mode=lambda m, g: [g - g],
    ),
    Density(
        id="uniform",
        what="the uniform distribution",
        arguments=((-7.0, 7.5), (-8.0, 24.0)),
        points=REAL,
        log_prob=lambda m, x, a, b: [-m.log(b - a)],
        cdf=lambda m, x, a, b: [(x - a) / (b - a)],
        icdf=lambda m, u, a, b: [a, u * (b - a)],
        entropy=lambda m, a, b: [m.log(b - a)],
        mean=lambda m, a, b: [a / 2, b / 2],
        variance=lambda m, a, b: [(b - a) ** 2 / 12],
        mode=lambda m, a, b: [NAN],
    ),
    Density(
        id="pareto",
        what="the Pareto distribution",
        arguments=((1.0, 3.0), (0.5, 2.5)),
        points=(1.0625, 1.5, 2.25, 4.0, 30.0),
        log_prob=_pareto,
        cdf=_tail,
        icdf=lambda m, u, s, a: [s * m.exp(-m.log1p(-u) / a), Slack(s * m.exp(-m.log1p(-u) / a) * (1 + abs(m.log1p(-u))) / a)],
        entropy=lambda m, s, a: [m.log(s / a), a / a, 1 / a],
        mean=lambda m, s, a: [a * s / (a - 1)],
        variance=lambda m, s, a: [s * s * a / ((a - 1) ** 2 * (a - 2))],
        mode=lambda m, s, a: [s],
    ),
    Density(
        id="weibull",
        what="the Weibull distribution",
        arguments=((1.0, 1.5), (3.0, 2.0), (0.5, 4.0)),
        points=(0.125, 0.2, 0.7, 1.0, 1.25),
        support=HALF_LINE,
        log_prob=_weibull,
        cdf=lambda m, x, scale, k: _weibull_cdf(m, x, scale, k),
        icdf=lambda m, u, scale, k: _weibull_icdf(m, u, scale, k),
        entropy=lambda m, scale, k: [m.euler * (1 - 1 / k), m.log(scale / k), k / k],
        mean=lambda m, scale, k: [scale * m.exp(m.lgamma(1 + 1 / k))],
        variance=_weibull_variance,
        mode=lambda m, scale, k: [scale * m.exp(m.log((k - 1) / k) / k)],
    ),
    Density(
        id="gamma",
        what="the gamma distribution",
        arguments=((2.0, 1.0), (0.5, 3.0), (30.0, 5.0)),
        points=POSITIVE,
        support=HALF_LINE,
        log_prob=_gamma,
        cdf=_gamma_cdf,
        entropy=_gamma_entropy,
        mean=lambda m, a, b: [a / b],
        variance=lambda m, a, b: [a / (b * b)],
        mode=lambda m, a, b: [m.largest(a - 1, a - a) / b],
    ),
    Density(
        id="chi2",
        what="the chi-square distribution",
        arguments=((3.0,), (1.0,), (25.0,)),
        points=POSITIVE,
        support=HALF_LINE,
        log_prob=lambda m, x, k: _gamma(m, x, k / 2, k / k / 2),
        cdf=lambda m, x, k: _gamma_cdf(m, x, k / 2, k / k / 2),
        entropy=lambda m, k: _gamma_entropy(m, k / 2, k / k / 2),
        mean=lambda m, k: [k],
        variance=lambda m, k: [2 * k],
        mode=lambda m, k: [m.largest(k - 2, k - k)],
    ),
    Density(
        id="inverse_gamma",
        what="the inverse gamma distribution",
        arguments=((3.0, 1.0), (2.5, 4.0)),
        points=POSITIVE,
        support=HALF_LINE,
        log_prob=lambda m, x, a, b: [a * m.log(b), -(a + 1) * m.log(x), -b / x, -m.lgamma(a)],
        cdf=lambda m, x, a, b: [1, -m.gammainc(a, b / x), Slack(1)],
        entropy=lambda m, a, b: [a, m.log(b), m.lgamma(a), -(1 + a) * m.digamma(a)],
        mean=lambda m, a, b: [b / (a - 1)],
        variance=lambda m, a, b: [b * b / ((a - 1) ** 2 * (a - 2))],
        mode=lambda m, a, b: [b / (a + 1)],
    ),
    Density(
        id="beta",
        what="the beta distribution",
        arguments=((2.0, 3.0), (0.5, 0.5), (20.0, 4.0)),
        points=UNIT,
        support=INTERVAL,
        log_prob=_beta,
        entropy=_beta_entropy,
        mean=lambda m, a, b: [a / (a + b)],
        variance=lambda m, a, b: [a * b / ((a + b) ** 2 * (a + b + 1))],
    ),
    Density(
        id="student_t",
        what="Student's t distribution",
        arguments=((4.0, 0.0, 1.0), (3.0, 1.5, 0.25), (50.0, -1.0, 2.0)),
        points=REAL,
        log_prob=_student,
        entropy=_student_entropy,
        mean=lambda m, k, mu, s: [mu],
        variance=lambda m, k, mu, s: [s * s * k / (k - 2)],
        mode=lambda m, k, mu, s: [mu],
    ),
    Density(
        id="fisher_snedecor",
        what="Fisher's F distribution",
        arguments=((4.0, 7.0), (20.0, 9.0)),
        points=POSITIVE,
        support=HALF_LINE,
        log_prob=_fisher,
        mean=lambda m, a, b: [b / (b - 2)],
        variance=lambda m, a, b: [2 * b * b * (a + b - 2) / (a * (b - 2) ** 2 * (b - 4)), Slack(0)],
        mode=lambda m, a, b: [(a - 2) / a * b / (b + 2)],
    ),
    Density(
        id="kumaraswamy",
        what="the Kumaraswamy distribution",
        arguments=((2.0, 3.0), (1.5, 1.25), (4.0, 2.0)),
        points=(0.125, 0.25, 0.5, 0.75, 0.9),
        support=INTERVAL,
        log_prob=_kumaraswamy,
        entropy=lambda m, a, b: [1 - 1 / b, (1 - 1 / a) * _harmonic(m, b), -m.log(a), -m.log(b)],
        mean=lambda m, a, b: [_kumaraswamy_moment(m, 1, a, b), Slack(abs(m.lgamma(b)) + abs(m.lgamma(1 + 1 / a + b)) + 2)],
        variance=_kumaraswamy_variance,
        mode=lambda m, a, b: [m.exp(m.log((a - 1) / (a * b - 1)) / a), Slack(2)],
    ),
    Density(
        id="generalized_pareto",
        what="the generalised Pareto distribution",
        arguments=((0.0, 1.0, 0.25), (-1.0, 2.0, 0.125)),
        points=POSITIVE,
        log_prob=_gpd,
        cdf=_gpd_cdf,
        icdf=_gpd_icdf,
        entropy=lambda m, mu, s, c: [m.log(s), c, s / s],
        mean=lambda m, mu, s, c: [mu, s / (1 - c)],
        variance=lambda m, mu, s, c: [s * s / ((1 - c) ** 2 * (1 - 2 * c))],
    ),
    Density(
        id="continuous_bernoulli",
        what="the continuous Bernoulli distribution",
        arguments=((0.25,), (0.9,), (0.0625,)),
        points=(0.0, *UNIT),
        support=INTERVAL,
        log_prob=_continuous_bernoulli,
        cdf=_cb_cdf,
        icdf=_cb_icdf,
        entropy=_cb_entropy,
        mean=_cb_mean,
        variance=lambda m, p: [p * (p - 1) / (1 - 2 * p) ** 2, 1 / (m.log1p(-p) - m.log(p)) ** 2, Slack(1 / (1 - 2 * p) ** 3)],
    ),
    Density(
        id="von_mises",
        what="the von Mises distribution",
        arguments=((0.0, 1.0), (1.0, 6.0)),
        points=(-3.0, -1.5, 0.0, 0.3, 1.0, 2.6),
        log_prob=_von_mises,
        mean=lambda m, mu, k: [mu],
        variance=lambda m, mu, k: [1, -m.bessel_i(1, k) / m.bessel_i(0, k)],
        mode=lambda m, mu, k: [mu],
    ),
    Density(
        id="relaxed_bernoulli",
        what="the relaxed Bernoulli distribution",
        arguments=((1.0, 0.25), (2.0, 0.75)),
        points=UNIT,
        support=INTERVAL,
        log_prob=_concrete,
    ),
    Density(
        id="bernoulli",
        what="the Bernoulli distribution",
        arguments=((0.25,), (0.9,), (0.015625,)),
        points=(0.0, 1.0),
        whole=True,
        log_prob=_bernoulli,
        entropy=_p_entropy,
        mean=lambda m, p: [p],
        variance=lambda m, p: [p * (1 - p)],
        mode=lambda m, p: [p > 0.5],
    ),
    Density(
        id="geometric",
        what="the number of failures before a success",
        arguments=((0.25,), (0.9,)),
        points=WHOLE,
        whole=True,
        log_prob=lambda m, x, p: [x * m.log1p(-p), m.log(p)],
        entropy=lambda m, p: [-m.log(p), -(1 - p) / p * m.log1p(-p), Slack(m.log(p) / p)],
        mean=lambda m, p: [1 / p, p / p - 2],
        variance=lambda m, p: [1 / (p * p), -1 / p],
        mode=lambda m, p: [p - p],
    ),
    Density(
        id="binomial",
        what="the binomial distribution",
        arguments=((9.0, 0.25), (20.0, 0.9)),
        points=WHOLE,
        whole=True,
        log_prob=_binomial,
        mean=lambda m, n, p: [n * p],
        variance=lambda m, n, p: [n * p * (1 - p)],
        mode=lambda m, n, p: [m.floor((n + 1) * p)],
    ),
    Density(
        id="poisson",
        what="the Poisson distribution",
        arguments=((0.7,), (4.6,), (30.3,)),
        points=WHOLE,
        whole=True,
        log_prob=lambda m, x, r: [x * m.log(r), -r, -m.lgamma(x + 1)],
        mean=lambda m, r: [r],
        variance=lambda m, r: [r],
        mode=lambda m, r: [m.floor(r)],
    ),
    Density(
        id="negative_binomial",
        what="the number of successes before the n-th failure",
        arguments=((3.0, 0.3), (7.5, 0.7)),
        points=WHOLE,
        whole=True,
        log_prob=_negative_binomial,
        mean=lambda m, n, p: [n * p / (1 - p)],
        variance=lambda m, n, p: [n * p / (1 - p) ** 2],
        mode=lambda m, n, p: [m.floor((n - 1) * p / (1 - p))],
    ),
)


def _half_normal_icdf(m: Any, u: Any, s: Any) -> list[Any]:
    z = m.sqrt(2) * m.erfinv(u)
    return [s * z, Slack(2 * s * m.exp(z * z / 2) * m.sqrt(m.pi * 2))]


def _weibull_cdf(m: Any, x: Any, l: Any, k: Any) -> list[Any]:  # noqa: E741
    power = m.exp(k * m.log(x / l))
    return [1, -m.exp(-power), Slack(m.exp(-power) * power * (2 + abs(k * m.log(x / l))))]


def _weibull_icdf(m: Any, u: Any, l: Any, k: Any) -> list[Any]:  # noqa: E741
    y = l * m.exp(m.log(-m.log1p(-u)) / k)
    return [y, Slack(y * (2 + abs(m.log(-m.log1p(-u)))) / k)]
