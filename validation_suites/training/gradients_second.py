"""Second derivatives of elementwise functions, by differentiating their gradients: g v f''(x) for x and v f'(x) for the upstream gradient.

Inputs are x, the upstream gradient g of the function and the upstream gradient v of its gradient g f'(x).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Expected, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import elementwise
from validation_suites import faults, vector_jacobian
from validation_suites.sampling import normal, uniform
from validation_suites.training import gradients_pointwise, gradients_special
from validation_suites.training.gradients_pointwise import SLOPE, Slope

Ball = Any
FIRST: Mapping[str, Slope] = {s.id: s for s in (*gradients_pointwise.SLOPES, *gradients_special.SLOPES)}
TANH = Slope(id="tanh", slope=lambda x: 1 / x.cosh() ** 2, terms=lambda x: 1 + 0 * x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """An elementwise function by its second derivative; its first is that of the gradient's table."""

    id: str
    curve: Callable[..., Ball]
    """f'' as a ball of x and the parameters."""
    terms: Callable[..., Array] | None = None
    """Magnitudes of the terms of f'' (float64) of x; None = |f''| itself, in which nothing cancels."""
    first: Slope
    settings: tuple[dict[str, Json], ...] = field(default=({},))

    def samples(self) -> Iterable[Sample]:
        """Ordinary data, a sweep over the domain, a size beside vectors'."""
        for i, how in enumerate(self.settings):
            tail = "".join(f"-{n}={v}" for n, v in how.items())
            for dtype in ("float32", "float64", "bfloat16"):
                yield self._sample(dtype, f"ordinary{tail}", (3, 33), how, SampleClass.COVERING if i else SampleClass.ORDINARY)
            swept = self._sample("float64", f"sweep{tail}", (128,), how, SampleClass.CONDITIONED)
            x = Tensor.of(np.linspace(self.first.low, self.first.high, 130)[1:-1], "float64")
            yield replace(swept, inputs=(x, *swept.inputs[1:]))
        yield self._sample("float32", "n7", (7,), self.settings[0], SampleClass.EDGE)

    def _sample(self, dtype: str, name: str, shape: tuple[int, ...], how: Mapping[str, Json], why: SampleClass) -> Sample:
        x = uniform(dtype, shape, "curve", self.id, name, low=self.first.low, high=self.first.high)
        g, v = (normal(dtype, shape, "curve", self.id, name, k) for k in "gv")
        return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, g, v), params=params(**how), why=why)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        """(g v f''(x), v f'(x)), certified."""
        x, g, v = sample.arrays()
        twice = self._product(sample, lambda a, b, c: b * c * self.curve(a, **dict(sample.params)), self.terms, x, g, v)
        once = self._product(sample, lambda a, c: c * self.first.slope(a, **dict(sample.params)), self.first.terms, x, v)
        return twice, replace(once, name="y1")

    def _product(self, sample: Sample, of: Callable[..., Ball], terms: Callable[..., Array] | None, x: Array, *factors: Array) -> Expected:
        made = elementwise(of, x, *factors, dtype=sample.dtype, special=lambda *_: 0.0)
        up = np.abs(np.prod([f.astype(np.float64) for f in factors], axis=0))
        size = np.abs(made.value) if terms is None else up * terms(x.astype(np.float64), **dict(sample.params))
        return replace(made, any_sign_of_zero=True, scale=np.broadcast_to(size, x.shape))

    def function(self) -> Function:
        return Function(
            id=f"grad_twice_{self.id}", side=Side.TRAINING, area="gradients",
            requirement=f"The library shall return the vector-Jacobian product of the gradient of {self.id}, for the operand and the upstream gradient.",
            source=gradients_pointwise.KINKS, oracle="analytic second derivative in ball arithmetic (Arb), certified", samples=self.samples,
            reference=self.reference, criterion=SLOPE, faults=COMMON,
        )  # fmt: skip


COMMON = (*vector_jacobian.COMMON, faults.computed("upstream-passed-on", "The second derivative is left out.", lambda s: tuple(s.arrays()[1:])))


def _s(x: Ball) -> Ball:
    return 1 / (1 + (-x).exp())


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _bell(x: Ball) -> Ball:
    """s (1 - s) of the logistic function s."""
    return _s(x) * _s(-x)


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-x * x / 2) * (1 + x * x))


def _pow(x: Ball, exponent: float) -> Ball:
    return exponent * (exponent - 1) * x ** flint.arb(exponent - 2)


def _curve(id: str, curve: Callable[..., Ball], terms: Callable[..., Array] | None = None, first: Slope | None = None, **more: Any) -> Curve:
    return Curve(id=id, curve=curve, terms=terms, first=first or FIRST[id], **more)


def _two_over_root_pi() -> Ball:
    return 2 / flint.arb.pi().sqrt()


def _by_quotient(x: Array) -> Array:
    """1 - x^2 carries u of its larger term, three halves and more of which count."""
    return np.asarray(1 + 4 * x * x / np.abs(1 - x * x))


CURVES = (
    _curve("exp", lambda x: x.exp()),
    _curve("expm1", lambda x: x.exp(), lambda x: 1 + np.exp(x)),
    _curve("exp2", lambda x: flint.arb(2) ** x * flint.arb(2).log() ** 2),
    _curve("log", lambda x: -1 / (x * x)),
    _curve("log1p", lambda x: -1 / (1 + x) ** 2),
    _curve("sqrt", lambda x: -1 / (4 * x * x.sqrt()), lambda x: 2 / (4 * x**1.5)),  # the result y enters as y^-3, with thrice its error
    _curve("rsqrt", lambda x: 3 / (4 * x * x * x.sqrt()), lambda x: 9 / (4 * x**2.5)),  # as y^5
    _curve("reciprocal", lambda x: 2 / x**3, lambda x: 4 / np.abs(x) ** 3),  # as y^3
    _curve("square", lambda x: flint.arb(2)),
    _curve("pow", _pow, settings=({"exponent": 3.0}, {"exponent": -1.5}, {"exponent": 0.5})),
    _curve("sin", lambda x: -x.sin(), np.ones_like),
    _curve("cos", lambda x: -x.cos(), np.ones_like),
    _curve("tan", lambda x: 2 * x.tan() * (1 + x.tan() ** 2), lambda x: 4 * np.abs(np.tan(x)) / np.cos(x) ** 2),
    _curve("sinh", lambda x: x.sinh()),
    _curve("cosh", lambda x: x.cosh()),
    _curve("tanh", lambda x: -2 * x.tanh() / x.cosh() ** 2, lambda x: 4 * np.abs(np.tanh(x)), TANH),
    _curve("asin", lambda x: x / (1 - x * x).sqrt() ** 3, lambda x: np.abs(x) * _by_quotient(x) / (1 - x * x) ** 1.5),
    _curve("asinh", lambda x: -x / (1 + x * x).sqrt() ** 3),
    _curve("atan", lambda x: -2 * x / (1 + x * x) ** 2),
    _curve("atanh", lambda x: 2 * x / (1 - x * x) ** 2, lambda x: 2 * np.abs(x) * _by_quotient(x) / (1 - x * x) ** 2),
    _curve("sigmoid", lambda x: _bell(x) * (1 - 2 * _s(x)), lambda x: 3 * _sigmoid(x)),
    _curve("softplus", lambda x: flint.arb(0) if x > 20 else _bell(x), _sigmoid),
    _curve("logsigmoid", lambda x: -_bell(x), np.ones_like),
    _curve("erf", lambda x: -2 * x * _two_over_root_pi() * (-x * x).exp(), lambda x: 3 * np.abs(x) * np.exp(-x * x) * (1 + x * x)),
    _curve("gelu", lambda x: (2 - x * x) * (-x * x / 2).exp() / (2 * flint.arb.pi()).sqrt(), lambda x: (2 + x * x) * _density(x)),
    _curve("silu", lambda x: _bell(x) * (2 + x * (1 - 2 * _s(x))), lambda x: 3 * _sigmoid(x) * (2 + np.abs(x))),
    _curve("elu", lambda x, alpha: flint.arb(0) if x > 0 else alpha * x.exp(), lambda x, alpha: alpha * np.exp(np.minimum(x, 0)),
           settings=({"alpha": 0.5},)),
    _curve("lgamma", lambda x: flint.arb(2).zeta(x)),
    _curve("logit", lambda x: (2 * x - 1) / (x * (1 - x)) ** 2, lambda x: 1 / (x * (1 - x)) ** 2),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(c.function() for c in CURVES)
