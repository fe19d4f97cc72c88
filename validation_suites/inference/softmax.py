"""Functions of logits: softmax, its logarithm and its mirror image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.logits import LOG_SOFTMAX_RATIONALE, log_softmax
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.sampling.logits import logits

LITERATURE = "Blanchard, Higham, Higham 2021; Higham and Mary 2019"
STORED = "16-bit data: every step may be stored in the data's format, sums are accumulated in float32."
ORACLE = "shifted sum of exponentials in 80-bit extended precision, radius from the same error analysis with u = 2^-64"


def _known(value: Array, scale: Array, sample: Sample, floor: float = 0.0) -> tuple[Expected, ...]:
    """The reference's own error is the analysis at U, its sum's C terms counted in full; `floor` is what underflow may cost."""
    with np.errstate(over="ignore"):
        size = np.nan_to_num(np.asarray(scale, dtype=np.float64), nan=0.0, posinf=0.0)
    count = sample.arrays()[0].shape[int(sample.param("axis"))]
    radius = 4 * U * max(1.0, count**0.5 / 6) * size / ROUNDINGS[sample.dtype].sums
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=size + floor, any_sign_of_zero=True),)


def _softmax(sample: Sample, sign: int = 1) -> tuple[Expected, ...]:
    rounding = ROUNDINGS[sample.dtype]
    lp, error = log_softmax(sign * extended(sample.arrays()[0]), axis=int(sample.param("axis")), sums=rounding.sums)
    with np.errstate(all="ignore"):
        p = np.exp(lp)
        scale = np.where(p > 0, p * error, 0)
    return _known(p, scale, sample, rounding.floor / rounding.store)


def _log_softmax(sample: Sample) -> tuple[Expected, ...]:
    lp, error = log_softmax(extended(sample.arrays()[0]), axis=int(sample.param("axis")), sums=ROUNDINGS[sample.dtype].sums)
    return _known(lp, error, sample)


def _criterion(scale: str) -> Criterion:
    rationale = f"{LOG_SOFTMAX_RATIONALE} {STORED}"
    return Scaled(c=2.0, c_hard=16.0, scale=scale, rationale=rationale, literature=LITERATURE, wide_accumulation=False)


def _other_axis(sample: Sample) -> Sample | None:
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    return replace(sample, params=(("axis", (axis + 1) % x.ndim),)) if x.ndim > 1 else None


def _unshifted(of: Callable[[Array, Array], Array], sign: int = 1) -> Callable[[Sample], Array | None]:
    """In the sample's own format (bfloat16: float32), the maximum not taken out."""

    def compute(sample: Sample) -> Array | None:
        x, axis = sample.arrays()[0], int(sample.param("axis"))
        x = sign * (x.astype(np.float32) if x.dtype.kind == "V" else x)
        return None if x.shape[axis] == 0 else np.asarray(of(x, np.exp(x).sum(axis=axis, keepdims=True)))

    return compute


def _narrow(sample: Sample) -> Array | None:
    """exp(x_i - max) / s, with s rounded to the data's 16-bit format after every term."""
    x = sample.arrays()[0]
    axis = int(sample.param("axis"))
    if sample.dtype not in ("float16", "bfloat16") or x.shape[axis] < 2:
        return None
    wide = x.astype(np.float64)
    e = np.exp(wide - wide.max(axis=axis, keepdims=True))
    total = np.zeros_like(np.take(x, [0], axis=axis))
    for k in range(x.shape[axis]):
        total = (total + np.take(e, [k], axis=axis).astype(x.dtype)).astype(x.dtype)
    return np.asarray(e / total.astype(np.float64))


def _log_of_narrow(sample: Sample) -> Array | None:
    made = _narrow(sample)
    return None if made is None else np.log(made)


def _log_of_softmax(sample: Sample) -> Array | None:
    """log(softmax(x)), the probability rounded to the sample's format in between."""
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    if not x.size:
        return None
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(np.log((e / e.sum(axis=axis, keepdims=True)).astype(sample.arrays()[0].dtype).astype(np.float64)))


def _masked_row_zero(sample: Sample) -> Array | None:
    """A slice that is masked throughout answers zeros instead of NaN."""
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    gone = (x == -np.inf).all(axis=axis, keepdims=True) if x.size else np.zeros(1, dtype=bool)
    return np.where(gone, 0.0, np.exp(log_softmax(x, axis=axis)[0])) if gone.any() else None


def _length_unread(sample: Sample) -> Sample | None:
    """The last entry along the axis counts as masked."""
    x, axis = sample.arrays()[0].copy(), int(sample.param("axis"))
    if x.shape[axis] < 2:
        return None
    np.moveaxis(x, axis, -1)[..., -1] = -np.inf
    return replace(sample, inputs=(Tensor.of(x),))


COMMON: tuple[Fault, ...] = (
    faults.one_element(), faults.stale(), faults.rolled(), faults.TF32_INPUTS, faults.BF16_INPUTS, faults.nan_lost(),
    faults.other_sample("wrong-axis", "Normalised along the next axis.", _other_axis),
    faults.other_sample("last-element-unread", "The last entry along the axis is not read.", _length_unread),
)  # fmt: skip
NARROW = "The sum of float16 or bfloat16 exponentials is rounded to the data's format after every term."
UNSHIFTED = "The maximum is not taken out of the exponent."
P_SCALE = "p (|x - max| + log s + E|x - max| + sqrt(C) u_acc / u + 4) + eta / u"


def _function(
    id: str, says: str, source: str, reference: Callable[[Sample], tuple[Expected, ...]], scale: str, *extra: Fault
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="softmax", requirement=f"The library shall return {says}.", source=source, oracle=ORACLE,
        samples=lambda: logits(id), reference=reference, criterion=_criterion(scale), faults=(*COMMON, *extra),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "softmax", "exp(x_i) / sum_j exp(x_j) along an axis, for any finite x and for entries masked by minus infinity",
        "ONNX operator specification, Softmax (opset 13); torch.nn.Softmax", _softmax, P_SCALE,
        faults.computed("unshifted", UNSHIFTED, _unshifted(lambda x, s: np.exp(x) / s)),
        faults.computed("narrow-accumulation", NARROW, _narrow),
        faults.computed("masked-row-zero", "A slice masked throughout answers zeros, not NaN.", _masked_row_zero),
    ),
    _function(
        "log_softmax", "x_i - log sum_j exp(x_j) along an axis, for any finite x and for entries masked by minus infinity",
        "ONNX operator specification, LogSoftmax (opset 13); torch.nn.LogSoftmax", _log_softmax,
        "|x - max| + log s + E|x - max| + sqrt(C) u_acc / u + 4",
        faults.computed("unshifted", UNSHIFTED, _unshifted(lambda x, s: x - np.log(s))),
        faults.computed("narrow-accumulation", NARROW, _log_of_narrow),
        faults.computed("log-of-softmax", "The logarithm is taken of rounded probabilities.", _log_of_softmax),
    ),
    _function(
        "softmin", "exp(-x_i) / sum_j exp(-x_j) along an axis", "torch.nn.Softmin", lambda s: _softmax(s, -1), P_SCALE,
        faults.computed("unshifted", UNSHIFTED, _unshifted(lambda x, s: np.exp(x) / s, -1)),
        faults.computed("sign-forgotten", "The softmax of x itself.", lambda s: _softmax(s)[0].value),
    ),
)  # fmt: skip
