"""Elementwise functions of one operand: roots, exponentials, error function, activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Exact, Ulp
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import elementwise, exactly
from validation_suites import faults
from validation_suites.sampling import all_patterns, normal, special, tensor, uniform

Ball = Any
DTYPES = ("float32", "float64", "float16", "bfloat16")
NARROW = ("float16", "bfloat16")


def defined(x: Tensor, undefined: tuple[float, ...]) -> Tensor:
    """The tensor with every value at which the definition says nothing replaced by one."""
    values = x.array()
    with np.errstate(invalid="ignore"):
        hit = np.isin(values.astype(np.float64), undefined)
    return Tensor.of(np.where(hit, np.ones_like(values), values)) if hit.any() else x


def samples(id: str, *, low: float, high: float, undefined: tuple[float, ...] = (), **parameters: Any) -> Iterable[Sample]:
    """Ordinary data, a sweep over [low, high], special values, edge sizes; 16-bit formats exhaustively."""
    p = params(**parameters)
    for dtype in DTYPES:
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=(normal(dtype, (4, 257), id, dtype),), params=p)
        sweep = tensor(np.linspace(low, high, 1021), dtype)
        yield Sample(name=f"{dtype}-sweep", dtype=dtype, inputs=(sweep,), params=p, why=SampleClass.SPECIAL)
        yield Sample(
            name=f"{dtype}-special",
            dtype=dtype,
            inputs=(defined(tensor(special(dtype), dtype), undefined),),
            params=p,
            why=SampleClass.SPECIAL,
        )
        for n in (0, 1, 7, 15, 16, 17, 33, 65):
            x = uniform(dtype, (n,), id, dtype, str(n), low=low / 4, high=high / 4)
            yield Sample(name=f"{dtype}-n{n}", dtype=dtype, inputs=(x,), params=p, why=SampleClass.EDGE)
        if dtype in NARROW:
            yield Sample(
                name=f"{dtype}-all", dtype=dtype, inputs=(defined(all_patterns(dtype), undefined),), params=p, why=SampleClass.EXHAUSTIVE
            )
    large = uniform("float32", (40_000,), id, "large", low=low / 4, high=high / 4)
    yield Sample(name="float32-n40000", dtype="float32", inputs=(large,), params=p, why=SampleClass.EDGE)


def _reference(
    fn: Callable[[Ball], Ball], special_value: Callable[[float], float], scale: Callable[[Array], Array | float]
) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        (x,) = sample.arrays()
        with np.errstate(all="ignore"):
            s = np.nan_to_num(np.asarray(scale(x.astype(np.float64)), dtype=np.float64), nan=0.0, posinf=0.0)
        return (elementwise(fn, x, dtype=sample.dtype, special=special_value, scale=s),)

    return reference


def unary(
    id: str,
    says: str,
    fn: Callable[[Ball], Ball],
    special_value: Callable[[float], float],
    *,
    source: str,
    criterion: Criterion | Callable[[Sample], Criterion],
    sweep: tuple[float, float] = (-20.0, 20.0),
    scale: Callable[[Array], Array | float] = lambda x: 0.0,
    extra_faults: tuple[Fault, ...] = (),
    undefined: tuple[float, ...] = (),
    **parameters: Any,
) -> Function:
    """A function of one operand with a certified (Arb) reference.

    Args:
        fn: definition on balls, for finite arguments.
        special_value: definition at NaN, infinities and poles, and where the exact value is zero (sign matters).
        scale: natural scale s of the criterion, from x in float64.
        undefined: arguments at which the sources define no value; they are not asked.
    """
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="elementwise",
        requirement=f"The library shall return {says} of every element.",
        source=source,
        oracle="Arb ball arithmetic (python-flint), certified to 2^-90 relative",
        samples=lambda: samples(id, low=sweep[0], high=sweep[1], undefined=undefined, **parameters),
        reference=_reference(fn, special_value, scale),
        criterion=criterion,
        faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.nan_lost(), *extra_faults),
    )


def banded(k: float, c: float = 0.0) -> Callable[[Sample], Criterion]:
    """k ulp for float32 and float64; 16-bit formats are computed in float32 and rounded once: 1 ulp (0.5 + the float32 error).

    Subnormal results may be flushed: vector mathematics does not promise gradual underflow.
    """

    def choose(sample: Sample) -> Criterion:
        if sample.dtype in NARROW:
            return Ulp(k=1.0, k_hard=2.0, c=min(c, 2.0), flush=1.0)
        return Ulp(k=k, k_hard=16 * k, c=c, flush=1.0)

    return choose


def _limits(at_minus_inf: float, at_inf: float, at_zero: Callable[[float], float] = lambda z: z) -> Callable[[float], float]:
    def value(x: float) -> float:
        if math.isnan(x):
            return x
        return at_zero(x) if x == 0 else at_inf if x > 0 else at_minus_inf

    return value


def _log_special(x: float) -> float:
    return {0.0: -math.inf, 1.0: 0.0, math.inf: math.inf}.get(x, math.nan)


def _sqrt_special(x: float) -> float:
    return x if x == 0 or x == math.inf else math.nan


def _gelu_tanh(x: Ball) -> Ball:
    inner = (flint.arb(2) / flint.arb.pi()).sqrt() * (x + flint.arb(44715) / 1_000_000 * x**3)
    return x / (1 + (-2 * inner).exp())


def _relu(sample: Sample) -> tuple[Expected, ...]:
    (x,) = sample.arrays()
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
    return (exactly(np.where(np.isnan(wide), wide, np.maximum(wide, 0.0)), dtype=sample.dtype, any_sign_of_zero=True),)


INF = math.inf
"""gelu(-inf) is not asked: the sources give a formula in which -inf meets 0, while the limit is -0."""

RELU = Function(
    id="relu",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall return max(x, 0) of every element and pass NaN through.",
    source="ONNX operator specification, Relu; torch.nn.functional.relu",
    oracle="exact: moves or replaces values",
    samples=lambda: samples("relu", low=-20.0, high=20.0),
    reference=_relu,
    criterion=Exact(),
    faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.nan_lost()),
)

OPENCL = "accuracy class: The OpenCL C Specification, relative error as ULPs"

FUNCTIONS: tuple[Function, ...] = (
    unary("sqrt", "the square root, faithfully rounded,", lambda x: x.sqrt(), _sqrt_special,
          source="IEEE 754-2019, 5.4.1 (vector math does not claim correct rounding: 1 ulp)", criterion=Ulp(k=1.0, k_hard=3.0), sweep=(0.0, 40.0)),
    unary("exp", "the exponential", lambda x: x.exp(), _limits(0.0, INF, lambda z: 1.0), source=f"ONNX operator specification, Exp; {OPENCL}",
          criterion=banded(3.0), sweep=(-88.0, 88.0)),
    unary("log", "the natural logarithm", lambda x: x.log(), _log_special, source=f"ONNX operator specification, Log; {OPENCL}",
          criterion=banded(3.0), sweep=(0.0, 40.0)),
    unary("tanh", "the hyperbolic tangent", lambda x: x.tanh(), _limits(-1.0, 1.0), source=f"ONNX operator specification, Tanh; {OPENCL}",
          criterion=banded(5.0, c=4.0), scale=np.ones_like),
    unary("sigmoid", "1 / (1 + exp(-x))", lambda x: 1 / (1 + (-x).exp()), _limits(0.0, 1.0, lambda z: 0.5),
          source="ONNX operator specification, Sigmoid", criterion=banded(4.0, c=4.0), scale=np.ones_like),
    unary("erf", "the error function", lambda x: x.erf(), _limits(-1.0, 1.0), source="ONNX operator specification, Erf",
          criterion=banded(4.0, c=4.0), scale=np.ones_like, sweep=(-6.0, 6.0)),
    unary("gelu", "x Phi(x), Phi the normal distribution function", lambda x: x / 2 * (-x / flint.arb(2).sqrt()).erfc(),
          _limits(-0.0, INF), source="Hendrycks and Gimpel 2016; ONNX operator specification, Gelu", criterion=banded(4.0, c=4.0),
          scale=np.abs, sweep=(-10.0, 10.0), undefined=(-INF,)),
    unary("gelu_tanh", "the tanh form of gelu", _gelu_tanh, _limits(-0.0, INF),
          source="Hendrycks and Gimpel 2016; ONNX operator specification, Gelu approximate=tanh", criterion=banded(4.0, c=8.0),
          scale=np.abs, sweep=(-10.0, 10.0), undefined=(-INF,)),
    RELU,
)  # fmt: skip
