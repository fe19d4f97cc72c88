"""Norms of vectors, sums of squares, the logarithm of a sum, and division by a norm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from csvkit_ml.references.normalisation import growth
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.sampling.axes import FLOATS, data
from validation_suites.sampling.norms import directions, norms, positive_data, reductions

INF = math.inf
LITERATURE = "Higham 2002, ch. 3 and 27; Higham and Mary 2019"
ORACLE = "80-bit extended precision, radius from the same error analysis with u = 2^-64"


def _axes(sample: Sample) -> tuple[int, ...]:
    given: dict[str, Any] = dict(sample.params)
    ndim, axes = len(sample.inputs[0].shape), (given["axis"],) if "axis" in given else given["axes"]
    return tuple(range(ndim)) if not axes else tuple(int(a) % ndim for a in axes)


def _count(sample: Sample) -> int:
    return max(1, math.prod(sample.inputs[0].shape[a] for a in _axes(sample)))


def _norm(x: Any, order: float, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """((sum |x|^p)^(1/p), its scale in u): sums do not cancel, the root divides their error by p, powers may go through logarithms."""
    n = max(1, math.prod(x.shape[a] for a in axes))
    size = np.abs(x)
    if order == 0:
        value = (x != 0).sum(axis=axes, keepdims=True).astype(np.longdouble)
        return value, 0 * value
    if math.isinf(order):
        value = size.max(axis=axes, keepdims=True) if order > 0 else size.min(axis=axes, keepdims=True)
        return value, 0 * value
    p = np.longdouble(order)
    total = (size**p).sum(axis=axes, keepdims=True)
    value = total ** (1 / p)
    if order in (1.0, 2.0):
        return value, value * (growth(n) / order + 3)
    logs = size**p * np.abs(np.log(np.where(size > 0, size, 1)))
    safe = np.where(total > 0, total, 1)
    weights = np.where(size > 0, logs, 0).sum(axis=axes, keepdims=True) / safe
    root = np.abs(np.log(safe)) / p
    return value, value * (growth(n) / order + 4 / order + 4 + weights + root)


def _kept(value: Any, scale: Any, sample: Sample, floor: float = 0.0) -> tuple[Expected, ...]:
    gone = () if sample.param("keepdims") else _axes(sample)
    value, scale = (np.squeeze(v, axis=gone) for v in (value, np.nan_to_num(np.asarray(scale, dtype=np.float64), nan=0.0, posinf=0.0)))
    n = _count(sample)
    radius = 4 * U * max(1.0, n / growth(n)) * np.asarray(scale)
    return (expected_extended(np.asarray(value), dtype=sample.dtype, radius=radius, scale=scale + floor, any_sign_of_zero=True),)


def _vector_norm(sample: Sample, order: float | None = None) -> tuple[Expected, ...]:
    x, p = sample.arrays()[0], float(sample.param("order")) if order is None else order
    if x.dtype.kind == "i":
        return (exactly(np.abs(x).sum(axis=_axes(sample), keepdims=bool(sample.param("keepdims"))), dtype=sample.dtype),)
    with np.errstate(all="ignore"):
        return _kept(*_norm(extended(x), p, _axes(sample)), sample)


def _sum_square(sample: Sample) -> tuple[Expected, ...]:
    x, axes = sample.arrays()[0], _axes(sample)
    if x.dtype.kind == "i":
        return (exactly((x * x).sum(axis=axes, keepdims=bool(sample.param("keepdims"))), dtype=sample.dtype),)
    with np.errstate(all="ignore"):
        value = (extended(x) ** 2).sum(axis=axes, keepdims=True)
        return _kept(value, value * (growth(_count(sample)) + 2), sample)


def _log_sum(sample: Sample) -> tuple[Expected, ...]:
    """Of positive data: the sum's relative error is the logarithm's absolute one."""
    with np.errstate(all="ignore"):
        value = np.log(extended(sample.arrays()[0]).sum(axis=_axes(sample), keepdims=True))
        return _kept(value, growth(_count(sample)) + 3 + np.abs(value), sample)


def _divided(sample: Sample, eps: float | None) -> tuple[Expected, ...]:
    """x / max(norm, eps): every step may be stored, sums are accumulated in float32; without eps x / norm."""
    x, order, wide = extended(sample.arrays()[0]), float(sample.param("order")), ROUNDINGS[sample.dtype].sums
    with np.errstate(all="ignore"):
        norm, error = _norm(x, order, _axes(sample))
        safe = norm if eps is None else np.where(norm < eps, np.longdouble(eps), norm)
        value = x / safe
        share = np.nan_to_num(np.asarray(error / norm, dtype=np.float64), nan=0.0, posinf=0.0) * (wide if order in (1.0, 2.0) else 1.0)
        size = np.nan_to_num(np.asarray(np.abs(value) * (share + 4), dtype=np.float64), nan=0.0, posinf=0.0)
    radius = 8 * U * max(1.0, _count(sample) / growth(_count(sample))) * size / wide
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=size, any_sign_of_zero=True),)


def _norm_criterion(sample: Sample) -> Criterion:
    given: dict[str, Any] = dict(sample.params)
    exact = sample.dtype == "int64" or given.get("order", 2.0) in (0.0, INF, -INF)
    return Exact() if exact else SUMMED


def _wrong_axis(sample: Sample) -> Sample | None:
    ndim, axis = len(sample.inputs[0].shape), int(sample.param("axis"))
    return replace(sample, params=params(**{**dict(sample.params), "axis": (axis + 1) % ndim})) if ndim > 1 else None


def _rootless(sample: Sample) -> Array:
    return np.asarray(_sum_square(sample)[0].value)


def _halves(sample: Sample) -> Sample | None:
    """The last element along the last of the axes is not read."""
    x, axis = sample.arrays()[0].copy(), _axes(sample)[-1]
    if x.shape[axis] < 2:
        return None
    np.moveaxis(x, axis, -1)[..., -1] = 0
    return replace(sample, inputs=(Tensor.of(x),))


SUMMED = Scaled(
    c=2.0, c_hard=16.0, scale="N (sqrt(n) / p + 3), with the share of |log| for powers other than 1 and 2", literature=LITERATURE,
    rationale="Sums of magnitudes do not cancel: sqrt(n) u relative, divided by p under the root; a power as exp(p log) adds p |log| u.",
)  # fmt: skip
DIVIDED = replace(SUMMED, scale="|y| (sqrt(n) / p u_acc / u + 4)", wide_accumulation=False)
LOGARITHM = replace(SUMMED, scale="sqrt(n) + 3 + |y|", rationale="The sum's relative error is the logarithm's absolute one.")
COMMON: tuple[Fault, ...] = (
    faults.one_element(), faults.stale(), faults.TF32_INPUTS, faults.BF16_INPUTS,
    faults.other_sample("last-element-unread", "The last element along the last axis is not read.", _halves),
)  # fmt: skip


def _function(
    id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion | Callable[[Sample], Criterion], *extra: Fault,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.", source=source, oracle=ORACLE,
        samples=samples, reference=reference, criterion=criterion, faults=(*COMMON, *extra),
    )  # fmt: skip


ONNX = "ONNX operator specification, "
WITH_INTEGERS = (*FLOATS, "int64")
TAKEN = faults.other_params("two-norm", "The 2-norm whatever the order.", order=2.0)
FUNCTIONS: tuple[Function, ...] = (
    _function("vector_norm", "(sum |x|^p)^(1/p) over the given axes; for p = inf, -inf and 0 the largest and least |x| and the number of"
              " nonzeros", "torch.linalg.vector_norm", norms, _vector_norm, _norm_criterion, faults.nan_lost(), TAKEN,
              faults.other_params("one-norm", "The 1-norm whatever the order.", order=1.0)),
    _function("reduce_l1", "the sum of magnitudes over the given axes", f"{ONNX}ReduceL1; torch.linalg.vector_norm with p = 1",
              lambda: reductions(data("reduce_l1"), "reduce_l1", WITH_INTEGERS), lambda s: _vector_norm(s, 1.0), _norm_criterion,
              faults.nan_lost(),
              faults.computed("sign-kept", "The sum without magnitudes.", lambda s: np.asarray(
                  s.arrays()[0].astype(np.float64).sum(axis=_axes(s), keepdims=bool(s.param("keepdims")))))),
    _function("reduce_l2", "the root of the sum of squares over the given axes", f"{ONNX}ReduceL2; torch.linalg.vector_norm with p = 2",
              lambda: reductions(data("reduce_l2"), "reduce_l2", FLOATS), lambda s: _vector_norm(s, 2.0), SUMMED, faults.nan_lost(),
              faults.computed("root-forgotten", "The sum of squares itself.", _rootless)),
    _function("reduce_sum_square", "the sum of squares over the given axes", f"{ONNX}ReduceSumSquare",
              lambda: reductions(data("reduce_sum_square"), "reduce_sum_square", WITH_INTEGERS), _sum_square, _norm_criterion,
              faults.nan_lost(),
              faults.computed("rooted", "The root is taken.", lambda s: np.sqrt(np.asarray(_sum_square(s)[0].value, dtype=np.float64)))),
    _function("reduce_log_sum", "the logarithm of the sum over the given axes, minus infinity of nothing", f"{ONNX}ReduceLogSum",
              lambda: reductions(positive_data, "reduce_log_sum", FLOATS, special=False), _log_sum, LOGARITHM,
              faults.computed("sum-of-logs", "The sum of logarithms.", lambda s: np.asarray(
                  np.log(s.arrays()[0].astype(np.float64)).sum(axis=_axes(s), keepdims=bool(s.param("keepdims")))))),
    _function("normalize", "x / max(||x||_p, eps) along an axis", "torch.nn.functional.normalize",
              lambda: directions("normalize", (2.0, 1.0, INF, 3.0), (1e-12, 1e-3, 0.5), True),
              lambda s: _divided(s, float(s.param("eps"))), DIVIDED, faults.nan_lost(), faults.rolled(), TAKEN,
              faults.other_params("eps-ignored", "eps is ignored.", eps=0.0),
              faults.other_sample("wrong-axis", "Along the next axis.", _wrong_axis)),
    _function("lp_normalization", "x / ||x||_p along an axis", f"{ONNX}LpNormalization",
              lambda: directions("lp_normalization", (2.0, 1.0), (None,), False), lambda s: _divided(s, None), DIVIDED,
              faults.nan_lost(), faults.rolled(), TAKEN, faults.other_sample("wrong-axis", "Along the next axis.", _wrong_axis)),
)  # fmt: skip
