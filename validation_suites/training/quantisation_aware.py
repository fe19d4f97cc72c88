"""Training for quantisation: fake-quantise with its straight-through gradient, observers' scales and zero points, folding of batch norms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Each, Exact, Scaled, Ulp
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal, positive

AREA = "quantisation"
SOURCE = "Jacob et al. 2018; PyTorch documentation, torch.fake_quantize_per_tensor_affine and torch.ao.quantization"
BYTES, SIGNED, NARROW = (0, 255), (-128, 127), (-127, 127)
EPSILON = float(np.finfo(np.float32).eps)


def _steps(low: int, high: int, zero: int, scale: float) -> Array:
    """Values around whole steps, short of ties, inside and beyond the range, and exact ties where the scale is a power of two."""
    steps = np.array(
        [low - zero - 3, low - zero - 1, low - zero, -7, -1, 0, 1, 2, 9, 40, high - zero, high - zero + 1, high - zero + 5],
        dtype=np.float64,
    )
    inside = [0.0, 0.3, -0.3, 0.45, -0.45] + ([0.5, -0.5] if math.frexp(scale)[0] == 0.5 else [])
    return np.asarray((steps[:, None] + inside).ravel() * scale)


def _fake_cases() -> Iterable[Sample]:
    for (low, high), scale, zero in itertools.product((BYTES, SIGNED, (0, 15)), (0.125, 0.1, 3.0), (0, 7)):
        s = float(np.float32(scale))
        x = Tensor.of(_steps(low, high, zero, s), "float32")
        yield case(f"{low}to{high}-scale{scale:g}-zero{zero}", x, dtype="float32", low=low, high=high, scale=s, zero=zero)


def fake(sample: Sample, *, half_away: bool = False, gradient_all: bool = False) -> tuple[Any, ...]:
    """(RN_even(x / s) + z clamped, back to real; 1 where the step is within the range)."""
    x, s, z = sample.arrays()[0].astype(np.float64), sample.param("scale"), sample.param("zero")
    q = x / s
    q = (np.sign(q) * np.floor(np.abs(q) + 0.5) if half_away else np.rint(q)) + z
    inside = (q >= sample.param("low")) & (q <= sample.param("high"))
    y = (np.clip(q, sample.param("low"), sample.param("high")) - z) * s
    return y, (np.ones_like(x) if gradient_all else inside.astype(np.float64))


def _channel_cases() -> Iterable[Sample]:
    for (low, high), axis in itertools.product((SIGNED, BYTES), (0, 1)):
        scales = np.array([0.125, 0.5, 2.0, 0.0625], dtype=np.float32)
        zeros = np.array([0, 3, 1, 0] if low else [0, 3, 128, 9], dtype=np.int32)
        grid = np.stack([_steps(low, high, int(z), float(s)) for s, z in zip(scales, zeros, strict=True)])
        x = Tensor.of(grid if axis == 0 else grid.T, "float32")
        yield case(
            f"{low}to{high}-axis{axis}", x, Tensor.of(scales), Tensor.of(zeros, "int32"), dtype="float32", low=low, high=high, axis=axis
        )


def _by_channel(sample: Sample, shift: int = 0) -> tuple[Any, ...]:
    x, s, z = (a.astype(np.float64) for a in sample.arrays())
    shape = (-1, 1) if sample.param("axis") == 0 else (1, -1)
    s, z = np.roll(s, shift).reshape(shape), np.roll(z, shift).reshape(shape)
    q = np.rint(x / s) + z
    inside = (q >= sample.param("low")) & (q <= sample.param("high"))
    return (np.clip(q, sample.param("low"), sample.param("high")) - z) * s, inside.astype(np.float64)


KINDS = ("minmax", "moving", "channel", "moving-channel")
SCHEMES = (("affine", "quint8"), ("symmetric", "qint8"), ("affine", "qint8"), ("symmetric", "quint8"))
RANGE = {"quint8": BYTES, "qint8": SIGNED}


def _observer_samples() -> Iterable[Sample]:
    for i, (kind, (scheme, dtype)) in enumerate(itertools.product(KINDS, SCHEMES)):
        batches = tuple(normal("float32", (4, 6), "observer", kind, scheme, dtype, str(j), scale=1.0 + j, offset=0.5) for j in range(3))
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(
            name=f"{kind}-{scheme}-{dtype}",
            dtype="float32",
            inputs=batches,
            params=params(kind=kind, scheme=scheme, q=dtype, constant=0.125),
            why=why,
        )


def observed(sample: Sample, constant: float | None = None) -> tuple[Array, Array]:
    """(least, largest) after all batches, of all values or channel by channel: extrema, or averages that move by `constant`."""
    kind = sample.param("kind")
    axis = 1 if "channel" in kind else None
    parts = [(x.min(axis=axis), x.max(axis=axis)) for x in (a.astype(np.float64) for a in sample.arrays())]
    low, high = parts[0]
    c = sample.param("constant") if constant is None else constant
    for a, b in parts[1:]:
        low, high = (low + c * (a - low), high + c * (b - high)) if "moving" in kind else (np.minimum(low, a), np.maximum(high, b))
    return np.atleast_1d(low), np.atleast_1d(high)


def scale_and_zero(low: Array, high: Array, sample: Sample) -> tuple[Array, Array]:
    """Of ranges that contain 0."""
    first, last = RANGE[sample.param("q")]
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    if sample.param("scheme") == "symmetric":
        scale = np.maximum(np.maximum(-low, high) / ((last - first) / 2), EPSILON)
        return scale, np.full(scale.shape, 128 if sample.param("q") == "quint8" else 0)
    scale = np.maximum((high - low) / (last - first), EPSILON)
    return scale, np.clip(first - np.rint(low / scale), first, last).astype(np.int64)


def _observer(sample: Sample) -> tuple[Expected, ...]:
    scale, zero = scale_and_zero(*observed(sample), sample)
    return (Expected(name="y", dtype="float32", value=scale, radius=1e-14 * scale), Expected(name="y1", dtype="int64", value=zero))


def _variant(id: str, sentence: str, other: Any) -> Any:
    """Another range."""

    def truth(sample: Sample) -> tuple[Any, ...]:
        low, high = other(sample)
        return scale_and_zero(low, high, sample)

    return wrong(id, sentence, truth)


def _training_cases() -> Iterable[Sample]:
    for n, s in ((6, 0.03125), (17, 0.5)):
        x = np.concatenate([[-128 * s, 127 * s], _steps(-100, 90, 0, s)[:n]])
        yield case(f"n{n}-scale{s:g}", Tensor.of(x, "float32"), dtype="float32", step=s)
    yield case("n3-scale1", Tensor.of(np.array([-128.0, 127.0, 3.25]), "float32"), dtype="float32", step=1.0)


def training(sample: Sample) -> tuple[Any, ...]:
    """A range of -128 to 127 steps gives exactly that scale: (fake-quantised, scale, zero point, the same with it off, answers)."""
    x, s = sample.arrays()[0].astype(np.float64), sample.param("step")
    q = np.clip(np.rint(x / s), -128, 127)
    return q * s, np.array([s]), np.array([128]), x, yes(True, True)


def _not_quantised(sample: Sample) -> tuple[Any, ...]:
    made = training(sample)
    return (made[3], *made[1:])


def _floor(sample: Sample) -> tuple[Any, ...]:
    made = training(sample)
    s = sample.param("step")
    return (np.floor(made[3] / s) * s, *made[1:])


def _folded_samples() -> Iterable[Sample]:
    for i, (kind, bias) in enumerate(itertools.product(("conv", "transposed", "linear"), (True, False))):
        shape = {"conv": (5, 3, 3, 3), "transposed": (3, 5, 2, 2), "linear": (5, 7)}[kind]
        w, b = normal("float32", shape, "folded", kind), normal("float32", (5,), "folded", "b", kind)
        more = (
            normal("float32", (5,), "folded", "mean"),
            positive("float32", (5,), "folded", "var"),
            normal("float32", (5,), "folded", "gamma"),
            normal("float32", (5,), "folded", "beta"),
        )
        p = params(kind=kind, bias=bias, eps=1e-3)
        yield Sample(
            name=f"{kind}-{'bias' if bias else 'plain'}",
            dtype="float32",
            inputs=(w, b, *more),
            params=p,
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )


def _folded(sample: Sample) -> tuple[Expected, ...]:
    """w gamma / sqrt(var + eps), (b - mean) gamma / sqrt(var + eps) + beta."""
    w, b, mean, var, gamma, beta = map(extended, sample.arrays())
    factor = gamma / np.sqrt(var + extended(np.float64(sample.param("eps"))))
    shape = [1] * w.ndim
    shape[1 if sample.param("kind") == "transposed" else 0] = -1
    weight = w * factor.reshape(shape)
    b = b if sample.param("bias") else np.zeros_like(b)
    bias, size = (b - mean) * factor + beta, (np.abs(b) + np.abs(mean)) * np.abs(factor) + np.abs(beta)
    return (
        expected_extended(weight, dtype="float32", radius=8 * U * np.abs(weight), scale=np.abs(weight), any_sign_of_zero=True),
        expected_extended(bias, dtype="float32", name="y1", radius=8 * U * size, scale=size, any_sign_of_zero=True),
    )


ROWS = (
    Guarantee(
        id="fake_quantize_gradient",
        area=AREA,
        source=SOURCE,
        cases=_fake_cases,
        truth=fake,
        requirement="The library shall round to the nearest step, even at ties, clamp, and pass the gradient through where the step is in range.",
        faults=(
            wrong("half-away", "Ties are rounded away from zero.", lambda s: fake(s, half_away=True)),
            wrong("gradient-everywhere", "The gradient passes everywhere.", lambda s: fake(s, gradient_all=True)),
            faults.other_params("zero-off-by-one", "The zero point is off by one.", zero=lambda z: z + 1),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="fake_quantize_channels",
        area=AREA,
        source=SOURCE,
        cases=_channel_cases,
        truth=_by_channel,
        requirement="The library shall quantise every channel along the axis by its own scale and zero point.",
        faults=(
            wrong("neighbour", "Each channel has its neighbour's parameters.", lambda s: _by_channel(s, 1)),
            faults.stale(),
            faults.relative(1e-4),
        ),
    ),
    Guarantee(
        id="fake_quantize_training",
        area=AREA,
        source=SOURCE,
        cases=_training_cases,
        truth=training,
        requirement="The library shall observe, then fake-quantise in training, and do neither where it is switched off.",
        faults=(
            wrong("not-quantised", "Values pass unchanged.", _not_quantised),
            wrong("floor", "Steps are rounded down.", _floor),
            denied("observes-when-off", "The range moves though observing is off.", 4),
            faults.stale(),
        ),
    ),
)

FUNCTIONS: tuple[Function, ...] = (
    *(r.function() for r in ROWS),
    Function(
        id="quantisation_observers",
        side=Side.TRAINING,
        area=AREA,
        requirement="The library shall derive scale and zero point from the range of what it saw: extrema or moving averages, of all or by channel.",
        source=SOURCE,
        oracle="definition in double (1e-14); zero points whole",
        samples=_observer_samples,
        reference=_observer,
        criterion=Each(
            criteria=(
                Ulp(k=6, k_hard=32, rationale="Two moving averages and a quotient: a few roundings.", literature="Higham 2002, ch. 3"),
                Exact(),
            )
        ),
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            _variant(
                "last-batch",
                "Only the last batch counts.",
                lambda s: observed(Sample(name="l", dtype=s.dtype, inputs=s.inputs[-1:], params=s.params)),
            ),
            _variant("constant-ignored", "The average does not move.", lambda s: observed(s, 0.0)),
            faults.computed(
                "zero-off-by-one", "The zero point is off by one.", lambda s: (_observer(s)[0].value, _observer(s)[1].value + 1)
            ),
        ),
    ),
    Function(
        id="folded_batch_norm",
        side=Side.TRAINING,
        area=AREA,
        requirement="The library shall fold a batch norm's statistics and factors into the layer before it.",
        source="Jacob et al. 2018; PyTorch documentation, torch.nn.utils.fusion",
        oracle="extended precision (2^-64)",
        samples=_folded_samples,
        reference=_folded,
        criterion=Scaled(
            c=4.0,
            c_hard=32.0,
            scale="|w factor|, or the magnitudes of the bias's terms",
            rationale="A root, a quotient and products: a few roundings.",
            literature="Higham 2002, ch. 3",
        ),
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.other_params("eps-off", "Another eps is added.", eps=1e-5),
            faults.computed("mean-not-subtracted", "The mean is left in.", lambda s: (_folded(s)[0].value, _folded(s)[1].value + 0.5)),
        ),
    ),
)
