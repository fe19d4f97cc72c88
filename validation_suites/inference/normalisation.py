"""Normalisations: layers, and batches with given statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.normalisation import LITERATURE, RATIONALE, SCALE, STORED_RATIONALE, STORED_SCALE, Group, growth, standardised
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.normalisation_faults import WRONG_EPS, of_group, parameters_confused
from validation_suites.sampling.normalised import layers, populations

ORACLE = "two passes in 80-bit extended precision, radius from the same error analysis with u = 2^-64"


def known(value: Any, scale: Any, sample: Sample, count: int, shape: tuple[int, ...] | None = None) -> tuple[Expected, ...]:
    """The reference's own error is the scale's analysis at U, sums of `count` terms counted in full."""
    size = np.nan_to_num(np.asarray(scale, dtype=np.float64), nan=0.0, posinf=0.0)
    radius = 4 * U * max(1.0, count / growth(max(1, count))) * size / ROUNDINGS[sample.dtype].sums
    made = expected_extended(np.asarray(value), dtype=sample.dtype, radius=radius, scale=size, any_sign_of_zero=True)
    return (made if shape is None else reshaped(made, shape),)


def reshaped(made: Expected, shape: tuple[int, ...]) -> Expected:
    """The same values in the shape of the output."""
    low = None if made.low is None else made.low.reshape(shape)
    radius, scale = (np.broadcast_to(np.asarray(a), made.shape).reshape(shape) for a in (made.radius, made.scale))
    return replace(made, value=made.value.reshape(shape), low=low, radius=radius, scale=scale)


def layer(sample: Sample) -> Group:
    """The last axes, from `axis` on."""
    x, *rest = map(extended, sample.arrays())
    axis = int(sample.param("axis")) % x.ndim
    weight, bias = (*rest, None, None)[:2]
    return Group(x=x, axes=tuple(range(axis, x.ndim)), weight=weight, bias=bias)


def by_group(grouped: Callable[[Sample], Group], *, stored: bool = False) -> Callable[[Sample], tuple[Expected, ...]]:
    """Reference of a function that standardises what `grouped` gives; `stored`: 16-bit statistics may be kept in the data's format."""

    def reference(sample: Sample) -> tuple[Expected, ...]:
        group = grouped(sample)
        wide = ROUNDINGS[sample.dtype].sums
        value, scale = standardised(group, float(sample.param("eps")), statistics=wide, stored=stored * (1 - wide))
        return known(value, scale, sample, group.count, sample.inputs[0].shape)

    return reference


def _channels(sample: Sample) -> list[Any]:
    """mean, variance, weight, bias, each to be broadcast along axis 1; 1 and 0 where there are none."""
    x, *given = map(extended, sample.arrays())
    shape = (1, -1, *[1] * (x.ndim - 2))
    return [x, *(v.reshape(shape) for v in given), *(np.longdouble(1), np.longdouble(0))[len(given) - 2 :]]


def _batch(sample: Sample) -> tuple[Expected, ...]:
    """w (x - mean) / sqrt(variance + eps) + b; may be folded into one multiplication and addition, of 16-bit data in float32."""
    (x, mean, variance, w, b), wide = _channels(sample), ROUNDINGS[sample.dtype].sums
    with np.errstate(all="ignore"):
        sd = np.sqrt(variance + np.longdouble(float(sample.param("eps"))))
        z = (x - mean) / sd * w
        scale = wide * (np.abs(w) * (np.abs(x) + np.abs(mean)) / sd + np.abs(b)) + (1 - wide) * np.abs(z)
    return known(z + b, scale, sample, 1)


def _batch_fault(how: Callable[[Any, Any, Any, float], Any]) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        x, mean, variance, w, b = _channels(sample)
        return np.asarray(how(x, mean, variance, float(sample.param("eps"))) * w + b) if x.size else None

    return compute


def _own_statistics(sample: Sample) -> Array | None:
    """As in training: mean and variance of the batch itself."""
    x, _, _, w, b = _channels(sample)
    axes = (0, *range(2, x.ndim))
    group = Group(x=x, axes=axes, weight=w, bias=b)
    return np.asarray(standardised(group, float(sample.param("eps")))[0]) if x.size else None


def _statistics_swapped(sample: Sample) -> Sample:
    x, mean, variance, *rest = sample.inputs
    return replace(sample, inputs=(x, Tensor.of(variance.array()), Tensor.of(np.abs(mean.array())), *rest))


def _fewer_axes(sample: Sample) -> Array | None:
    """Mean and variance over the last axis alone."""
    group = layer(sample)
    if len(group.axes) < 2 or not group.x.size:
        return None
    return np.asarray(standardised(replace(group, axes=group.axes[-1:]), float(sample.param("eps")))[0])


COMMON: tuple[Fault, ...] = (
    faults.one_element(), faults.stale(), faults.rolled(), faults.TF32_INPUTS, faults.BF16_INPUTS, faults.nan_lost(),
)  # fmt: skip
MOMENTS = Scaled(c=2.0, c_hard=16.0, scale=SCALE, rationale=RATIONALE, literature=LITERATURE, wide_accumulation=False)
STORED = replace(MOMENTS, scale=STORED_SCALE, rationale=STORED_RATIONALE)
FOLDED = Scaled(
    c=6.0, c_hard=24.0, scale="[|w| (|x| + |mean|) / sd + |b|] u_acc / u + |w (x - mean) / sd| (1 - u_acc / u)",
    rationale="Sum with eps, root, reciprocal, product, and the sum in either order: six roundings on the sum of magnitudes. 16-bit data:"
    " every step of the definition may be stored in the data's format; joining mean and bias, which costs more, is to be done in float32"
    " (u_acc).",
    literature="Higham 2002, ch. 3", wide_accumulation=False,
)  # fmt: skip


def normalisation(
    id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion, *extra: Fault, side: Side = Side.INFERENCE, eps: bool = True, common: tuple[Fault, ...] = COMMON,
) -> Function:  # fmt: skip
    """A function of this area with the faults that every normalisation must detect."""
    return Function(
        id=id, side=side, area="normalisation", requirement=f"The library shall return {says}.", source=source, oracle=ORACLE,
        samples=samples, reference=reference, criterion=criterion, faults=(*common, *(WRONG_EPS if eps else ()), *extra),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    normalisation(
        "batch_norm", "w (x - mean) / sqrt(variance + eps) + b by channel, with given statistics",
        "Ioffe and Szegedy 2015; ONNX operator specification, BatchNormalization (training_mode = 0); torch.nn.BatchNorm2d in evaluation",
        lambda: populations("batch_norm"), _batch, FOLDED, *parameters_confused(3),
        faults.computed("eps-outside-root", "eps is added to the standard deviation.",
                        _batch_fault(lambda x, m, v, e: (x - m) / (np.sqrt(v) + e))),
        faults.computed("variance-not-rooted", "Divided by the variance.", _batch_fault(lambda x, m, v, e: (x - m) / (v + e))),
        faults.computed("own-statistics", "The statistics of the batch itself are used, as in training.", _own_statistics),
        faults.other_sample("statistics-swapped", "Mean and variance are taken for each other.", _statistics_swapped),
    ),
    normalisation(
        "layer_norm", "w (x - mean) / sqrt(variance + eps) + b, mean and biased variance over the last axes",
        "Ba, Kiros, Hinton 2016; ONNX operator specification, LayerNormalization; torch.nn.LayerNorm",
        lambda: layers("layer_norm"), by_group(layer), MOMENTS, *parameters_confused(), *of_group(layer),
        faults.computed("wrong-axes", "Mean and variance over the last axis alone.", _fewer_axes),
    ),
)  # fmt: skip
