"""Reductions over axes: sum, mean, max, product; running sums; the position of the maximum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Componentwise, Exact, Scaled, gamma
from csvkit_ml.criteria.componentwise import DELTA
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from validation_suites import faults
from validation_suites.sampling import positive
from validation_suites.sampling.axes import FLOATS, SHAPE, data, factors, lengths, nothing, reduced, special_rows

NARROW = ("float16", "bfloat16")


def _conditioned(id: str) -> Iterable[Sample]:
    p = params(axes=(1,), keepdims=False)
    for dtype in FLOATS:
        made = positive(dtype, (4, 513), id, "pairs", dtype).array()
        x = np.concatenate([made, -made, made[:, :3] * made.dtype.type(0.125)], axis=1)
        yield Sample(name=f"{dtype}-cancelling", dtype=dtype, inputs=(Tensor.of(x),), params=p, why=SampleClass.CONDITIONED)
        y = positive(dtype, (4, 300), id, "positive", dtype)
        yield Sample(name=f"{dtype}-positive", dtype=dtype, inputs=(y,), params=p, why=SampleClass.CONDITIONED)


def _large_cancelling() -> Sample:
    """One sum past the size from which kernels go parallel; it cancels, so that another order of summation shows."""
    half = data("reduce_sum")("float32", (50_000,), "large").array()
    x = np.concatenate([half, -half[np.argsort(half * half % np.float32(0.37), kind="stable")]])
    p = params(axes=(0,), keepdims=False)
    return Sample(name="float32-n100000-cancelling", dtype="float32", inputs=(Tensor.of(x),), params=p, why=SampleClass.CONDITIONED)


def _sum_samples() -> Iterable[Sample]:
    made = data("reduce_sum")
    yield from reduced(made, (*FLOATS, "int64"))
    no_axes = params(axes=(), keepdims=False)
    x = made("float32", SHAPE, "none")
    yield Sample(name="float32-axes-none", dtype="float32", inputs=(x,), params=no_axes, why=SampleClass.COVERING)
    yield from _conditioned("reduce_sum")
    yield from lengths(data("reduce_sum", offset=0.5))
    yield _large_cancelling()
    yield from special_rows("reduce_sum")
    yield from nothing(("float32", "int64"))


def _mean_samples() -> Iterable[Sample]:
    yield from reduced(data("reduce_mean"), FLOATS)
    yield from _conditioned("reduce_mean")
    yield from lengths(data("reduce_mean", offset=0.5))
    yield from special_rows("reduce_mean")


def _max_samples() -> Iterable[Sample]:
    made = data("reduce_max", offset=-3.0)
    yield from reduced(made, (*FLOATS, "int64"))
    yield from lengths(made)
    yield from special_rows("reduce_max")


def _prod_samples() -> Iterable[Sample]:
    yield from reduced(factors, (*FLOATS, "int64"), (3, 2, 4))
    yield from lengths(factors, long=False)
    yield from special_rows("reduce_prod", factors)
    yield from nothing(("float32", "int64"))


def _axes(sample: Sample, x: Array) -> tuple[int, ...]:
    axes = sample.param("axes")
    return tuple(range(x.ndim)) if not axes else tuple(int(a) % x.ndim for a in axes)


def _length(sample: Sample) -> int:
    x = sample.arrays()[0]
    return math.prod(x.shape[a] for a in _axes(sample, x))


def _additive(sample: Sample, *, mean: bool) -> tuple[Expected, ...]:
    x = sample.arrays()[0]
    where: Mapping[str, Any] = {"axis": _axes(sample, x), "keepdims": bool(sample.param("keepdims"))}
    if x.dtype.kind == "i":
        return (exactly(np.asarray(x.sum(**where)), dtype=sample.dtype),)
    n = _length(sample)
    wide, divisor = extended(x), (n if mean else 1)
    with np.errstate(all="ignore"):
        value = np.asarray(wide.sum(**where)) / divisor
        scale = np.asarray(np.abs(wide).sum(**where)) / divisor
    scale = np.nan_to_num(scale.astype(np.float64), nan=0.0, posinf=0.0)
    terms = max(1, n) + int(mean)
    radius = (n + 2) * U * scale
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=terms, any_sign_of_zero=True),)


def _max(sample: Sample) -> tuple[Expected, ...]:
    x = sample.arrays()[0]
    values = x if x.dtype.kind == "i" else x.astype(np.float64)
    made = np.asarray(values.max(axis=_axes(sample, x), keepdims=bool(sample.param("keepdims"))))
    return (exactly(made, dtype=sample.dtype, any_sign_of_zero=True),)


def _prod(sample: Sample) -> tuple[Expected, ...]:
    x = sample.arrays()[0]
    where: Mapping[str, Any] = {"axis": _axes(sample, x), "keepdims": bool(sample.param("keepdims"))}
    if x.dtype.kind == "i":
        return (exactly(np.asarray(x.prod(**where)), dtype=sample.dtype),)
    with np.errstate(all="ignore"):
        value = np.asarray(extended(x).prod(**where))
    size = np.nan_to_num(np.abs(value).astype(np.float64), nan=0.0, posinf=0.0)
    return (expected_extended(value, dtype=sample.dtype, radius=(_length(sample) + 1) * U * size, scale=size),)


def _exact_integers(sample: Sample) -> Criterion:
    return Exact() if sample.dtype == "int64" else Componentwise()


def _prod_criterion(sample: Sample) -> Criterion:
    """n - 1 rounded products: relative gamma_n hard, lambda sqrt(n) u band, each step in the data's own format."""
    if sample.dtype == "int64":
        return Exact()
    n = max(1, _length(sample))
    u = FORMATS[sample.dtype].u
    outputs = max(1, sample.arrays()[0].size // n)
    return Scaled(
        c=min(math.sqrt(2 * math.log(2 * outputs / DELTA) * n), n), c_hard=gamma(n, u) / u, scale="|r|", wide_accumulation=False,
        rationale="Each of the n - 1 products is rounded once, in the data's own format: no library promises a wider one for products.",
        literature="Higham 2002, lemma 3.1; Higham and Mary 2019",
    )  # fmt: skip


def _tail_lost(function: Function, sample: Sample, results: Results) -> Results | None:
    """The last element along the last reduced axis is not read."""
    x = sample.arrays()[0]
    axes = (int(sample.param("axis")),) if "axis" in dict(sample.params) else _axes(sample, x)
    if x.shape[axes[-1]] < 2:
        return None
    short = np.ascontiguousarray(np.take(x, np.arange(x.shape[axes[-1]] - 1), axis=axes[-1]))
    made = faults.truth(function, Sample(name=sample.name, dtype=sample.dtype, inputs=(Tensor.of(short),), params=sample.params))
    return None if all(a.tobytes() == b.tobytes() for a, b in zip(made, results, strict=True)) else made


def _narrow_sum(divide: bool) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        x = sample.arrays()[0]
        if sample.dtype not in NARROW or sample.param("axes") != (1,) or x.ndim != 2:
            return None
        total = np.zeros(x.shape[0], dtype=x.dtype)
        for k in range(x.shape[1]):
            total = (total + x[:, k]).astype(x.dtype)
        return total.astype(np.float64) / (x.shape[1] if divide else 1)

    return compute


def _biased(sample: Sample) -> Array | None:
    x = sample.arrays()[0].astype(np.float64)
    n = _length(sample)
    return np.asarray(x.sum(axis=_axes(sample, x))) / (n - 1) if n > 1 else None


TAIL = Fault(id="last-element-unread", sentence="The last element along the reduced axis is not read.", apply=_tail_lost)
NARROW_SUM = "float16 or bfloat16 sums are rounded to the data's format after every term."
COMMON = (faults.one_element(), faults.stale(), TAIL)
ORACLE = "sums in 80-bit extended precision, radius gamma_n sum|x|; integers exact"


ReferenceOf = Callable[[Sample], tuple[Expected, ...]]


def _function(
    id: str, says: str, source: str, oracle: str, samples: Callable[[], Iterable[Sample]], reference: ReferenceOf,
    criterion: Criterion | Callable[[Sample], Criterion], *extra: Fault,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.", source=source, oracle=oracle,
        samples=samples, reference=reference, criterion=criterion, faults=(*COMMON, *extra),
    )  # fmt: skip


FLOATING = (faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost())
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "reduce_sum", "the sum over the given axes, over all where none is given, 0 for nothing",
        "ONNX operator specification, ReduceSum; torch.sum", ORACLE, _sum_samples, lambda s: _additive(s, mean=False), _exact_integers, *FLOATING,
        faults.computed("narrow-accumulation", NARROW_SUM, _narrow_sum(False)),
    ),
    _function(
        "reduce_mean", "the mean over the given axes, over all where none is given", "ONNX operator specification, ReduceMean; torch.mean",
        ORACLE, _mean_samples, lambda s: _additive(s, mean=True), Componentwise(), *FLOATING,
        faults.computed("narrow-accumulation", NARROW_SUM, _narrow_sum(True)),
        faults.computed("divisor-minus-one", "The sum is divided by n - 1.", _biased),
    ),
    _function(
        "reduce_max", "the maximum over the given axes, NaN where there is one",
        "ONNX operator specification, ReduceMax; torch.amax; IEEE 754-2019, 9.6 (maximum)", "exact: moves values", _max_samples, _max, Exact(),
        faults.BF16_INPUTS, faults.nan_lost(),
    ),
    _function(
        "reduce_prod", "the product over the given axes, 1 for nothing", "ONNX operator specification, ReduceProd; torch.prod",
        "products in 80-bit extended precision, radius gamma_n |r|; integers exact", _prod_samples, _prod, _prod_criterion, *FLOATING,
    ),
)  # fmt: skip
