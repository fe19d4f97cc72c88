"""How a drawn value moves with the law's parameters: one formula a parameter, as a function of the value that was drawn.

The derivative is -(dF/dp) / f at the value, F the distribution function and f the density (Figurnov, Mohamed and Mnih 2018); where the value
is a transform of noise that has no parameters it is the transform's own derivative, which is the same for laws of one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flint

from csvkit_ml.references.term_sums import Formula, Slack

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """One law whose values move with its parameters."""

    id: str
    """Name of the law in torch.distributions' spelling, snake case."""
    law: str
    """Name of the law that the reference draws from."""
    arguments: tuple[Row, ...]
    by: tuple[Formula | None, ...]
    """Derivative by each argument, from (arithmetic, value, *arguments); None = not asked."""


def _one(m: Any, x: Any, *_: Any) -> list[Any]:
    return [flint.arb(1)]


def _distance(m: Any, x: Any, mu: Any, s: Any) -> list[Any]:
    """(x - mu) / s."""
    return [x / s, -mu / s]


def _share(m: Any, x: Any, *arguments: Any) -> list[Any]:
    """x / s of a law whose last argument is a width."""
    return [x / arguments[-1]]


def _up(m: Any, x: Any, low: Any, high: Any) -> list[Any]:
    w = high - low
    return [x / w, -low / w, Slack(1)]


def _down(m: Any, x: Any, low: Any, high: Any) -> list[Any]:
    w = high - low
    return [high / w, -x / w, Slack(1)]


def _log_normal_place(m: Any, x: Any, mu: Any, s: Any) -> list[Any]:
    return [x, Slack(x * (abs(mu) + abs(m.log(x) - mu)))]


def _log_normal_width(m: Any, x: Any, mu: Any, s: Any) -> list[Any]:
    z = (m.log(x) - mu) / s
    return [x * m.log(x) / s, -x * mu / s, Slack((abs(z) + 1 / s) * x * (abs(mu) + s * abs(z) + 1))]


def _ratio(m: Any, x: Any, s: Any, k: Any) -> list[Any]:
    """y = s E^(1/k), or s exp(E/k): -(x / k) log(x / s)."""
    r = m.log(x / s)
    return [-x / k * r, Slack(x / k * (abs(r) + 1) * (2 + abs(r)))]


def _first_share(m: Any, x: Any, s: Any, k: Any) -> list[Any]:
    return [x / s, Slack(x / s * abs(m.log(x / s)))]


def _kumaraswamy_error(m: Any, x: Any, a: Any) -> Any:
    """What rounding makes of a value y = (1 - u^(1/b))^(1/a)."""
    power = m.exp(a * m.log(x))
    w = 1 - power
    return x / power / a * (w * (2 + abs(m.log(w))) + power) + x * (1 + abs(m.log(x)))


def _kumaraswamy_a(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    return [-x * m.log(x) / a, Slack((abs(m.log(x)) + 1) / a * _kumaraswamy_error(m, x, a))]


def _kumaraswamy_b(m: Any, x: Any, a: Any, b: Any) -> list[Any]:
    power = m.exp(a * m.log(x))
    w = 1 - power
    value = x / power * w * m.log(w) / (a * b)
    slope = abs(value) * abs(1 - a) / x + (abs(m.log(w)) + 1) / b
    return [value, Slack(slope * _kumaraswamy_error(m, x, a)), Slack(x / power * w / (a * b))]


def _logit(m: Any, x: Any) -> Any:
    return m.log(x) - m.log1p(-x)


def _concrete_temperature(m: Any, x: Any, t: Any, p: Any) -> list[Any]:
    y, k = _logit(m, x), _logit(m, p)
    noise = abs(y) + (abs(t * y - k) + 2 * abs(k)) / t
    return [-x * (1 - x) * y / t, Slack(x * (1 - x) * (abs(y) + 1) * noise / t), Slack(x * (abs(y) + 1) / t)]


def _concrete_probability(m: Any, x: Any, t: Any, p: Any) -> list[Any]:
    y, k = _logit(m, x), _logit(m, p)
    noise = abs(y) + (abs(t * y - k) + 2 * abs(k)) / t
    per = 1 / (t * p * (1 - p))
    return [x * (1 - x) * per, Slack(x * (1 - x) * per * (noise + 1 / (1 - p))), Slack(x * per)]


def _continuous_bernoulli(m: Any, x: Any, p: Any) -> list[Any]:
    k = _logit(m, p)
    per = 1 / (k * p * (1 - p))
    return [m.expm1(-k * x) / m.expm1(-k) * per, -x * per, Slack(2 * per * (1 + 1 / abs(2 * p - 1)))]


def moved_gamma(a: Any, x: Any) -> Any:
    """dx/da of a standard gamma value, certified: x sum x^n / (a)_(n+1) (psi(a + n + 1) - log x)."""
    a, x = flint.arb(a), flint.arb(x)
    part, psi, log, total, n = x / a, (a + 1).digamma(), x.log(), flint.arb(0), 0
    while True:
        term = part * (psi - log)
        total += term
        psi, part, n = psi + 1 / (a + n + 1), part * x / (a + n + 1), n + 1
        if x < (a + n) / 4 and abs(part) * (abs(psi) + abs(log) + 1) < total.abs_lower() * flint.arb(2) ** -flint.ctx.prec:
            return total + flint.arb(0, 4 * (abs(part) * (abs(psi) + abs(log) + 1)).upper())


def moved_beta(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """(dx/da, dx/db) of a beta value, certified; from the end that is nearer."""
    a, b, x = flint.arb(a), flint.arb(b), flint.arb(x)
    if x > 0.5:
        first, second = _near_zero(b, a, 1 - x)
        return -second, -first
    return _near_zero(a, b, x)


def _near_zero(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """F / f = x (1 - x) / a sum (a + b)_n / (a + 1)_n x^n, differentiated term by term; x <= 1/2."""
    part, log, other, own = x * (1 - x) / a, x.log(), (1 - x).log(), b.digamma()
    up, down, n = (a + b).digamma(), (a + 1).digamma(), 0
    by_a, by_b = flint.arb(0), flint.arb(0)
    while True:
        by_a -= part * (log + up - down)
        by_b -= part * (other - own + up)
        up, down, part, n = up + 1 / (a + b + n), down + 1 / (a + 1 + n), part * x * (a + b + n) / (a + 1 + n), n + 1
        rest = part * (abs(log) + abs(other) + abs(own) + abs(up) + abs(down) + 1)
        if x * (a + b + n) < (a + 1 + n) * 0.75 and rest < by_a.abs_lower() * flint.arb(2) ** -flint.ctx.prec:
            slack = flint.arb(0, 8 * rest.upper())
            return by_a + slack, by_b + slack


def _gamma_shape(m: Any, x: Any, a: Any, r: Any) -> list[Any]:
    return [moved_gamma(a, r * x) / r]


def _inverse_gamma_shape(m: Any, x: Any, a: Any, r: Any) -> list[Any]:
    return [-x * x * moved_gamma(a, r / x) / r]


LAWS = (
    Moving(id="normal", law="gaussian", arguments=((0.0, 1.0), (1.5, 0.25), (-100.0, 40.0)), by=(_one, _distance)),
    Moving(id="laplace", law="laplace", arguments=((0.0, 1.0), (1.5, 0.25), (-3.0, 5.0)), by=(_one, _distance)),
    Moving(id="cauchy", law="cauchy", arguments=((0.0, 1.0), (1.5, 0.25)), by=(_one, _distance)),
    Moving(id="gumbel", law="gumbel", arguments=((0.0, 1.0), (1.5, 2.0)), by=(_one, _distance)),
    Moving(id="uniform", law="rectangular", arguments=((0.0, 1.0), (-3.0, 5.0), (100.0, 101.0)), by=(_down, _up)),
    Moving(id="exponential", law="exponential", arguments=((1.0,), (0.05,), (7.0,)), by=(lambda m, x, r: [-x / r],)),
    Moving(id="half_normal", law="half_normal", arguments=((1.0,), (0.25,)), by=(_share,)),
    Moving(id="half_cauchy", law="half_cauchy", arguments=((1.0,), (0.25,)), by=(_share,)),
    Moving(id="log_normal", law="log_normal", arguments=((0.0, 1.0), (1.5, 0.25), (-2.0, 0.7)), by=(_log_normal_place, _log_normal_width)),
    Moving(id="weibull", law="weibull", arguments=((1.0, 3.0), (2.0, 0.75), (0.5, 1.5)), by=(_first_share, _ratio)),
    Moving(id="pareto", law="pareto", arguments=((1.0, 3.0), (2.0, 1.5)), by=(_first_share, _ratio)),
    Moving(id="kumaraswamy", law="kumaraswamy", arguments=((4.0, 3.0), (0.75, 2.0), (2.0, 0.5)), by=(_kumaraswamy_a, _kumaraswamy_b)),
    Moving(id="continuous_bernoulli", law="continuous_bernoulli", arguments=((0.25,), (0.875,), (0.01,)), by=(_continuous_bernoulli,)),
    Moving(
        id="relaxed_bernoulli", law="concrete", arguments=((0.75, 0.25), (2.0, 0.625), (1.5, 0.9)), by=(_concrete_temperature, _concrete_probability)
    ),
    Moving(
        id="student_t", law="student_t", arguments=((5.0, 0.0, 1.0), (2.5, 1.0, 3.0)),
        by=(None, _one, lambda m, x, df, mu, s: _distance(m, x, mu, s)),
    ),
)  # fmt: skip
"""Values that are transforms of noise without parameters (of Student's t: but for its degrees of freedom, which move two draws)."""

IMPLICIT = (
    Moving(
        id="gamma", law="gamma", arguments=((9.0, 2.0), (0.3, 1.0), (1.0, 0.5), (2.5, 1.0), (30.0, 4.0), (200.0, 1.0)),
        by=(_gamma_shape, lambda m, x, a, r: [-x / r]),
    ),
    Moving(id="chi2", law="chi2", arguments=((18.0,), (1.0,), (4.5,)), by=(lambda m, x, k: [moved_gamma(k / 2, x / 2)],)),
    Moving(
        id="inverse_gamma", law="inverse_gamma", arguments=((9.0, 2.0), (3.0, 1.0), (1.0, 0.5)), by=(_inverse_gamma_shape, lambda m, x, a, r: [x / r])
    ),
    Moving(
        id="beta", law="beta", arguments=((6.0, 3.0), (0.5, 0.5), (1.0, 4.0), (2.0, 2.0), (30.0, 40.0)),
        by=(lambda m, x, a, b: [moved_beta(a, b, x)[0]], lambda m, x, a, b: [moved_beta(a, b, x)[1]]),
    ),
)  # fmt: skip
"""Values drawn by rejection: the derivative is implicit."""

