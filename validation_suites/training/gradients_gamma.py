"""Gradients of the incomplete gamma functions and of the Hurwitz zeta function by their second operand; the library has none by the first.

g f'(x) in ball arithmetic; on the edge x = 0 of the domain the derivative by continuity, as documented, infinite for orders below one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np
from scipy import special as host

from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import elementwise
from validation_suites import faults
from validation_suites.sampling import normal, uniform
from validation_suites.training.gradients_pointwise import COMMON, KINKS, SLOPE

arb = flint.arb
Ball = Any
DTYPES = ("float32", "float64")


def _density(x: Ball, a: Ball) -> Ball:
    """x^(a - 1) e^-x / Gamma(a)."""
    return x ** (a - 1) * (-x).exp() * a.rgamma()


def _density_terms(x: Array, a: Array) -> Array:
    """Formed as the exponential of (a - 1) log x - x - log Gamma(a), it carries the roundings of each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exponents = 1 + np.abs(host.xlogy(a - 1, x)) + x + np.abs(host.gammaln(a))
        return np.asarray(np.exp(host.xlogy(a - 1, x) - x - host.gammaln(a)) * exponents)


def _density_at_zero(a: float) -> float:
    """By continuity."""
    return math.inf if a < 1 else 1.0 if a == 1 else 0.0


def _zeta(q: Ball, s: Ball) -> Ball:
    return -s * (s + 1).zeta(q)


def _zeta_terms(q: Array, s: Array) -> Array:
    """zeta itself is known to within 16 ulp or 16 roundings of its operands; SLOPE's 8 u are of four such terms."""
    value = host.zeta(s + 1, q)
    by_order = (s + 1) * (np.abs(np.log(q)) + 1 / s + 1) * value
    return np.asarray(4 * s * (value + by_order + (s + 1) * q * host.zeta(s + 2, q)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """A function of two operands by its derivative for the second."""

    id: str
    slope: Callable[[Ball, Ball], Ball]
    """Of (x, the first operand)."""
    terms: Callable[[Array, Array], Array]
    """Magnitudes of the terms of f' (float64)."""
    boxes: tuple[tuple[str, tuple[float, float], tuple[float, float]], ...]
    """(name, range of x, range of the first operand)."""
    edge: Callable[[float], float] | None = None
    """f' at x = 0 of the first operand."""

    def samples(self) -> Iterable[Sample]:
        """Ordinary and wide boxes, edge sizes, the edge of the domain."""
        for i, (dtype, (name, x, a)) in enumerate((d, b) for d in DTYPES for b in self.boxes):
            yield self._sample(dtype, name, (4, 65), x, a, SampleClass.CONDITIONED if i % len(self.boxes) else SampleClass.ORDINARY)
        _, x, a = self.boxes[0]
        yield from (self._sample("float32", f"n{n}", (n,), x, a, SampleClass.EDGE) for n in (1, 7, 17, 129))
        for dtype in DTYPES if self.edge else ():
            on = self._sample(dtype, "edge", (5,), x, a, SampleClass.SPECIAL)
            yield replace(on, inputs=(Tensor.of(np.zeros(5), dtype), Tensor.of(np.array([0.5, 1.0, 1.5, 2.0, 9.0]), dtype), on.inputs[2]))

    def _sample(self, dtype: str, name: str, shape: tuple[int, ...], x: Any, a: Any, why: SampleClass) -> Sample:
        inputs = (uniform(dtype, shape, self.id, name, "x", low=x[0], high=x[1]), uniform(dtype, shape, self.id, name, "a", low=a[0], high=a[1]),
                  normal(dtype, shape, self.id, name, "g"))  # fmt: skip
        return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, why=why)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        """g f'(x), certified."""
        x, a, g = sample.arrays()

        def ball(v: Ball, first: Ball, up: Ball) -> Ball:
            return arb.nan() if self.edge and v == 0 else up * self.slope(v, first)

        def special(v: float, first: float, up: float) -> float:
            return up * self.edge(first) if self.edge else math.nan

        made = elementwise(ball, x, a, g, dtype=sample.dtype, special=special)
        with np.errstate(all="ignore"):
            size = np.abs(g.astype(np.float64)) * self.terms(x.astype(np.float64), a.astype(np.float64))
        return (replace(made, any_sign_of_zero=True, scale=np.nan_to_num(size, posinf=0.0)),)

    def function(self) -> Function:
        """As the suites export it."""
        return Function(
            id=f"grad_{self.id}", side=Side.TRAINING, area="gradients",
            requirement=f"The library shall return the vector-Jacobian product of {self.id} for its second operand.",
            source=KINKS, oracle="analytic derivative in ball arithmetic (Arb), certified", samples=self.samples, reference=self.reference,
            criterion=SLOPE, faults=(*COMMON, faults.rolled(), faults.other_sample("next-order", "The first operand is off by one.", _next)),
        )  # fmt: skip


def _next(sample: Sample) -> Sample:
    x, a, g = sample.inputs
    return replace(sample, inputs=(x, Tensor.of(a.array() + 1, sample.dtype), g))


GAMMA = (("ordinary", (0.125, 8.0), (0.25, 6.0)), ("wide", (0.125, 40.0), (0.25, 30.0)))

SECONDS = (
    Second(id="gammainc", slope=_density, terms=_density_terms, boxes=GAMMA, edge=_density_at_zero),
    Second(id="gammaincc", slope=lambda x, a: -_density(x, a), terms=_density_terms, boxes=GAMMA, edge=lambda a: -_density_at_zero(a)),
    Second(id="zeta", slope=_zeta, terms=_zeta_terms, boxes=(("ordinary", (0.5, 10.0), (1.25, 6.0)), ("wide", (0.25, 40.0), (1.125, 12.0)))),
)

FUNCTIONS: tuple[Function, ...] = tuple(s.function() for s in SECONDS)
