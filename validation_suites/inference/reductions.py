"""Reductions over axes: sum, mean, max, product; running sums; the position of the maximum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Componentwise, Exact, Scaled, gamma
from csvkit_ml.criteria.componentwise import DELTA
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive, tensor

FLOATS = ("float32", "float64", "float16", "bfloat16")
NARROW = ("float16", "bfloat16")
SHAPE = (5, 7, 9)
AXES: tuple[tuple[int, ...] | None, ...] = (None, (0,), (-1,), (1,), (1, 2), (0, -1), (-3, 1))
EDGES = (1, 7, 8, 16, 17, 33, 65, 129, 257)
Made = Callable[[str, tuple[int, ...], str], Tensor]
"""Data of a dtype and shape; the name picks the stream."""


def _data(id: str, *, spread: float = 1.0, offset: float = 0.0) -> Made:
    """N(offset, spread^2); integers in -1000 .. 1000."""

    def made(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
        if dtype == "int64":
            return Tensor.of(seed_for(id, name, "int64").integers(-1000, 1001, shape), "int64")
        return normal(dtype, shape, id, name, dtype, scale=spread, offset=offset)

    return made


def _factors(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    """+-2^U(-1/2, 1/2), so that every partial product stays far from overflow; integers +-1 and few 2."""
    rng = seed_for("factors", name, dtype)
    sign = rng.choice((-1.0, 1.0), shape)
    if dtype == "int64":
        return Tensor.of(np.where(rng.uniform(size=shape) < 0.05, 2, 1) * sign, "int64")
    return tensor(sign * 2.0 ** rng.uniform(-0.5, 0.5, shape), dtype)


def _ordinary(made: Made, dtypes: tuple[str, ...], shape: tuple[int, ...] = SHAPE) -> Iterable[Sample]:
    for i, row in enumerate(pairwise({"dtype": dtypes, "axes": AXES, "keepdims": (False, True)})):
        axes, dtype = row["axes"], row["dtype"]
        label = "all" if axes is None else "axes" + ",".join(map(str, axes))
        name = f"{dtype}-{label}{'-keep' if row['keepdims'] else ''}"
        p = params(axes=axes, keepdims=row["keepdims"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=(made(dtype, shape, name),), params=p, why=why)


def _edges(made: Made, *, long: bool = True) -> Iterable[Sample]:
    p = params(axes=(-1,), keepdims=False)
    for n in EDGES:
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(made("float32", (3, n), str(n)),), params=p, why=SampleClass.EDGE)
    if long:
        for dtype in ("float32", "float64"):
            for shape, axis in (((2, 40_000), -1), ((40_000, 2), 0)):
                name = f"{dtype}-long-axis{axis}"
                q = params(axes=(axis,), keepdims=False)
                yield Sample(name=name, dtype=dtype, inputs=(made(dtype, shape, name),), params=q, why=SampleClass.EDGE)
    many = params(axes=(1,), keepdims=False)
    yield Sample(name="float32-many", dtype="float32", inputs=(made("float32", (2600, 5, 3), "many"),), params=many, why=SampleClass.EDGE)


def _special(id: str, made: Made | None = None) -> Iterable[Sample]:
    """Rows with a NaN (first, within, last, beside an infinity), an infinity, both, only minus infinity, and signed zeros."""
    for dtype in FLOATS:
        x = (made or _data(id))(dtype, (10, 19), "special").array().astype(np.float64)
        x[1, 7], x[2, 0], x[3, 18], x[4, 3], x[4, 11] = np.nan, np.inf, -np.inf, np.inf, -np.inf
        x[5], x[6, ::2], x[6, 1::2], x[7, 2], x[7, 5] = -np.inf, 0.0, -0.0, np.nan, np.inf
        x[8, 0], x[9, 18] = np.nan, np.nan
        p = params(axes=(1,), keepdims=False)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(tensor(x, dtype),), params=p, why=SampleClass.SPECIAL)


def _empty(dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Nothing to reduce: the neutral element; nothing to return: an empty result."""
    for dtype in dtypes:
        for name, shape, axis in (("neutral", (3, 0), 1), ("nothing", (0, 3), 1)):
            p = params(axes=(axis,), keepdims=False)
            x = Tensor.of(np.zeros(shape), dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x,), params=p, why=SampleClass.EDGE)


def _conditioned(id: str) -> Iterable[Sample]:
    p = params(axes=(1,), keepdims=False)
    for dtype in FLOATS:
        made = positive(dtype, (4, 513), id, "pairs", dtype).array()
        x = np.concatenate([made, -made, made[:, :3] * made.dtype.type(0.125)], axis=1)
        yield Sample(name=f"{dtype}-cancelling", dtype=dtype, inputs=(Tensor.of(x),), params=p, why=SampleClass.CONDITIONED)
        y = positive(dtype, (4, 300), id, "positive", dtype)
        yield Sample(name=f"{dtype}-positive", dtype=dtype, inputs=(y,), params=p, why=SampleClass.CONDITIONED)


def _sum_samples() -> Iterable[Sample]:
    made = _data("reduce_sum")
    yield from _ordinary(made, (*FLOATS, "int64"))
    no_axes = params(axes=(), keepdims=False)
    yield Sample(name="float32-axes-none", dtype="float32", inputs=(made("float32", SHAPE, "none"),), params=no_axes, why=SampleClass.COVERING)
    yield from _conditioned("reduce_sum")
    yield from _edges(_data("reduce_sum", offset=0.5))
    yield from _special("reduce_sum")
    yield from _empty(("float32", "int64"))


def _mean_samples() -> Iterable[Sample]:
    yield from _ordinary(_data("reduce_mean"), FLOATS)
    yield from _conditioned("reduce_mean")
    yield from _edges(_data("reduce_mean", offset=0.5))
    yield from _special("reduce_mean")


def _max_samples() -> Iterable[Sample]:
    made = _data("reduce_max", offset=-3.0)
    yield from _ordinary(made, (*FLOATS, "int64"))
    yield from _edges(made)
    yield from _special("reduce_max")


def _prod_samples() -> Iterable[Sample]:
    yield from _ordinary(_factors, (*FLOATS, "int64"), (3, 2, 4))
    yield from _edges(_factors, long=False)
    yield from _special("reduce_prod", _factors)
    yield from _empty(("float32", "int64"))


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


def _cumsum_samples() -> Iterable[Sample]:
    for i, row in enumerate(pairwise({"dtype": (*FLOATS, "int64"), "axis": (0, 1, 2, -1, -2)})):
        name = f"{row['dtype']}-axis{row['axis']}"
        x = _data("cumsum")(row["dtype"], (4, 9, 33), name)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=row["dtype"], inputs=(x,), params=params(axis=row["axis"]), why=why)
    p = params(axis=1)
    for dtype in FLOATS:
        x = positive(dtype, (3, 300), "cumsum", "positive", dtype)
        yield Sample(name=f"{dtype}-positive", dtype=dtype, inputs=(x,), params=p, why=SampleClass.CONDITIONED)
    for n in (1, 16, 17, 257, 40_000):
        x = normal("float32", (2, n), "cumsum", str(n), offset=0.5)
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)
    for s in _special("cumsum"):
        yield Sample(name=s.name, dtype=s.dtype, inputs=s.inputs, params=p, why=s.why)
    empty = Tensor.of(np.zeros((3, 0)), "float32")
    yield Sample(name="float32-n0", dtype="float32", inputs=(empty,), params=p, why=SampleClass.EDGE)


def _cumsum(sample: Sample) -> tuple[Expected, ...]:
    """scale is S_k sqrt(k / n), so that n in the criterion's bounds becomes the k terms of each element."""
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    if x.dtype.kind == "i":
        return (exactly(np.cumsum(x, axis=axis), dtype=sample.dtype),)
    n = x.shape[axis]
    shape = [1] * x.ndim
    shape[axis] = n
    k = np.arange(1, n + 1, dtype=np.float64).reshape(shape)
    with np.errstate(all="ignore"):
        value = np.cumsum(extended(x), axis=axis)
        total = np.nan_to_num(np.cumsum(np.abs(extended(x)), axis=axis).astype(np.float64), nan=0.0, posinf=0.0)
    scale, radius = total * np.sqrt(k / max(1, n)), (k + 1) * U * total
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=max(1, n), any_sign_of_zero=True),)


def _argmax_samples() -> Iterable[Sample]:
    for i, row in enumerate(pairwise({"dtype": FLOATS, "axis": (0, 1, -1, -2), "keepdims": (False, True)})):
        name = f"{row['dtype']}-axis{row['axis']}{'-keep' if row['keepdims'] else ''}"
        x = normal(row["dtype"], SHAPE, "argmax", name)
        p = params(axis=row["axis"], keepdims=row["keepdims"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=row["dtype"], inputs=(x,), params=p, why=why)
    p = params(axis=1, keepdims=False)
    for dtype in FLOATS:
        ties = Tensor.of(seed_for("argmax", "ties", dtype).integers(-2, 3, (17, 65)), dtype)
        yield Sample(name=f"{dtype}-ties", dtype=dtype, inputs=(ties,), params=p, why=SampleClass.SPECIAL)
        near = np.sort(normal(dtype, (9, 33), "argmax", "near", dtype).array(), axis=1)
        yield Sample(name=f"{dtype}-last", dtype=dtype, inputs=(Tensor.of(near),), params=p, why=SampleClass.SPECIAL)
    yield from (
        Sample(name=s.name, dtype=s.dtype, inputs=s.inputs, params=p, why=s.why) for s in _special("argmax")
    )  # fmt: skip
    for n in (*EDGES, 40_000):
        x = normal("float32", (3, n), "argmax", str(n))
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)


def _argmax(sample: Sample) -> tuple[Expected, ...]:
    """First position of the maximum; the first NaN where there is one."""
    x = sample.arrays()[0].astype(np.float64)
    made = np.argmax(x, axis=int(sample.param("axis")), keepdims=bool(sample.param("keepdims")))
    return (exactly(np.asarray(made, dtype=np.int64), dtype="int64"),)


def _last_position(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    if np.isnan(x).any():
        return None
    return np.asarray(x.shape[axis] - 1 - np.argmax(np.flip(x, axis=axis), axis=axis))


def _nan_smallest(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    return np.asarray(np.argmax(np.where(np.isnan(x), -np.inf, x), axis=axis)) if np.isnan(x).any() else None


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


def _exclusive(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    return np.asarray(np.cumsum(x.astype(np.float64), axis=axis) - x.astype(np.float64)) if x.size and x.shape[axis] > 1 else None


def _reverse(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    return np.asarray(np.flip(np.cumsum(np.flip(x, axis), axis), axis)) if x.size and x.shape[axis] > 1 else None


TAIL = Fault(id="last-element-unread", sentence="The last element along the reduced axis is not read.", apply=_tail_lost)
NARROW_SUM = "float16 or bfloat16 sums are rounded to the data's format after every term."
COMMON = (faults.one_element(), faults.stale(), TAIL)
ORACLE = "sums in 80-bit extended precision, radius gamma_n sum|x|; integers exact"
EXACT = "exact: moves values"


def _function(
    id: str, says: str, source: str, oracle: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion | Callable[[Sample], Criterion], *extra: Fault,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.", source=source, oracle=oracle,
        samples=samples, reference=reference, criterion=criterion, faults=(*COMMON, *extra),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "reduce_sum", "the sum over the given axes, over all where none is given, 0 for nothing", "ONNX operator specification, ReduceSum; torch.sum",
        ORACLE, _sum_samples, lambda s: _additive(s, mean=False), _exact_integers, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
        faults.computed("narrow-accumulation", NARROW_SUM, _narrow_sum(False)),
    ),
    _function(
        "reduce_mean", "the mean over the given axes, over all where none is given", "ONNX operator specification, ReduceMean; torch.mean",
        ORACLE, _mean_samples, lambda s: _additive(s, mean=True), Componentwise(), faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
        faults.computed("narrow-accumulation", NARROW_SUM, _narrow_sum(True)),
        faults.computed("divisor-minus-one", "The sum is divided by n - 1.", _biased),
    ),
    _function(
        "reduce_max", "the maximum over the given axes, NaN where there is one",
        "ONNX operator specification, ReduceMax; torch.amax; IEEE 754-2019, 9.6 (maximum)", EXACT, _max_samples, _max, Exact(), faults.nan_lost(),
        faults.BF16_INPUTS,
    ),
    _function(
        "reduce_prod", "the product over the given axes, 1 for nothing", "ONNX operator specification, ReduceProd; torch.prod",
        "products in 80-bit extended precision, radius gamma_n |r|; integers exact", _prod_samples, _prod, _prod_criterion,
        faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
    ),
    _function(
        "cumsum", "the running sum along an axis", "ONNX operator specification, CumSum; torch.cumsum", ORACLE, _cumsum_samples, _cumsum,
        _exact_integers, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(), faults.rolled(),
        faults.computed("exclusive", "The element itself is left out of its running sum.", _exclusive),
        faults.computed("reversed", "Sums run from the end.", _reverse),
    ),
    _function(
        "argmax", "the first position of the maximum along an axis, of the first NaN where there is one",
        "ONNX operator specification, ArgMax (select_last_index = 0); torch.argmax", "exact: positions", _argmax_samples, _argmax, Exact(),
        faults.computed("last-of-ties", "Of equal maxima the last is returned.", _last_position),
        faults.computed("nan-smallest", "NaN counts as the smallest value.", _nan_smallest), faults.rolled(),
    ),
)  # fmt: skip
