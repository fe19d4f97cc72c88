"""Gradients of inverse trigonometric and hyperbolic, error, gamma and Bessel functions, and of activations with more than one kink.

As for the other elementwise functions: g f'(x) in ball arithmetic, at kinks the documented subgradient of minimum norm.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import flint
import numpy as np
from scipy import special as host

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Array
from validation_suites.training.gradients_pointwise import Slope

arb = flint.arb
Ball = Any


def _away_from_one(x: Array) -> Array:
    """1 - x^2 carries u of its larger term."""
    return np.asarray(1 + 2 * x * x / np.abs(1 - x * x))


def _root_pi() -> Ball:
    return arb.pi().sqrt()


def _density(x: Ball) -> Ball:
    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def _tail(x: Ball) -> Ball:
    """The normal distribution function."""
    return (-x / arb(2).sqrt()).erfc() / 2


def _polygamma(n: int, x: Ball) -> Ball:
    return arb(n + 1).zeta(x) * math.factorial(n) * (-1) ** (n + 1)


def _i0e(x: Ball) -> Ball:
    return abs(x).bessel_i(0, True)


def _i1e(x: Ball) -> Ball:
    return abs(x).bessel_i(1, True) * x.sgn()


def _i1_over_x(x: Ball, scaled: bool = False) -> Ball:
    return arb("0.5") if x == 0 else abs(x).bessel_i(1, scaled) / abs(x)


def _sinc(x: Ball) -> Ball:
    if x == 0:
        return arb(0)
    t = arb.pi() * x
    return (t.cos() * t - t.sin()) / (arb.pi() * x * x)


def _sinc_terms(x: Array) -> Array:
    """The argument pi x carries a relative u."""
    t = math.pi * np.abs(x)
    return np.asarray((np.abs(np.cos(t)) + t + np.minimum(1, 1 / t)) / np.abs(x))


def _between(x: Ball, low: float, high: float, inside: Ball) -> Ball:
    """Zero outside and on the bounds."""
    return inside if low < x < high else arb(0)


def _hardswish(x: Ball) -> Ball:
    """At -3 zero, at 3 one: the smaller of the one-sided derivatives."""
    return arb(0) if x <= -3 else arb(1) if x >= 3 else x / 3 + arb("0.5")


def _tanh_gelu(x: Ball) -> Ball:
    """Of x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2; 0.044715 as the decimal number."""
    k, c = (2 / arb.pi()).sqrt(), arb(44715) / 1000000
    t = (k * (x + c * x**3)).tanh()
    return (1 + t) / 2 + x / 2 * (1 - t * t) * k * (1 + 3 * c * x * x)


def _tanh_gelu_terms(x: Array) -> Array:
    """1 - tanh^2 is known absolutely."""
    return np.asarray(1 + np.abs(x) * (1 + 0.134145 * x * x))


_slope = partial(Slope, edges=(7, 17))

SLOPES = (
    _slope(id="tan", slope=lambda x: 1 + x.tan() ** 2, terms=lambda x: 2 / np.cos(x) ** 2, low=-1.4, high=1.4),
    _slope(id="asin", slope=lambda x: 1 / (1 - x * x).sqrt(), terms=lambda x: _away_from_one(x) / np.sqrt(1 - x * x), low=-0.97, high=0.97),
    _slope(id="acos", slope=lambda x: -1 / (1 - x * x).sqrt(), terms=lambda x: _away_from_one(x) / np.sqrt(1 - x * x), low=-0.97, high=0.97),
    _slope(id="asinh", slope=lambda x: 1 / (1 + x * x).sqrt(), low=-20.0, high=20.0),
    _slope(id="acosh", slope=lambda x: 1 / (x * x - 1).sqrt(), terms=lambda x: _away_from_one(x) / np.sqrt(x * x - 1), low=1.05, high=20.0),
    _slope(id="atanh", slope=lambda x: 1 / (1 - x * x), terms=lambda x: _away_from_one(x) / (1 - x * x), low=-0.97, high=0.97),
    _slope(id="exp2", slope=lambda x: arb(2) ** x * arb(2).log()),
    _slope(id="log2", slope=lambda x: 1 / (x * arb(2).log()), low=1e-3, high=50.0),
    _slope(id="log10", slope=lambda x: 1 / (x * arb(10).log()), low=1e-3, high=50.0),
    _slope(id="erfc", slope=lambda x: -2 / _root_pi() * (-x * x).exp(), terms=lambda x: np.exp(-x * x) * (1 + x * x), low=-4.0, high=4.0),
    _slope(id="erfcx", slope=lambda x: 2 * x * (x * x).exp() * x.erfc() - 2 / _root_pi(), terms=lambda x: 1 + 2 * np.abs(x) * host.erfcx(x),
           low=-2.0, high=10.0, narrow=False),
    _slope(id="erfinv", slope=lambda x: _root_pi() / 2 * (x.erfinv() ** 2).exp(), low=-0.97, high=0.97,
           terms=lambda x: np.exp(host.erfinv(x) ** 2) * (1 + 2 * host.erfinv(x) ** 2)),
    _slope(id="ndtr", slope=_density, terms=lambda x: np.exp(-x * x / 2) * (1 + x * x), low=-5.0, high=5.0, narrow=False),
    _slope(id="ndtri", slope=lambda x: 1 / _density(arb(2).sqrt() * (2 * x - 1).erfinv()), low=0.02, high=0.98, narrow=False,
           terms=lambda x: 2.6 * np.exp(host.ndtri(x) ** 2 / 2) * (1 + host.ndtri(x) ** 2)),
    _slope(id="log_ndtr", slope=lambda x: _density(x) / _tail(x), low=-8.0, high=5.0, narrow=False,
           terms=lambda x: np.exp(-x * x / 2 - host.log_ndtr(x)) * (1 + x * x)),
    _slope(id="entr", slope=lambda x: -x.log() - 1, terms=lambda x: 1 + np.abs(np.log(x)), low=1e-3, high=5.0, narrow=False),
    _slope(id="lgamma", slope=lambda x: x.digamma(), terms=lambda x: 1 + 1 / x + np.abs(np.log(x)), low=0.05, high=30.0),
    _slope(id="digamma", slope=lambda x: _polygamma(1, x), low=0.05, high=30.0),
    _slope(id="polygamma", slope=lambda x, n: _polygamma(n + 1, x), low=0.2, high=20.0, settings={"n": (1, 2)}, narrow=False),
    _slope(id="i0", slope=lambda x: x.bessel_i(1), kinks=(0.0,), low=-15.0, high=15.0,
           terms=lambda x: np.asarray(np.abs(host.i1(x)) + np.abs(x) * host.ivp(1, x))),
    _slope(id="i0e", slope=lambda x: _i1e(x) - x.sgn() * _i0e(x), terms=lambda x: np.asarray(host.i0e(x) + host.i1e(np.abs(x))), low=-30.0, high=30.0),
    _slope(id="i1", slope=lambda x: x.bessel_i(0) - _i1_over_x(x), terms=lambda x: host.i0(x) + host.i1(x) / np.where(x == 0, 1, x),
           low=-15.0, high=15.0, kinks=(0.0,), narrow=False),
    _slope(id="i1e", slope=lambda x: _i0e(x) - abs(_i1e(x)) - _i1_over_x(x, True), kinks=(0.0,), low=-30.0, high=30.0, narrow=False,
           terms=lambda x: host.i0e(x) + host.i1e(np.abs(x)) * (1 + 1 / np.where(x == 0, 1, np.abs(x)))),
    _slope(id="sinc", slope=_sinc, terms=_sinc_terms, low=-5.0, high=5.0, kinks=(0.0,)),
    _slope(id="logit", slope=lambda x: 1 / (x * (1 - x)), low=0.02, high=0.98),
    _slope(id="relu6", slope=lambda x: _between(x, 0, 6, arb(1)), kinks=(0.0, -0.0, 6.0, 5.5), low=-3.0, high=9.0),
    _slope(id="hardtanh", slope=lambda x: _between(x, -1, 1, arb(1)), kinks=(-1.0, 1.0, 0.5), low=-2.0, high=2.0),
    _slope(id="clamp", slope=lambda x: _between(x, -1, 2, arb(1)), kinks=(-1.0, 2.0, 0.5), low=-3.0, high=4.0),
    _slope(id="hardsigmoid", slope=lambda x: _between(x, -3, 3, 1 / arb(6)), kinks=(-3.0, 3.0, 0.0)),
    _slope(id="hardswish", slope=_hardswish, terms=lambda x: np.where(np.abs(x) < 3, 0.5 + np.abs(x) / 3, 1.0), kinks=(-3.0, 3.0, 0.0)),
    _slope(id="hardshrink", slope=lambda x, lambd: arb(1) if abs(x) > lambd else arb(0), low=-2.0, high=2.0, settings={"lambd": (0.5, 1.25)}),
    _slope(id="softshrink", slope=lambda x, lambd: arb(1) if abs(x) > lambd else arb(0), kinks=(0.5, -0.5, 1.25), low=-2.0, high=2.0,
           settings={"lambd": (0.5, 1.25)}),
    _slope(id="tanhshrink", slope=lambda x: x.tanh() ** 2, terms=np.ones_like, kinks=(0.0,)),
    _slope(id="threshold", slope=lambda x: arb(1) if x > arb("0.5") else arb(0), low=-2.0, high=2.0),
    _slope(id="celu", slope=lambda x, alpha: arb(1) if x > 0 else (x / arb(alpha)).exp(), kinks=(0.0, -0.0),
           terms=lambda x, alpha: 1 + np.abs(x) * np.exp(np.minimum(x, 0) / alpha), settings={"alpha": (1.0, 0.5)}),
    _slope(id="gelu_tanh", slope=_tanh_gelu, terms=_tanh_gelu_terms),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(s.function() for s in SLOPES)
