"""Samples of functions that join, cut and pad tensors: they only move values, so every kind of value is moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.model.function import Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import normal, special

FLOATS = ("float32", "float64", "float16", "bfloat16")
MOVED = (*FLOATS, "int64", "int32", "uint8", "bool")
Shape = tuple[int, ...]


def moved(dtype: str, shape: Shape, *names: str) -> Tensor:
    """Data in which elements are easily told apart: N(0, 1), integers over -100 .. 100 (0 .. 255), random booleans."""
    if dtype in FLOATS:
        return normal(dtype, shape, *names, dtype)
    low, high = {"uint8": (0, 256), "bool": (0, 2)}.get(dtype, (-100, 101))
    return Tensor.of(seed_for("moved", *names, dtype).integers(low, high, shape), dtype)


def specials(dtype: str, rows: int = 4) -> Tensor:
    """Special values of a float format as a matrix of `rows` rows, NaN first."""
    x = special(dtype)[::-1]
    return Tensor.of(np.resize(x, (rows, -(-x.size // rows))))


def concatenations(dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Covering array over dtype, axis and number of pieces of unequal extents; empty pieces; many pieces; long ones; special values."""
    rows = pairwise({"dtype": dtypes, "axis": (0, 1, 2, -1, -3), "pieces": ((3, 5), (4,), (1, 7, 2), (2, 2, 2, 2))})
    for i, row in enumerate(rows):
        dtype, axis = row["dtype"], row["axis"]
        name = f"{dtype}-axis{axis}-pieces{','.join(map(str, row['pieces']))}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _joined(name, dtype, axis, (4, 5, 6), row["pieces"], why)
    plain: tuple[tuple[str, int, Shape, tuple[int, ...]], ...] = (
        ("vectors", 0, (0,), (7, 1, 16)),
        ("empty-piece", 1, (2, 0, 3), (4, 0, 2)),
        ("empty-first", 0, (0, 5), (0, 3)),
        ("all-empty", -1, (2, 3), (0, 0)),
        ("nothing-elsewhere", 1, (0, 4), (2, 3)),
        ("many", 0, (0, 3), (1, 2, 3) * 11),
        ("long", 0, (0,), (40_000, 1, 33_000)),
        ("long-last", 1, (9, 0), (4097, 5000)),
        ("rank5", 3, (2, 1, 3, 2, 2), (2, 3)),
    )
    for name, axis, shape, pieces in plain:
        yield _joined(f"float32-{name}", "float32", axis, shape, pieces, SampleClass.EDGE)
    for dtype in set_of_floats(dtypes):
        x = specials(dtype)
        p = params(axis=1)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x, x), params=p, why=SampleClass.SPECIAL)


def set_of_floats(dtypes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(d for d in dtypes if d in FLOATS)


def _joined(name: str, dtype: str, axis: int, shape: Shape, pieces: tuple[int, ...], why: SampleClass) -> Sample:
    def piece(i: int, n: int) -> Tensor:
        given = list(shape)
        given[axis] = n
        return moved(dtype, tuple(given), "concat", name, str(i))

    return Sample(name=name, dtype=dtype, inputs=tuple(piece(i, n) for i, n in enumerate(pieces)), params=params(axis=axis), why=why)


def splits(dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Covering array over dtype, axis and sizes (equal and unequal); one piece; empty pieces; many; long ones; special values."""
    rows = pairwise({"dtype": dtypes, "axis": (0, 1, -1, -2), "sizes": ((3, 3), (2, 2, 2), (1, 5), (4, 0, 2), (1, 2, 3), (6,))})
    for i, row in enumerate(rows):
        dtype, axis, sizes = row["dtype"], row["axis"], row["sizes"]
        name = f"{dtype}-axis{axis}-sizes{','.join(map(str, sizes))}"
        x = moved(dtype, (6, 6, 6) if i % 2 else (6, 6), "split", name)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=(x,), params=params(axis=axis, sizes=sizes), why=why)
    plain: tuple[tuple[str, int, Shape, tuple[int, ...]], ...] = (
        ("vector", 0, (17,), (16, 1)),
        ("ones", 0, (9, 2), (1,) * 9),
        ("nothing", 1, (3, 0), (0, 0)),
        ("nothing-elsewhere", 1, (0, 5), (2, 3)),
        ("long", 0, (73_001,), (40_000, 33_001)),
        ("long-last", -1, (9, 8192), (4096, 4096)),
        ("rank5", 3, (2, 1, 3, 5, 2), (2, 3)),
    )
    for name, axis, shape, sizes in plain:
        x = moved("float32", shape, "split", name)
        p = params(axis=axis, sizes=sizes)
        yield Sample(name=f"float32-{name}", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)
    for dtype in set_of_floats(dtypes):
        x = specials(dtype)
        p = params(axis=0, sizes=(1, 3))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x,), params=p, why=SampleClass.SPECIAL)


def paddings(
    id: str, dtypes: tuple[str, ...], cases: tuple[tuple[Shape, tuple[tuple[int, int], ...]], ...], long: tuple[int, int], **more: Json
) -> Iterable[Sample]:
    """Every case in float32 and one further dtype in turn; a long row; special values.

    Args:
        cases: (shape, (before, after) of every axis).
        long: (before, after) of the long row.
        more: further parameters.
    """
    for i, (shape, pads) in enumerate(cases):
        label = f"{'x'.join(map(str, shape))}-{'_'.join(f'{a},{b}' for a, b in pads)}"
        for dtype in dict.fromkeys(("float32", dtypes[i % len(dtypes)])):
            x = moved(dtype, shape, id, label)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{label}", dtype=dtype, inputs=(x,), params=params(pads=pads, **_fits(dtype, more)), why=why)
    for dtype in ("float32", "float64"):
        x = moved(dtype, (1, 2, 40_000), id, "long")
        p = params(pads=((0, 0), (0, 0), long), **more)
        yield Sample(name=f"{dtype}-long", dtype=dtype, inputs=(x,), params=p, why=SampleClass.EDGE)
    for dtype in set_of_floats(dtypes):
        x = Tensor.of(specials(dtype).array()[None])
        p = params(pads=((0, 0), (0, 0), (3, 2)), **more)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x,), params=p, why=SampleClass.SPECIAL)


def _fits(dtype: str, more: dict[str, Json]) -> dict[str, Json]:
    """A fill value that the dtype holds exactly."""
    return {k: 1 if k == "value" and dtype == "bool" else v for k, v in more.items()}
