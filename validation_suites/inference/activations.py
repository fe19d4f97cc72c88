"""Activation functions with their parameters.

Not asked, because the sources give a formula in which an infinity meets zero or infinity: gates times -inf (silu, mish, hardswish), softsign at
infinity; and NaN where the sources give a choice with an `otherwise` (threshold, shrink).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Ulp
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import elementwise
from validation_suites import faults
from validation_suites.inference.rounding import exact_function
from validation_suites.pointwise import CERTIFIED, INF, Ball, classed, pointwise
from validation_suites.sampling.pointwise import FLOATS, Box, one

arb = flint.arb
ALPHA = 1.6732632423543772
GAMMA = 1.0507009873554805
"""Constants of selu (Klambauer et al. 2017), as doubles."""
PARTS = "No class is published: the exponential is within 3 ulp (OpenCL C), each product or sum rounds once; judged at the size of the largest part."
PRODUCT = "One product or sum: correctly rounded arithmetic is within 1 ulp wherever it is fused or not."
FINITE_BELOW = Box(low=(-20.0,), high=(20.0,), asked=lambda x, **_: ~np.isneginf(x))
NUMBERS = Box(low=(-8.0,), high=(8.0,), asked=lambda x, **_: ~np.isnan(x))


def _kept(x: float, **_: Any) -> float:
    """Infinities, NaN and zeros pass through."""
    return x


def _elu(x: Ball, alpha: float) -> Ball:
    return x if x > 0 else arb(alpha) * x.expm1()


def _celu(x: Ball, alpha: float) -> Ball:
    return x if x > 0 else arb(alpha) * (x / arb(alpha)).expm1()


def _below(x: float, alpha: float) -> float:
    return x if math.isnan(x) or x >= 0 else -alpha


def _selu(x: Ball) -> Ball:
    return arb(GAMMA) * (x if x > 0 else arb(ALPHA) * x.expm1())


def _negative_part(size: Callable[..., float]) -> Callable[..., Array]:
    """The part that cancels has this size; positive values have none."""
    return lambda x, **given: np.where(x < 0, size(**given), 0.0)


def _gate(x: Ball) -> Ball:
    return 1 / (1 + (-x).exp())


def _softplus(x: Ball, beta: float = 1.0, threshold: float = 20.0) -> Ball:
    z = arb(beta) * x
    return x if z > threshold else z.exp().log1p() / arb(beta)


def _mish(x: Ball) -> Ball:
    return x * x.exp().log1p().tanh() if x < 40 else x


def _ramp(x: Ball) -> Ball:
    """min(max(x + 3, 0), 6) / 6."""
    return arb(0) if x <= -3 else arb(1) if x >= 3 else (x + 3) / 6


def _leaky(x: Ball, slope: float) -> Ball:
    return x if x >= 0 else arb(slope) * x


def _soft(x: Ball, lambd: float) -> Ball:
    return x - arb(lambd) if x > lambd else x + arb(lambd) if x < -lambd else arb(0)


def _wide(sample: Sample) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(sample.arrays()[0].astype(np.float64))


def _chosen(
    id: str, says: str, of: Callable[..., Any], source: str, *settings: dict[str, Any], box: Box = NUMBERS, wrong: str
) -> Function:  # fmt: skip
    """A function that takes over its argument or a constant."""
    return exact_function(
        id, says, lambda s: of(_wide(s), **dict(s.params)), source, samples=lambda: one(id, box, FLOATS, settings or ({},)),
        any_sign_of_zero=True, nan=box is not NUMBERS,
        wrong=(faults.computed(wrong, "Another choice is made.", lambda s: of(_wide(s) * 1.5, **dict(s.params))),),
    )  # fmt: skip


def _channels(id: str) -> Iterable[Sample]:
    """x (N, C, L) with one slope for each channel, or one for all; special values in a channel."""
    for dtype in FLOATS:
        for name, shape, count in (("ordinary", (4, 3, 65), 3), ("single", (2, 5, 7), 1), ("n17", (1, 2, 17), 2), ("n1", (1, 1, 1), 1),
        ("nothing", (0, 3, 2), 3)):
            rng = seed_for(id, dtype, name)
            x, w = Tensor.of(rng.standard_normal(shape) * 4, dtype), Tensor.of(rng.integers(-8, 9, count) / 8 + 0.0625, dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, w))
        values = np.array([0.0, -0.0, -1.5, 2.0, INF, -INF, math.nan])
        given = (Tensor.of(np.stack([values, values])[None], dtype), Tensor.of(np.array([0.5, 0.25]), dtype))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=given, why=SampleClass.SPECIAL)
    rng = seed_for(id, "large")
    x = Tensor.of(rng.integers(-64, 64, (2, 4, 5000)) / 16, "float32")
    yield Sample(name="float32-n40000", dtype="float32", inputs=(x, Tensor.of(np.array([0.25, 0.3, -0.5, 1.0]), "float32")),
        why=SampleClass.EDGE)


def _prelu(sample: Sample) -> tuple[Expected, ...]:
    x, w = (a.astype(np.float64) for a in sample.arrays())
    slope = np.broadcast_to(w[None, :, None] if w.size > 1 else w, x.shape)
    made = elementwise(lambda a, b: a if a >= 0 else a * b, x, slope, dtype=sample.dtype, special=lambda a, b: a if a >= 0 else a * b,
        any_sign_of_zero=True)
    return (made,)


def _halves() -> Iterable[Sample]:
    """Both halves along every axis; values and gates of every size."""
    for dtype in FLOATS:
        for name, shape, axis in (("ordinary", (4, 130), -1), ("first", (6, 17), 0), ("middle", (2, 8, 9), 1), ("n2", (2,), 0),
        ("nothing", (0, 4), 1)):
            x = Tensor.of(seed_for("glu", dtype, name).standard_normal(shape) * 5, dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x,), params=params(axis=axis))
        x = Tensor.of(np.array([1.0, -2.0, math.nan, 3.0, INF, 1.0, 0.5, math.nan, INF, -INF, 2.0, 0.0]).reshape(2, 6), dtype)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x,), params=params(axis=0), why=SampleClass.SPECIAL)


def _glu(sample: Sample) -> tuple[Expected, ...]:
    with np.errstate(invalid="ignore"):
        x = sample.arrays()[0].astype(np.float64)
    a, b = np.split(x, 2, axis=sample.param("axis"))
    scale = np.where(np.isfinite(a), np.abs(a), 0.0)
    made = elementwise(lambda v, g: v * _gate(g), a, b, dtype=sample.dtype, special=_gated, scale=scale, any_sign_of_zero=True)
    return (made,)


def _gated(value: float, gate: float) -> float:
    return value * (gate if math.isnan(gate) else 1.0 if gate == INF else 0.0 if gate == -INF else 1 / (1 + math.exp(-gate)))


def _wrong_half(sample: Sample) -> Array:
    a, b = np.split(_wide(sample), 2, axis=sample.param("axis"))
    return np.asarray(b / (1 + np.exp(-a)))


PRELU = Function(
    id="prelu", side=Side.INFERENCE, area="elementwise",
    requirement="The library shall return x, or w x where x is negative, with a slope w of every channel.",
    source="ONNX operator specification, PRelu; PyTorch reference, torch.nn.functional.prelu", oracle=CERTIFIED,
    samples=lambda: _channels("prelu"), reference=_prelu, criterion=Ulp(k=1.0, k_hard=2.0, flush=1.0, rationale=PRODUCT),
    faults=(faults.relative(1e-2), faults.one_element(), faults.stale(), faults.nan_lost(),
            faults.computed("first-slope", "The first slope is taken for every channel.",
            lambda s: np.where(_wide(s) >= 0, 1, s.arrays()[1][:1].astype(np.float64).sum()) * _wide(s))),
)  # fmt: skip
GLU = Function(
    id="glu", side=Side.INFERENCE, area="elementwise",
    requirement="The library shall return the first half times the logistic function of the second.",
    source="Dauphin et al. 2017; PyTorch reference, torch.nn.functional.glu", oracle=CERTIFIED, samples=_halves, reference=_glu,
    criterion=classed(4.0, c=4.0, steps=2, rationale=PARTS),
    faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.nan_lost(),
            faults.computed("halves-exchanged", "The halves are exchanged.", _wrong_half)),
)  # fmt: skip


def _activation(
    id: str, says: str, fn: Callable[..., Ball], special: Callable[..., float], source: str, box: Box | tuple[float, float] = (-20.0, 20.0),
    **more: Any,
) -> Function:  # fmt: skip
    """Composed of an exponential and few products and sums."""
    return pointwise(id, says, fn, special, box, source=source,
        criterion=more.pop("criterion", classed(4.0, c=4.0, steps=3, rationale=PARTS)),
                     any_sign_of_zero=True, **more)  # fmt: skip


TORCH = "PyTorch reference, torch.nn.functional."
ONNX = "ONNX operator specification, "
ROUNDED = Ulp(k=1.0, k_hard=2.0, flush=1.0, rationale=PRODUCT)
ALPHAS = ({"alpha": 1.0}, {"alpha": 0.25}, {"alpha": 1.5})
DROPPED = faults.other_params("default-alpha", "The parameter is ignored.", alpha=1.0)

FUNCTIONS: tuple[Function, ...] = (
    _activation("elu", "x, or alpha (exp(x) - 1) where x is negative,", _elu, _below, f"Clevert et al. 2016; {ONNX}Elu", settings=ALPHAS,
                scale=_negative_part(lambda alpha: alpha), extra_faults=(DROPPED,)),
    _activation("celu", "max(x, 0) + min(0, alpha (exp(x / alpha) - 1))", _celu, _below, f"Barron 2017; {ONNX}Celu", settings=ALPHAS,
                scale=_negative_part(lambda alpha: alpha), extra_faults=(DROPPED,)),
    _activation("selu", "gamma x, or gamma alpha (exp(x) - 1) where x is negative,", _selu,
        lambda x: x if math.isnan(x) or x >= 0 else -GAMMA * ALPHA,
                f"Klambauer et al. 2017; {ONNX}Selu", scale=_negative_part(lambda: GAMMA * ALPHA)),
    _activation("leaky_relu", "x, or slope x where x is negative,", _leaky, lambda x, slope: x if math.isnan(x) or x >= 0 else x * slope,
                f"{ONNX}LeakyRelu", settings=({"slope": 0.25}, {"slope": -0.5}), criterion=ROUNDED,
                extra_faults=(faults.other_params("default-slope", "The slope is ignored.", slope=0.01),)),
    _activation("rrelu", "x, or the mean slope times x where x is negative, in evaluation,",
                lambda x, lower, upper: _leaky(x, (lower + upper) / 2), lambda x, lower,
                upper: x if math.isnan(x) or x >= 0 else x * (lower + upper) / 2,
                f"Xu et al. 2015; {TORCH}rrelu", settings=({"lower": 0.125, "upper": 0.375},), criterion=ROUNDED,
                extra_faults=(faults.other_params("lower-only", "The lower slope is taken.", upper=0.125),)),
    PRELU,
    GLU,
    _activation("softplus", "log(1 + exp(beta x)) / beta, x where beta x exceeds the threshold,", _softplus,
                lambda x, beta, threshold: x if math.isnan(x) or x > 0 else 0.0, f"{ONNX}Softplus; {TORCH}softplus",
                settings=({"beta": 1.0, "threshold": 20.0}, {"beta": 0.5, "threshold": 30.0}), scale=lambda x, beta,
                threshold: np.ones_like(x) / beta,
                extra_faults=(faults.other_params("beta-ignored", "beta is ignored.", beta=1.0),)),
    _activation("logsigmoid", "log(1 / (1 + exp(-x)))", lambda x: -(-x).exp().log1p(), lambda x: x if math.isnan(x) or x < 0 else 0.0,
                f"{TORCH}logsigmoid", scale=np.ones_like),
    _activation("silu", "x / (1 + exp(-x))", lambda x: x * _gate(x), _kept, f"Elfwing et al. 2018; {TORCH}silu", FINITE_BELOW,
        scale=np.abs),
    _activation("mish", "x tanh(log(1 + exp(x)))", _mish, _kept, f"Misra 2019; {ONNX}Mish", FINITE_BELOW, scale=np.abs,
                criterion=classed(4.0, c=8.0, steps=3, rationale=PARTS)),
    _activation("softsign", "x / (1 + |x|)", lambda x: x / (1 + abs(x)), _kept, f"{ONNX}Softsign",
                Box(low=(-20.0,), high=(20.0,), asked=lambda x: ~np.isinf(x)),
                criterion=classed(3.0, steps=2, rationale="A sum and a quotient, each rounded once.")),
    _activation("tanhshrink", "x - tanh(x)", lambda x: x - x.tanh(), _kept, f"{TORCH}tanhshrink", scale=np.abs),
    _activation("hardsigmoid", "min(max(x / 6 + 1/2, 0), 1)", _ramp, lambda x: x if math.isnan(x) else 1.0 if x > 0 else 0.0,
                f"{ONNX}HardSigmoid, alpha 1/6; {TORCH}hardsigmoid", (-8.0, 8.0), scale=lambda x: np.where(np.abs(x) <= 3.5, 1.0, 0.0)),
    _activation("hardswish", "x min(max(x + 3, 0), 6) / 6", lambda x: x * _ramp(x), lambda x: 0.0, f"Howard et al. 2019; {ONNX}HardSwish",
                Box(low=(-8.0,), high=(8.0,), asked=lambda x: np.abs(x) < 2.0**100),
                scale=lambda x: np.where(np.abs(x) <= 3.5, np.abs(x), 0.0), nan=False),
    _activation("softshrink", "x moved towards zero by lambda", _soft, lambda x, lambd: x if math.isinf(x) else 0.0,
        f"{ONNX}Shrink; {TORCH}softshrink", NUMBERS,
                settings=({"lambd": 0.5}, {"lambd": 2.0}), criterion=ROUNDED, nan=False,
                extra_faults=(faults.other_params("default-lambda", "lambda is ignored.", lambd=0.5),)),
    _chosen("hardshrink", "x, or 0 within lambda of zero,", lambda x, lambd: np.where(np.abs(x) <= lambd, 0.0, x),
        f"{ONNX}Shrink; {TORCH}hardshrink",
            {"lambd": 0.5}, {"lambd": 2.0}, wrong="wider"),
    _chosen("threshold", "x where it exceeds the threshold, else the value,", lambda x, threshold, value: np.where(x > threshold, x, value),
            f"{TORCH}threshold", {"threshold": 0.5, "value": -3.0}, {"threshold": -1.0, "value": 20.0}, wrong="wider"),
    _chosen("thresholded_relu", "x where it exceeds alpha, else 0,", lambda x, alpha: np.where(x > alpha, x, 0.0), f"{ONNX}ThresholdedRelu",
            {"alpha": 1.0}, {"alpha": 0.25}, wrong="wider"),
    _chosen("relu6", "min(max(x, 0), 6)", lambda x: np.minimum(np.maximum(x, 0.0), 6.0), f"{TORCH}relu6", box=Box(low=(-8.0,), high=(8.0,)),
        wrong="steeper"),
    _chosen("hardtanh", "x held within limits", lambda x, low, high: np.minimum(np.maximum(x, low), high), f"{TORCH}hardtanh",
            {"low": -1.0, "high": 1.0}, {"low": -0.25, "high": 2.0}, box=Box(low=(-8.0,), high=(8.0,)), wrong="steeper"),
)  # fmt: skip
