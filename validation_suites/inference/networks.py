"""A small convolutional network as one function: what a graph optimiser or a compiler makes of several layers together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria import Scaled, round_to
from csvkit_ml.criteria.componentwise import DELTA
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.products import pad, windows
from validation_suites import faults
from validation_suites.sampling.data import normal

CHANNELS = (3, 16, 32)
"""Of the input and of both convolutions; multiples of 16, so that kernels for blocks of channels apply."""
CLASSES = 10
_KERNEL = (3, 3)
_DOUBLE = 2.0**-52
"""Twice the roundoff in which the reference is computed: its own errors obey the same analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Values on their way through the network, with the rounding errors that they may carry, in units of u."""

    value: Array
    error: Array


def samples() -> Iterable[Sample]:
    """(images, w1, b1, w2, b2, w3, b3); weights are spread as fan-in demands, so that no layer grows."""
    for batch, extent, why in ((2, 8, SampleClass.ORDINARY), (1, 12, SampleClass.ORDINARY), (3, 9, SampleClass.EDGE)):
        name = f"float32-b{batch}-{extent}x{extent}"
        c, d, e = CHANNELS
        shapes = ((batch, c, extent, extent), (d, c, 3, 3), (d,), (e, d, 3, 3), (e,), (CLASSES, e), (CLASSES,))
        spread = (1.0, *(math.sqrt(2 / (9 * c)), 0.1), *(math.sqrt(2 / (9 * d)), 0.1), *(math.sqrt(2 / e), 0.1))
        made = tuple(normal("float32", s, "small_cnn", name, str(i), scale=k) for i, (s, k) in enumerate(zip(shapes, spread, strict=True)))
        yield Sample(name=name, dtype="float32", inputs=made, why=why)


def _grown(n: int, outputs: int) -> float:
    """min(lambda sqrt(n), n): what n roundings may add up to, in units of u."""
    return min(math.sqrt(2 * math.log(2 * outputs / DELTA) * n), n)


def _convolve(x: Array, w: Array) -> Array:
    """Cross-correlation with as many zeros around as keep the extents."""
    patches = windows(pad(x, (1, 1), (1, 1)), _KERNEL, (1, 1), (1, 1))
    return np.asarray(np.einsum("nchwij,ocij->nohw", patches, w, optimize=True))


def _weighted(x: Layer, w: Array, b: Array, product: Callable[[Array, Array], Array], shape: tuple[int, ...]) -> Layer:
    """A product with a bias: errors of the operand pass through |w|, and n + 1 roundings are added."""
    value = product(x.value, w) + b.reshape(shape)
    sums = product(np.abs(x.value), np.abs(w)) + np.abs(b.reshape(shape))
    n = math.prod(w.shape[1:]) + 1
    return Layer(value=value, error=product(x.error, np.abs(w)) + _grown(n, value.size) * sums)


def _pooled(x: Array) -> Array:
    """The largest of each 2 x 2 block; what does not fill a block is left out."""
    return np.asarray(windows(x, (2, 2), (2, 2), (1, 1)).max(axis=(-2, -1)))


def _average(x: Layer) -> Layer:
    n = x.value.shape[2] * x.value.shape[3]
    grown = _grown(n, x.value.shape[0] * x.value.shape[1])
    return Layer(value=x.value.mean(axis=(2, 3)), error=x.error.mean(axis=(2, 3)) + grown * np.abs(x.value).mean(axis=(2, 3)))


def _dense(x: Array, w: Array) -> Array:
    return np.asarray(x @ w.T)


def _relu(x: Layer) -> Layer:
    return Layer(value=np.maximum(x.value, 0.0), error=x.error)


def forward(
    sample: Sample, *, relu: Callable[[Layer], Layer] = _relu, pool: Callable[[Array], Array] = _pooled, second_bias: float = 1.0
) -> Layer:
    """Convolution, rectifier, maximum of 2 x 2, convolution, rectifier, average over the image, linear; in double."""
    x, w1, b1, w2, b2, w3, b3 = (a.astype(np.float64) for a in sample.arrays())
    image = (1, -1, 1, 1)
    first = relu(_weighted(Layer(value=x, error=np.zeros_like(x)), w1, b1, _convolve, image))
    small = Layer(value=pool(first.value), error=_pooled(first.error))
    second = _relu(_weighted(small, w2, second_bias * b2, _convolve, image))
    return _weighted(_average(second), w3, b3, _dense, (1, -1))


def reference(sample: Sample) -> tuple[Expected, ...]:
    """The scale is the error analysis of the whole network; the reference's own radius follows from the same analysis in double."""
    made = forward(sample)
    return (Expected(name="y", dtype=sample.dtype, value=made.value, radius=2 * _DOUBLE * made.error, scale=made.error, any_sign_of_zero=True),)


def _wrong(id: str, sentence: str, compute: Callable[[Sample], Layer]) -> Fault:
    def apply(_: Function, sample: Sample, __: Results) -> Results:
        return (round_to(sample.dtype, compute(sample).value),)

    return Fault(id=id, sentence=sentence, apply=apply)


FUNCTIONS = (
    Function(
        id="small_cnn",
        side=Side.INFERENCE,
        area="networks",
        requirement="The library shall execute a small convolutional network as its layers define it, whatever it fuses or rearranges.",
        source="Composition of the ONNX operator specifications of Conv, Relu, MaxPool, GlobalAveragePool and Gemm",
        oracle="the composition evaluated in double precision, with a running error bound",
        samples=samples,
        reference=reference,
        criterion=Scaled(
            c=1.0,
            c_hard=2.0,
            scale="e of the last layer, e' = |W| e + min(lambda sqrt(n), n) (|W||x| + |b|) for every product, mean e for the average",
            rationale="Rounding errors of each layer pass through the absolute values of the later weights; rectifier and maximum do not "
            "enlarge them. The hard bound has n in place of lambda sqrt(n), which is at most twice as much for these layers.",
            literature="Higham 2002, ch. 3 (running error analysis); Higham and Mary 2019",
        ),
        faults=(
            faults.TF32_INPUTS,
            faults.BF16_INPUTS,
            _wrong("no-activation", "The first activation is lost when layers are fused.", lambda s: forward(s, relu=lambda x: x)),
            _wrong("mean-pool", "The average of each block is taken in place of the maximum.", lambda s: forward(s, pool=_mean_pooled)),
            _wrong("dropped-bias", "The second bias is lost when layers are fused.", lambda s: forward(s, second_bias=0.0)),
        ),
    ),
)


def _mean_pooled(x: Array) -> Array:
    return np.asarray(windows(x, (2, 2), (2, 2), (1, 1)).mean(axis=(-2, -1)))
