"""Functions of logits that are not probabilities: the logarithm of a sum of exponentials, and the place of the largest."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from csvkit_ml.references.logits import LOG_SOFTMAX_RATIONALE, log_sum_exp
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.sampling import normal, tensor
from validation_suites.sampling.axes import FLOATS, data, lengths, nothing, reduced, special_rows
from validation_suites.sampling.logits import logits, special_logits


def _sum_samples() -> Iterable[Sample]:
    made = data("logsumexp", spread=3.0)
    yield from reduced(made, FLOATS)
    yield from lengths(made)
    yield from special_rows("logsumexp")
    yield from nothing(("float32",))
    p = params(axes=(1,), keepdims=False)
    for dtype in FLOATS:
        far = 1e3 if dtype in ("float16", "bfloat16") else 1e4
        for how, scale, offset in (
            ("extreme", 60.0, 0.0), ("offset", 1.0, far), ("below", 1.0, -far), ("equal", 0.0, 3.0), ("cancelling", 0.1, -3.5),
        ):  # fmt: skip
            x = normal(dtype, (6, 33), "logsumexp", dtype, how, scale=scale, offset=offset)
            yield Sample(name=f"{dtype}-{how}", dtype=dtype, inputs=(x,), params=p, why=SampleClass.CONDITIONED)
        x = tensor(special_logits(dtype), dtype)
        yield Sample(name=f"{dtype}-masked", dtype=dtype, inputs=(x,), params=p, why=SampleClass.SPECIAL)


def _axes(sample: Sample) -> tuple[int, ...]:
    ndim, axes = len(sample.inputs[0].shape), sample.param("axes")
    return tuple(range(ndim)) if axes is None else tuple(int(a) % ndim for a in axes)


def _log_sum_exp(sample: Sample) -> tuple[Expected, ...]:
    x, axes, rounding = extended(sample.arrays()[0]), _axes(sample), ROUNDINGS[sample.dtype]
    value, error = log_sum_exp(x, axes=axes, sums=rounding.sums)
    gone = () if sample.param("keepdims") else axes
    value, scale = (np.squeeze(v, axis=gone) for v in (value, np.nan_to_num(np.asarray(error, dtype=np.float64), nan=0.0, posinf=0.0)))
    n = max(1, math.prod(x.shape[a] for a in axes))
    with np.errstate(invalid="ignore"):
        size = np.nan_to_num(np.abs(np.asarray(value, dtype=np.float64)), nan=0.0, posinf=0.0)
    radius = 4 * U * (max(1.0, n**0.5 / 6) * scale / rounding.sums + size)
    return (expected_extended(np.asarray(value), dtype=sample.dtype, radius=radius, scale=scale, any_sign_of_zero=True),)


def _unshifted(sample: Sample) -> Array:
    x = sample.arrays()[0]
    x = x.astype(np.float32) if x.dtype.kind == "V" else x
    return np.asarray(np.log(np.exp(x).sum(axis=_axes(sample), keepdims=bool(sample.param("keepdims")))))


def _maximum(sample: Sample) -> Array | None:
    x = sample.arrays()[0].astype(np.float64)
    return np.asarray(x.max(axis=_axes(sample), keepdims=bool(sample.param("keepdims")))) if x.size else None


def _unread(sample: Sample) -> Sample | None:
    x, axis = sample.arrays()[0].copy(), _axes(sample)[-1]
    if x.shape[axis] < 2:
        return None
    np.moveaxis(x, axis, -1)[..., -1] = -np.inf
    return replace(sample, inputs=(Tensor.of(x),))


def _infinite_nan(sample: Sample) -> Array | None:
    """The maximum subtracted although it is infinite."""
    x = sample.arrays()[0].astype(np.float64)
    if not np.isinf(x).any():
        return None
    top = x.max(axis=_axes(sample), keepdims=True)
    made = np.log(np.exp(x - top).sum(axis=_axes(sample), keepdims=True)) + top
    return np.asarray(made if sample.param("keepdims") else np.squeeze(made, axis=_axes(sample)))


def _place_samples() -> Iterable[Sample]:
    """Finite and masked logits; ties, of which the first counts. NaN has no place in an order and is left out."""
    for s in logits("hardmax"):
        if "special" not in s.name and s.arrays()[0].size:
            yield s
    for dtype in FLOATS:
        ties = Tensor.of(seed_for("hardmax", "ties", dtype).integers(-2, 3, (17, 65)), dtype)
        masked = tensor(special_logits(dtype)[[0, 1, 2, 10, 11]], dtype)
        for how, x in (("ties", ties), ("masked", masked)):
            for axis in (0, 1):
                yield Sample(name=f"{dtype}-{how}-axis{axis}", dtype=dtype, inputs=(x,), params=params(axis=axis), why=SampleClass.SPECIAL)


def _hardmax(sample: Sample, last: bool = False) -> tuple[Expected, ...]:
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    place = np.argmax(x, axis=axis) if not last else x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis=axis)
    made = np.zeros(x.shape)
    np.put_along_axis(made, np.expand_dims(place, axis), 1.0, axis=axis)
    return (exactly(made, dtype=sample.dtype),)


def _all_ties(sample: Sample) -> Array:
    x = sample.arrays()[0].astype(np.float64)
    return np.asarray(x == x.max(axis=int(sample.param("axis")), keepdims=True), dtype=np.float64)


def _other_axis(sample: Sample) -> Sample | None:
    ndim = len(sample.inputs[0].shape)
    return replace(sample, params=params(axis=(int(sample.param("axis")) + 1) % ndim)) if ndim > 1 else None


STORED = "16-bit data: every step may be stored in the data's format, the sum is accumulated in float32 (u_acc)."

FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="logsumexp", side=Side.INFERENCE, area="softmax",
        requirement="The library shall return log sum exp(x) over the given axes for any finite x, minus infinity of nothing and of"
        " masked entries only.",
        source="ONNX operator specification, ReduceLogSumExp; torch.logsumexp", samples=_sum_samples, reference=_log_sum_exp,
        oracle="shifted sum of exponentials in 80-bit extended precision, radius from the same error analysis with u = 2^-64",
        criterion=Scaled(c=2.0, c_hard=16.0, scale="log s + E|x - max| + sqrt(n) u_acc / u + 4", wide_accumulation=False,
                         rationale=f"{LOG_SOFTMAX_RATIONALE} {STORED}", literature="Blanchard, Higham, Higham 2021; Higham and Mary 2019"),
        faults=(faults.one_element(), faults.stale(), faults.TF32_INPUTS, faults.BF16_INPUTS, faults.nan_lost(),
                faults.computed("unshifted", "The maximum is not taken out of the exponent.", _unshifted),
                faults.computed("maximum", "The maximum instead.", _maximum),
                faults.computed("infinite-nan", "An infinite maximum is subtracted from itself.", _infinite_nan),
                faults.other_sample("last-element-unread", "The last entry along the last axis is not read.", _unread)),
    ),
    Function(
        id="hardmax", side=Side.INFERENCE, area="softmax",
        requirement="The library shall return 1 at the first of the largest values along an axis and 0 elsewhere.",
        source="ONNX operator specification, Hardmax (opset 13)", samples=_place_samples, reference=_hardmax, oracle="exact",
        criterion=Exact(),
        faults=(faults.one_element(), faults.stale(), faults.rolled(),
                faults.computed("last-of-ties", "Of equal maxima the last counts.", lambda s: _hardmax(s, True)[0].value),
                faults.computed("every-tie", "All equal maxima count.", _all_ties),
                faults.other_sample("wrong-axis", "Along the next axis.", _other_axis)),
    ),
)  # fmt: skip
