"""Special functions: error, gamma, zeta and Bessel families.

No library states their accuracy. Declared class: 16 ulp, what the OpenCL C Specification grants erf, erfc and tgamma, the special functions of the only
published contract of vector mathematics; and, because arguments are rounded on the way, as much as 16 relative roundings of the argument would
change the value: c u |x f'(x)|. That scale, not the value, is what remains of accuracy beside a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flint
import numpy as np
from scipy import special as host

from csvkit_ml.model.function import Fault, Function, Sample
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.pointwise import INF, OPENCL, Ball, classed, limits, pointwise, table
from validation_suites.sampling.pointwise import WIDE, Box

arb, acb = flint.arb, flint.acb
NAN = math.nan
ULPS = 16.0
CLASS = "As erf, erfc and tgamma in OpenCL C (16 ulp), or what 16 roundings of the argument change: c u |x f'(x)|."
DLMF = "NIST Digital Library of Mathematical Functions, "
TORCH = "PyTorch reference, torch.special."


def _positive(fn: Callable[[Ball], Ball]) -> Callable[[Ball], Ball]:
    """No real value below zero."""
    return lambda x: fn(x) if x >= 0 else arb.nan()


def _erfcx(x: Ball) -> Ball:
    return x.erfc() * (x * x).exp()


def _lgamma(x: Ball) -> Ball:
    """log |Gamma|, by reflection for negative arguments."""
    if x > 0:
        return x.lgamma()
    sine = x.sin_pi()
    return arb.nan() if sine.is_zero() else (arb.pi() / abs(sine)).log() - (1 - x).lgamma()


def _lgamma_special(x: float) -> float:
    return x if math.isnan(x) else 0.0 if x in (1.0, 2.0) else INF


def _multigammaln(x: Ball, p: int) -> Ball:
    total = arb.pi().log() * p * (p - 1) / 4
    for j in range(p):
        total += (x - arb(j) / 2).lgamma()
    return total


def _polygamma(x: Ball, n: int) -> Ball:
    """(-1)^(n+1) n! zeta(n + 1, x)."""
    return arb(n + 1).zeta(x) * math.factorial(n) * (-1) ** (n + 1)


def _ndtr(x: Ball) -> Ball:
    """Beyond 1,000 the tail is below 2^-700,000: nothing of it is left in any format."""
    if abs(x) > 1000:
        return arb(1) if x > 0 else arb(0)
    return _tail_of_normal(x)


def _tail_of_normal(x: Ball) -> Ball:
    return (-x / arb(2).sqrt()).erfc() / 2


def _ndtri(p: Ball) -> Ball:
    """-sqrt(2) erfcinv(2 p), from the nearer tail."""
    if not (p > 0 and p < 1):
        return arb.nan()
    root = arb(2).sqrt()
    return -root * (2 * p).erfcinv() if p < 0.5 else root * (2 * (1 - p)).erfcinv()


def _erfinv(x: Ball) -> Ball:
    return x.erfinv() if abs(x) < 1 else arb.nan()


def _zeta(s: Ball, q: Ball) -> Ball:
    return s.zeta(q)


def _trigamma(x: Array) -> Array:
    """pi^2 / sin(pi x)^2 - trigamma(1 - x) for negative arguments."""
    return np.asarray(np.where(x > 0, host.polygamma(1, np.abs(x)),
        (math.pi / np.sin(math.pi * x)) ** 2 - host.polygamma(1, 1 + np.abs(x))))


def _k1(x: Ball, scaled: bool = False) -> Ball:
    """From the Wronskian I_0 K_1 + I_1 K_0 = 1 / x; products of one scaled up and one scaled down are the plain ones."""
    i0, i1 = (x.bessel_i(n, scaled) for n in (0, 1))
    return (1 / x - i1 * x.bessel_k(0, scaled)) / i0


def _spherical(x: Ball) -> Ball:
    return x.sinc()


def _conditioned(derivative: Callable[..., Any]) -> Callable[..., Array]:
    """|x f'(x)| from the derivative in double precision (a factor of two in a scale changes no verdict that matters)."""
    return lambda x, **given: np.abs(x * derivative(x, **given))


def _by_both(first: Callable[[Array, Array], Array], second: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """The same for two operands."""
    return lambda a, x: np.abs(a * first(a, x)) + np.abs(x * second(a, x))


def _slope(fn: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """Derivative for the first operand by a central difference, for scales only."""
    return lambda a, x: (fn(a * (1 + 1e-5), x) - fn(a * (1 - 1e-5), x)) / (2e-5 * a)


def _density(a: Array, x: Array) -> Array:
    """Derivative of the regularised incomplete gamma function for x."""
    return np.asarray(np.exp((a - 1) * np.log(x) - x - host.gammaln(a)))


def _polygamma_slope(x: Array, n: int) -> Array:
    return np.asarray(host.polygamma(n + 1, x))


def _log_derivative(x: Array) -> Array:
    """phi / Phi, in the tail by its asymptote."""
    return np.asarray(np.where(x < -30, -x, np.exp(-x * x / 2 - host.log_ndtr(x)) / math.sqrt(2 * math.pi)))


def _on(low: float, high: float, asked: Callable[..., Array]) -> Box:
    return Box(low=(low,), high=(high,), asked=asked)


def no_poles(x: Array) -> Array:
    """Zero, negative whole numbers and -inf are poles or essential singularities on which the sources differ."""
    return np.asarray((x > 0) | np.isnan(x) | ((x < 0) & (x > -(2.0**20)) & (x != np.trunc(x))))


def _above(limit: float) -> Callable[..., Array]:
    return lambda x, **_: (x > limit) | np.isnan(x)


def _inside(reach: float) -> Callable[..., Array]:
    """Oscillating functions: further out, the argument's last bit spans whole periods."""
    return lambda x: ~(np.abs(x) >= reach)


def _not_tiny(x: Array) -> Array:
    """Functions that are infinite at zero: whether a subnormal operand is flushed to it is left open (criterion)."""
    return np.asarray(~((x > 0) & (x < 2.0**-100)))


def _quarter(a: Array, x: Array, **_: Any) -> Array:
    """Orders and arguments of ordinary size; a NaN beside one gives NaN (but P(a, 0) = 0 of whatever order)."""
    order, argument = (a > 2.0**-6) & (a < 200), (x >= 0) & ((x < 400) | np.isinf(x))
    inside = argument & (x > 0) & np.isfinite(x)
    return np.asarray((order & (argument | np.isnan(x))) | (np.isnan(a) & (inside | np.isnan(x))))


def _zeta_box(s: Array, q: Array) -> Array:
    return np.asarray(np.isnan(s) | np.isnan(q) | ((s > 1.0625) & (s < 60) & (q > 2.0**-6) & (q < 1000)))


def _tail(at_zero: float, at_inf: float) -> Callable[[float, float], float]:
    def value(a: float, x: float) -> float:
        return NAN if math.isnan(a) or math.isnan(x) else at_inf if x == INF else at_zero

    return value


def _without_tail(fn: Callable[[Array], Array]) -> Fault:
    """Cancellation: one minus the complement, in the sample's precision."""

    def compute(sample: Sample) -> Array | None:
        (x,) = sample.arrays()
        return np.asarray(x.dtype.type(1) - fn(x).astype(x.dtype)) if sample.dtype in WIDE else None

    return faults.computed("cancelling", "Computed as one minus the complement.", compute)


def _special(
    id: str, says: str, fn: Callable[..., Ball], special: Callable[..., float], box: Box | tuple[float, float], clause: str,
    derivative: Callable[..., Any], **more: Any,
) -> Function:  # fmt: skip
    """A special function of one operand, in the class of this module."""
    return pointwise(id, says, fn, special, box, source=f"{clause}; {OPENCL} (erf)", criterion=classed(ULPS, c=ULPS, rationale=CLASS),
                     scale=more.pop("scale", _conditioned(derivative)), any_sign_of_zero=True, **more)  # fmt: skip


ROOT_PI = 2 / math.sqrt(math.pi)
GAMMA_PAIR = Box(low=(0.25, 0.0), high=(30.0, 40.0), asked=_quarter, special=(0.0, 0.5, 1.0, 1.5, 2.0, 10.0, 100.0, 399.0, INF, NAN))

FUNCTIONS: tuple[Function, ...] = (
    _special("erfc", "1 - erf(x)", lambda x: x.erfc(), limits(2.0, 0.0), (-6.0, 10.0), f"{DLMF}7.2.2", lambda x: ROOT_PI * np.exp(-x * x),
             extra_faults=(_without_tail(lambda x: host.erf(x)),)),
    _special("erfcx", "exp(x^2) erfc(x)", _erfcx, limits(INF, 0.0), (-8.0, 40.0), f"{DLMF}7.7.12; {TORCH}erfcx",
             lambda x: 2 * x * host.erfcx(x) - ROOT_PI, dtypes=WIDE),
    _special("erfinv", "the inverse of erf", _erfinv, lambda x: x if x == 0 else math.copysign(INF, x) if abs(x) == 1 else NAN, (-1.0, 1.0),
             f"{DLMF}7.17", lambda x: np.exp(host.erfinv(x) ** 2) / ROOT_PI),
    _special("lgamma", "log |Gamma(x)|", _lgamma, _lgamma_special, _on(-20.0, 40.0, lambda x: no_poles(x) | ((x <= 0) & (x == np.trunc(x))) | np.isinf(x)),
        f"{DLMF}5.2.1; ISO C, 7.12.8.3 and F.10.5.3, lgamma",
             host.digamma),
    _special("digamma", "the derivative of log Gamma(x)", lambda x: x.digamma(), table({INF: INF}), _on(-20.0, 40.0, no_poles),
        f"{DLMF}5.2.2",
             _trigamma),
    _special("polygamma", "the n-th derivative of digamma(x)", _polygamma, limits(NAN, 0.0),
        _on(0.0, 20.0, lambda x, n: ((x > 2.0**-6) & (x < 2.0**20)) | np.isnan(x)),
             f"{DLMF}5.15; {TORCH}polygamma", _polygamma_slope, dtypes=WIDE, settings=({"n": 1}, {"n": 2}, {"n": 4}),
             extra_faults=(faults.other_params("trigamma", "The order is ignored.", n=1),)),
    _special("multigammaln", "the logarithm of the multivariate gamma function", _multigammaln, limits(NAN, INF, elsewhere=0.0),
        _on(2.0, 40.0, _above(1.5)),
             f"{DLMF}35.3; {TORCH}multigammaln", lambda x, p: p * np.abs(host.digamma(x)), dtypes=WIDE,
             settings=({"p": 2}, {"p": 1}, {"p": 4}),
             scale=lambda x, p: sum(np.abs(host.gammaln(x - j / 2)) + np.abs(x * host.digamma(x - j / 2)) for j in range(p)) + p,
             extra_faults=(faults.other_params("one", "The dimension is ignored.", p=1),)),
    _special("gammainc", "the lower regularised incomplete gamma function", lambda a, x: x.gamma_lower(a, 1), _tail(0.0, 1.0), GAMMA_PAIR,
        f"{DLMF}8.2.4",
             host.gammainc, dtypes=WIDE, scale=_by_both(_slope(host.gammainc), _density)),
    _special("gammaincc", "the upper regularised incomplete gamma function", lambda a, x: x.gamma_upper(a, 1), _tail(1.0, 0.0), GAMMA_PAIR,
        f"{DLMF}8.2.4",
             host.gammaincc, dtypes=WIDE, scale=_by_both(_slope(host.gammaincc), _density)),
    pointwise("ndtr", "the normal distribution function", _ndtr, limits(0.0, 1.0, elsewhere=0.0), (-10.0, 6.0),
              source=f"{DLMF}7.20.1; {TORCH}ndtr", criterion=classed(ULPS, c=ULPS, steps=2, rationale=CLASS), any_sign_of_zero=True,
              scale=_conditioned(lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi))),
    _special("ndtri", "the inverse of the normal distribution function", _ndtri, table({0.0: -INF, 1.0: INF, 0.5: 0.0}), (0.0, 1.0),
        f"{TORCH}ndtri",
             lambda p: math.sqrt(2 * math.pi) * np.exp(host.ndtri(p) ** 2 / 2), dtypes=WIDE),
    _special("log_ndtr", "the logarithm of the normal distribution function", lambda x: (_tail_of_normal(x)).log(), limits(-INF, 0.0),
             _on(-40.0, 10.0, lambda x: ~((np.abs(x) > 2.0**30) & np.isfinite(x))), f"{TORCH}log_ndtr", _log_derivative, dtypes=WIDE),
    _special("zeta", "the Hurwitz zeta function", _zeta, lambda s, q: NAN,
        Box(low=(1.25, 0.5), high=(12.0, 20.0), asked=_zeta_box, special=(1.5, 2.0, 3.0, 10.0, 25.0, NAN)),
             f"{DLMF}25.11.1", host.zeta, dtypes=WIDE, scale=_by_both(_slope(host.zeta), lambda s, q: s * host.zeta(s + 1, q))),
    _special("bessel_j0", "the Bessel function J_0", lambda x: x.bessel_j(0), limits(0.0, 0.0, lambda z: 1.0),
        _on(-30.0, 30.0, _inside(2.0**20)), f"{DLMF}10.2.2", host.j1, dtypes=WIDE),
    _special("bessel_j1", "the Bessel function J_1", lambda x: x.bessel_j(1), limits(0.0, 0.0), _on(-30.0, 30.0, _inside(2.0**20)),
        f"{DLMF}10.2.2",
             lambda x: host.jvp(1, x), dtypes=WIDE),
    _special("bessel_y0", "the Bessel function Y_0", _positive(lambda x: x.bessel_y(0)), limits(NAN, 0.0, lambda z: -INF),
        _on(0.0, 30.0, lambda x: _inside(2.0**20)(x) & _not_tiny(x)), f"{DLMF}10.2.3",
             host.y1, dtypes=WIDE),
    _special("bessel_y1", "the Bessel function Y_1", _positive(lambda x: x.bessel_y(1)), limits(NAN, 0.0, lambda z: -INF),
        _on(0.0, 30.0, lambda x: _inside(2.0**20)(x) & _not_tiny(x)), f"{DLMF}10.2.3",
             lambda x: host.yvp(1, x), dtypes=WIDE),
    _special("i0", "the modified Bessel function I_0", lambda x: x.bessel_i(0), limits(INF, INF, lambda z: 1.0),
        _on(-60.0, 60.0, _inside(2.0**20)), f"{DLMF}10.25.2", host.i1),
    _special("i1", "the modified Bessel function I_1", lambda x: x.bessel_i(1), limits(-INF, INF), _on(-60.0, 60.0, _inside(2.0**20)),
        f"{DLMF}10.25.2", lambda x: host.ivp(1, x)),
    _special("modified_bessel_i0", "the modified Bessel function I_0", lambda x: x.bessel_i(0), limits(INF, INF, lambda z: 1.0),
        _on(-60.0, 60.0, _inside(2.0**20)), f"{DLMF}10.25.2; {TORCH}modified_bessel_i0", host.i1, dtypes=WIDE),
    _special("modified_bessel_i1", "the modified Bessel function I_1", lambda x: x.bessel_i(1), limits(-INF, INF),
        _on(-60.0, 60.0, _inside(2.0**20)), f"{DLMF}10.25.2; {TORCH}modified_bessel_i1", lambda x: host.ivp(1, x), dtypes=WIDE),
    _special("i0e", "exp(-|x|) I_0(x)", lambda x: abs(x).bessel_i(0, True), limits(0.0, 0.0, lambda z: 1.0),
        _on(-60.0, 60.0, _inside(2.0**60)), f"{TORCH}i0e",
             lambda x: host.i0e(x) - host.i1e(x)),
    _special("i1e", "exp(-|x|) I_1(x)", lambda x: abs(x).bessel_i(1, True) * x.sgn(), limits(0.0, 0.0), _on(-60.0, 60.0, _inside(2.0**60)),
        f"{TORCH}i1e",
             lambda x: host.i0e(x)),
    _special("modified_bessel_k0", "the modified Bessel function K_0", _positive(lambda x: x.bessel_k(0)), limits(NAN, 0.0, lambda z: INF),
        _on(0.0, 60.0, _not_tiny), f"{DLMF}10.25.3", host.k1, dtypes=WIDE),
    _special("modified_bessel_k1", "the modified Bessel function K_1", _positive(_k1), limits(NAN, 0.0, lambda z: INF),
        _on(0.0, 60.0, _not_tiny), f"{DLMF}10.25.3",
             lambda x: host.kvp(1, x), dtypes=WIDE),
    _special("scaled_modified_bessel_k0", "exp(x) K_0(x)", _positive(lambda x: x.bessel_k(0, True)), limits(NAN, 0.0, lambda z: INF),
        _on(0.0, 60.0, _not_tiny), f"{TORCH}scaled_modified_bessel_k0",
             host.k1e, dtypes=WIDE),
    _special("scaled_modified_bessel_k1", "exp(x) K_1(x)", _positive(lambda x: _k1(x, True)), limits(NAN, 0.0, lambda z: INF),
        _on(0.0, 60.0, _not_tiny), f"{TORCH}scaled_modified_bessel_k1",
             lambda x: host.k0e(x) + host.k1e(x) / x, dtypes=WIDE),
    _special("spherical_bessel_j0", "sin(x) / x", _spherical, limits(0.0, 0.0, lambda z: 1.0), _on(-30.0, 30.0, _inside(2.0**20)),
        f"{DLMF}10.47.3", lambda x: np.cos(x) / x, dtypes=WIDE),
    _special("airy_ai", "the Airy function Ai", lambda x: x.airy_ai(), limits(0.0, 0.0), _on(-20.0, 20.0, _inside(2.0**10)), f"{DLMF}9.2",
             lambda x: np.maximum(np.abs(host.airy(x)[1]), np.where(x < 0, np.sqrt(np.sqrt(np.abs(x))) * 0.6, 0)), dtypes=WIDE),
)  # fmt: skip
