"""Functions along one axis: running sums, the position of the maximum."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive
from validation_suites.sampling.axes import FLOATS, LENGTHS, SHAPE, data, special_rows


def _cumsum_samples() -> Iterable[Sample]:
    for i, row in enumerate(pairwise({"dtype": (*FLOATS, "int64"), "axis": (0, 1, 2, -1, -2)})):
        name = f"{row['dtype']}-axis{row['axis']}"
        x = data("cumsum")(row["dtype"], (4, 9, 33), name)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=row["dtype"], inputs=(x,), params=params(axis=row["axis"]), why=why)
    p = params(axis=1)
    for dtype in FLOATS:
        x = positive(dtype, (3, 300), "cumsum", "positive", dtype)
        yield Sample(name=f"{dtype}-positive", dtype=dtype, inputs=(x,), params=p, why=SampleClass.CONDITIONED)
    for n in (1, 16, 17, 257, 40_000):
        x = normal("float32", (2, n), "cumsum", str(n), offset=0.5)
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)
    for s in special_rows("cumsum"):
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
        Sample(name=s.name, dtype=s.dtype, inputs=s.inputs, params=p, why=s.why) for s in special_rows("argmax")
    )  # fmt: skip
    for n in (*LENGTHS, 40_000):
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


def _exclusive(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    return np.asarray(np.cumsum(x.astype(np.float64), axis=axis) - x.astype(np.float64)) if x.size and x.shape[axis] > 1 else None


def _reverse(sample: Sample) -> Array | None:
    x, axis = sample.arrays()[0].astype(np.float64), int(sample.param("axis"))
    return np.asarray(np.flip(np.cumsum(np.flip(x, axis), axis), axis)) if x.size and x.shape[axis] > 1 else None


def _exact_integers(sample: Sample) -> Criterion:
    return Exact() if sample.dtype == "int64" else Componentwise()


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="cumsum",
        side=Side.INFERENCE,
        area="reductions",
        requirement="The library shall return the running sum along an axis.",
        source="ONNX operator specification, CumSum; torch.cumsum",
        oracle="sums in 80-bit extended precision, radius gamma_k of the running sum of |x|; integers exact",
        samples=_cumsum_samples,
        reference=_cumsum,
        criterion=_exact_integers,
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(), faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
            faults.computed("exclusive", "The element itself is left out of its running sum.", _exclusive),
            faults.computed("reversed", "Sums run from the end.", _reverse),
        ),
    ),
    Function(
        id="argmax",
        side=Side.INFERENCE,
        area="reductions",
        requirement="The library shall return the first position of the maximum along an axis, of the first NaN where there is one.",
        source="ONNX operator specification, ArgMax (select_last_index = 0); torch.argmax",
        oracle="exact: positions",
        samples=_argmax_samples,
        reference=_argmax,
        criterion=Exact(),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(),
            faults.computed("last-of-ties", "Of equal maxima the last is returned.", _last_position),
            faults.computed("nan-smallest", "NaN counts as the smallest value.", _nan_smallest),
        ),
    ),
)  # fmt: skip
