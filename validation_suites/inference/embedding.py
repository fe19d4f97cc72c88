"""Embedding: rows of a table by index."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal, special, tensor

DTYPES = ("float32", "float64", "float16", "bfloat16")
SHAPES: dict[str, tuple[int, ...]] = {"scalar": (), "n1": (1,), "n17": (17,), "3x4": (3, 4), "2x3x5": (2, 3, 5), "empty": (0,)}


def _indices(shape: tuple[int, ...], rows: int, *names: str) -> Tensor:
    return Tensor.of(seed_for("embedding", *names).integers(0, rows, shape), "int64")


def _samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        table = normal(dtype, (37, 24), "embedding", dtype)
        yield Sample(name=f"{dtype}-4x9", dtype=dtype, inputs=(table, _indices((4, 9), 37, dtype)))
        values = special(dtype)
        column = tensor(np.stack([values, values[::-1]], axis=1), dtype)
        order = _indices((2 * len(values),), len(values), dtype, "special")
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(column, order), why=SampleClass.SPECIAL)
    for name, shape in SHAPES.items():
        table = normal("float32", (19, 7), "embedding", name)
        yield Sample(name=f"float32-{name}", dtype="float32", inputs=(table, _indices(shape, 19, name)), why=SampleClass.EDGE)
    for width in (1, 8, 33, 129):
        table = normal("float32", (5, width), "embedding", "width", str(width))
        inputs = (table, Tensor.of(np.array([4, 0, 4, 4, 1, 0, 3]), "int64"))
        yield Sample(name=f"float32-width{width}-repeated", dtype="float32", inputs=inputs, why=SampleClass.COVERING)
    large = (normal("float32", (1000, 100), "embedding", "large"), _indices((20, 20), 1000, "large"))
    yield Sample(name="float32-n40000", dtype="float32", inputs=large, why=SampleClass.EDGE)


def _rows(table: Array, indices: Array) -> Array:
    out = [table[i] for i in indices.ravel().tolist()]
    return np.array(out, dtype=table.dtype).reshape(*indices.shape, table.shape[1])


def _reference(sample: Sample) -> tuple[Expected, ...]:
    table, indices = sample.arrays()
    return (exactly(_rows(table, indices), dtype=sample.dtype),)


def _next_row(sample: Sample) -> Array:
    table, indices = sample.arrays()
    return _rows(table, (indices + 1) % table.shape[0])


def _short_table(sample: Sample) -> Array | None:
    table, indices = sample.arrays()
    clipped = np.minimum(indices, table.shape[0] - 2)
    return None if np.array_equal(clipped, indices) else _rows(table, clipped)


def _row_zero_is_padding(sample: Sample) -> Array | None:
    table, indices = sample.arrays()
    out = _rows(table, indices)
    if not (indices == 0).any():
        return None
    out[indices == 0] = 0
    return out


def _flushed(sample: Sample) -> Array | None:
    """Subnormal values become zero on the way."""
    out = _rows(*sample.arrays())
    wide = out.astype(np.float64)
    smallest = {"float16": 2.0**-14, "float64": 2.0**-1022}.get(sample.dtype, 2.0**-126)
    small = (np.abs(wide) < smallest) & (wide != 0)
    return np.where(small, np.zeros_like(out), out) if small.any() else None


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="embedding",
        side=Side.INFERENCE,
        area="embedding",
        requirement="The library shall return, bit for bit, the row of the table that each index names.",
        source="torch.nn.Embedding; ONNX operator specification, Gather (axis 0)",
        oracle="exact: moves values",
        samples=_samples,
        reference=_reference,
        criterion=Exact(),
        faults=(
            faults.one_element(),
            faults.stale(),
            faults.rolled(),
            faults.nan_lost(),
            faults.computed("next-row", "The row after the one asked for is returned.", _next_row),
            faults.computed("last-row-unreachable", "The last row cannot be reached: its index is clipped.", _short_table),
            faults.computed("row-zero-lost", "Row 0 is taken for padding.", _row_zero_is_padding),
            faults.computed("subnormals-flushed", "Subnormal values are flushed to zero on the way.", _flushed),
        ),
    ),
)
