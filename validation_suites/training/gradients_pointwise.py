"""Gradients of elementwise functions: g f'(x) from analytic derivatives in ball arithmetic; at kinks the documented subgradient.

Inputs are x and the upstream gradient g. For an elementwise function forward mode gives the same product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import elementwise
from validation_suites import faults, vector_jacobian
from validation_suites.sampling import normal, uniform

DTYPES = ("float32", "float64", "bfloat16")
Ball = Any
SLOPE = Scaled(
    c=8.0, c_hard=32.0, scale="|g| times the sum of the magnitudes of the terms of f'(x); where they cancel, of the largest |f'|",
    rationale="Every factor of f' is an elementary function within 2 ulp (4 u), products and sums add u each; what cancels in a tail is judged absolutely."
    " In bfloat16 every step may be rounded to the format, u = 2^-8.",
    literature="CRITERIA: gradients on the largest |f'| or the sum of absolute terms; Higham 2002, ch. 1 and 3.1", wide_accumulation=False,
)  # fmt: skip
KINKS = "PyTorch documentation, autograd mechanics (gradients for non-differentiable functions: the subgradient of minimum norm); derivative by hand"


def _one(x: Ball) -> Ball:
    return flint.arb(1)


def _sigmoid(x: Ball) -> Ball:
    return 1 / (1 + (-x).exp())


def _density(x: Ball) -> Ball:
    return (-x * x / 2).exp() / (2 * flint.arb.pi()).sqrt()


def _normal_cdf(x: Ball) -> Ball:
    return (-x / flint.arb(2).sqrt()).erfc() / 2


def _np_sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """An elementwise function by its derivative."""

    id: str
    """Of the function; the gradient's is `grad_<id>`."""
    slope: Callable[..., Ball]
    """f' as a ball of x and the parameters."""
    terms: Callable[..., Array] | None = None
    """Magnitudes of the terms of f' (float64) of x and the parameters; None = |f'| itself, in which nothing cancels."""
    low: float = -6.0
    high: float = 6.0
    """Domain of the samples."""
    kinks: tuple[float, ...] = ()
    """Further points: kinks, zeros."""
    poles: tuple[float, ...] = ()
    """Points with an infinite derivative."""
    settings: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    """One parameter at most and its values."""
    edges: tuple[int, ...] = (1, 7, 16, 17, 129)
    """Sizes around vectors'."""
    narrow: bool = True
    """Whether it is asked in bfloat16, too."""

    def samples(self) -> Iterable[Sample]:
        """Ordinary data, a sweep over the domain, edge sizes, kinks and poles; every setting. In bfloat16 without sweep and poles."""
        ways = [{n: v} for n, values in self.settings.items() for v in values] or [{}]
        for i, (dtype, how) in enumerate((d, w) for d in DTYPES[: 2 + self.narrow] for w in ways):
            tail = "".join(f"-{n.replace('_', '.')}={v}" for n, v in how.items())
            yield self._sample(dtype, f"ordinary{tail}", (4, 65), how, SampleClass.COVERING if i else SampleClass.ORDINARY)
            if dtype == "bfloat16":
                continue
            sweep = Tensor.of(np.linspace(self.low, self.high, 258)[1:-1], dtype)
            ordinary = self._sample(dtype, f"sweep{tail}", sweep.shape, how, SampleClass.CONDITIONED)
            yield replace(ordinary, inputs=(sweep, ordinary.inputs[1]))
            points = Tensor.of(np.array([*self.kinks, *self.poles]), dtype)
            if points.shape[0]:
                kinked = self._sample(dtype, f"kinks{tail}", points.shape, how, SampleClass.SPECIAL)
                yield replace(kinked, inputs=(points, kinked.inputs[1]))
        for n in self.edges:
            yield self._sample("float32", f"n{n}", (n,), ways[0], SampleClass.EDGE)

    def _sample(self, dtype: str, name: str, shape: tuple[int, ...], how: Mapping[str, Json], why: SampleClass) -> Sample:
        x = uniform(dtype, shape, "slope", self.id, name, low=self.low, high=self.high)
        g = normal(dtype, shape, "slope g", self.id, name)
        return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, g), params=params(**how), why=why)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        """g f'(x), certified."""
        x, g = sample.arrays()
        more = dict(sample.params)

        def special(at: float, by: float) -> float:
            return float("nan") if at != at or by != by else float(np.copysign(np.inf, by)) if at in self.poles else 0.0

        made = elementwise(lambda v, w: w * self.slope(v, **more), x, g, dtype=sample.dtype, special=special)
        wide, up = x.astype(np.float64), np.abs(g.astype(np.float64))
        with np.errstate(all="ignore"):
            size = np.abs(made.value) if self.terms is None else up * self.terms(wide, **more)
        return (replace(made, any_sign_of_zero=True, scale=np.nan_to_num(np.broadcast_to(size, x.shape), posinf=0.0)),)

    def function(self) -> Function:
        """As the suites export it."""
        return Function(
            id=f"grad_{self.id}", side=Side.TRAINING, area="gradients",
            requirement=f"The library shall return the vector-Jacobian product of {self.id}, the documented subgradient at kinks.",
            source=KINKS, oracle="analytic derivative in ball arithmetic (Arb), certified", samples=self.samples, reference=self.reference,
            criterion=SLOPE, faults=(*COMMON, *self._parameter_faults()),
        )  # fmt: skip

    def _parameter_faults(self) -> Iterable[Fault]:
        for name, values in self.settings.items():
            yield faults.other_params(f"{name}-ignored", f"{name} is ignored.", **{name: values[0]})


def _passed_on(sample: Sample) -> Array:
    """The upstream gradient without the derivative."""
    return sample.arrays()[-1]


COMMON = (*vector_jacobian.COMMON, faults.computed("upstream-passed-on", "The derivative is left out.", _passed_on))


def _gelu_terms(x: Array) -> Array:
    return np.asarray(1 + np.abs(x) * np.exp(-x * x / 2) * (1 + x * x))


def _elu(x: Ball, alpha: float) -> Ball:
    """At 0 alpha, the smaller one-sided derivative: convex there for alpha <= 1 (beyond, the documentation fixes none)."""
    return _one(x) if x > 0 else alpha * x.exp()


def _mish(x: Ball) -> Ball:
    t = x.exp().log1p().tanh()
    return t + x * (1 - t * t) * _sigmoid(x)


SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""Klambauer et al. 2017, eq. 14, rounded to double."""

SLOPES = (
    Slope(id="exp", slope=lambda x: x.exp()),
    Slope(id="expm1", slope=lambda x: x.exp(), terms=lambda x: 1 + np.exp(x)),
    Slope(id="log", slope=lambda x: 1 / x, low=1e-3, high=50.0, poles=(0.0,)),
    Slope(id="log1p", slope=lambda x: 1 / (1 + x), low=-0.9, high=50.0),
    Slope(id="sqrt", slope=lambda x: 1 / (2 * x.sqrt()), low=1e-3, high=50.0, poles=(0.0,)),
    Slope(id="rsqrt", slope=lambda x: -1 / (2 * x * x.sqrt()), low=1e-2, high=50.0),
    Slope(id="reciprocal", slope=lambda x: -1 / (x * x), low=0.01, high=20.0),
    Slope(id="square", slope=lambda x: 2 * x, kinks=(0.0, -3.5)),
    Slope(id="pow", slope=lambda x, exponent: exponent * x ** flint.arb(exponent - 1), low=0.01, high=4.0, settings={"exponent": (2.0, 3.0, 0.5, -1.5)}),
    Slope(id="sin", slope=lambda x: x.cos(), terms=np.ones_like, low=-50.0, high=50.0),
    Slope(id="cos", slope=lambda x: -x.sin(), terms=np.ones_like, low=-50.0, high=50.0),
    Slope(id="sinh", slope=lambda x: x.cosh()),
    Slope(id="cosh", slope=lambda x: x.sinh()),
    Slope(id="atan", slope=lambda x: 1 / (1 + x * x)),
    Slope(id="sigmoid", slope=lambda x: _sigmoid(x) * _sigmoid(-x), terms=_np_sigmoid, low=-20.0, high=20.0),
    Slope(id="erf", slope=lambda x: 2 / flint.arb.pi().sqrt() * (-x * x).exp(), terms=lambda x: np.exp(-x * x) * (1 + x * x), low=-4.0, high=4.0),
    Slope(id="gelu", slope=lambda x: _normal_cdf(x) + x * _density(x), terms=_gelu_terms),
    Slope(id="silu", slope=lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)), terms=lambda x: _np_sigmoid(x) * (1 + np.abs(x)), low=-20.0, high=20.0),
    Slope(id="mish", slope=_mish, terms=lambda x: 1 + np.abs(x), low=-15.0, high=15.0),
    Slope(id="softplus", slope=lambda x: _one(x) if x > 20 else _sigmoid(x), terms=_np_sigmoid, low=-30.0, high=30.0, kinks=(0.0, 20.0)),
    Slope(id="logsigmoid", slope=lambda x: _sigmoid(-x), terms=np.ones_like, low=-20.0, high=20.0, kinks=(0.0,)),
    Slope(id="softsign", slope=lambda x: 1 / (1 + abs(x)) ** 2, terms=lambda x: 1 / (1 + np.abs(x)), kinks=(0.0,)),  # by the rule for quotients
    Slope(id="relu", slope=lambda x: _one(x) if x > 0 else flint.arb(0), kinks=(0.0, -0.0, -1.0, 1e-30)),
    Slope(id="leaky_relu", slope=lambda x, negative_slope: _one(x) if x > 0 else flint.arb(negative_slope), kinks=(0.0, -0.0, 1.0),
          settings={"negative_slope": (0.01, 0.3)}),
    Slope(id="elu", slope=_elu, kinks=(0.0, -0.0, -1.0), settings={"alpha": (1.0, 0.5, 0.25)}),
    Slope(id="selu", slope=lambda x: SELU_SCALE * (_one(x) if x > 0 else SELU_ALPHA * x.exp())),
    Slope(id="abs", slope=lambda x: flint.arb(1 if x > 0 else -1 if x < 0 else 0), kinks=(0.0, -0.0, 1e-30)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(s.function() for s in SLOPES)
