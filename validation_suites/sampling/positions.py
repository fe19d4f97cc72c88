"""Samples of functions that read or write by position: every axis, duplicates, counts around vector edges, nothing to do, special values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.function import Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import EDGE_SIZES
from validation_suites.sampling.pieces import MOVED, Shape, moved, set_of_floats, specials

WIDTHS = ("float32", "int64", "float16", "uint8", "float64", "bool", "int32")
"""Dtypes of every element size, in turn over the edge sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Extents of one sample of a function that takes one index per element."""

    name: str
    dtype: str
    data: Shape
    index: Shape
    axis: int
    why: SampleClass = SampleClass.EDGE


Draw = Callable[[np.random.Generator, Shape, int, int], Array]
"""(stream, shape of the index, axis, extent of the data along it) -> positions."""


def anywhere(rng: np.random.Generator, shape: Shape, axis: int, extent: int) -> Array:
    """Any position, with duplicates; the first and the last position are always asked for."""
    out = rng.integers(0, max(1, extent), shape)
    if out.size:
        out.reshape(-1)[0], out.reshape(-1)[-1] = 0, extent - 1
    return np.asarray(out)


def once(rng: np.random.Generator, shape: Shape, axis: int, extent: int) -> Array:
    """No position twice along the axis: the head of a permutation of every row."""
    full = list(shape)
    full[axis] = extent
    order = np.argsort(rng.random(full), axis=axis, kind="stable")
    return np.take(order, np.arange(shape[axis]), axis=axis)


def from_end(draw: Draw) -> Draw:
    """Every second position counted from the end."""

    def drawn(rng: np.random.Generator, shape: Shape, axis: int, extent: int) -> Array:
        index = draw(rng, shape, axis, extent)
        back = (np.arange(index.size).reshape(shape) % 2) == 1
        return np.asarray(index - np.where(back, extent, 0))

    return drawn


def in_turn(dtypes: tuple[str, ...], i: int) -> str:
    """The i-th of WIDTHS, as far as offered."""
    offered = [d for d in WIDTHS if d in dtypes]
    return offered[i % len(offered)]


def layouts(dtypes: tuple[str, ...], *, longer: bool) -> Iterator[Layout]:
    """Covering array over dtype, axis and extents of the index; one extent around vector edges; nothing; long ones.

    Args:
        longer: the index may be longer than the data along the axis (it repeats positions).
    """
    data: Shape = (5, 7, 9)
    short: Shape = (3, 4, 6)
    for i, row in enumerate(pairwise({"dtype": dtypes, "axis": (0, 1, -1), "extents": ("same", "less")})):
        name = f"{row['dtype']}-axis{row['axis']}-{row['extents']}"
        index = data if row["extents"] == "same" else short
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Layout(name=name, dtype=row["dtype"], data=data, index=index, axis=row["axis"], why=why)
    for i, n in enumerate(EDGE_SIZES):
        dtype = in_turn(dtypes, i)
        yield Layout(name=f"{dtype}-n{n}", dtype=dtype, data=(3, n), index=(3, n), axis=1)
    plain: tuple[tuple[str, Shape, Shape, int], ...] = (
        ("vector", (17,), (9,), -1),
        ("rank4-axis-2", (2, 3, 4, 5), (2, 2, 4, 5), -2),
        ("no-index", (4, 3), (0, 3), 0),
        ("no-index-last", (3, 5), (3, 0), 1),
        ("nothing", (3, 0), (3, 0), 1),
        ("long", (2, 40_000), (2, 40_000), 1),
        ("long-first", (40_000, 2), (33_000, 2), 0),
    )
    more: tuple[tuple[str, Shape, Shape, int], ...] = (
        ("longer-axis0", (3, 4), (100, 4), 0),
        ("longer-last", (2, 7, 3), (2, 5, 33), -1),
        ("from-one", (3, 1), (3, 65), 1),
        ("from-few", (7, 5), (9000, 5), 0),
    )
    for name, x, index, axis in (*plain, *more) if longer else plain:
        yield Layout(name=f"float32-{name}", dtype="float32", data=x, index=index, axis=axis)


def special_layouts(dtypes: tuple[str, ...]) -> Iterator[Layout]:
    """As many positions as special values."""
    for dtype in set_of_floats(dtypes):
        shape = specials(dtype).shape
        yield Layout(name=f"{dtype}-special", dtype=dtype, data=shape, index=shape, axis=1, why=SampleClass.SPECIAL)


def index_of(id: str, at: Layout, draw: Draw) -> Tensor:
    """The index of a layout."""
    extent = at.data[at.axis]
    return Tensor.of(draw(seed_for(id, "index", at.name), at.index, at.axis % len(at.index), extent), "int64")


def gathers(id: str, draw: Draw, dtypes: tuple[str, ...] = MOVED) -> Iterable[Sample]:
    """Data and, for every element of the result, its position along the axis."""
    for at in (*layouts(dtypes, longer=True), *special_layouts(dtypes)):
        x = specials(at.dtype) if at.why is SampleClass.SPECIAL else moved(at.dtype, at.data, id, at.name)
        yield Sample(name=at.name, dtype=at.dtype, inputs=(x, index_of(id, at, draw)), params=params(axis=at.axis), why=at.why)
    rows = np.repeat(draw(seed_for(id, "rows"), (20,), 0, 37)[:, None], 24, axis=1)
    x = moved("float32", (37, 24), id, "rows")
    yield Sample(
        name="float32-rows", dtype="float32", inputs=(x, Tensor.of(rows, "int64")), params=params(axis=0), why=SampleClass.COVERING
    )


def scatters(id: str, draw: Draw, dtypes: tuple[str, ...] = MOVED) -> Iterable[Sample]:
    """Data, positions along the axis (none twice), and what is written there."""
    for at in (*layouts(dtypes, longer=False), *special_layouts(dtypes)):
        x, source = moved(at.dtype, at.data, id, at.name), moved(at.dtype, at.index, id, at.name, "source")
        if at.why is SampleClass.SPECIAL:
            source = specials(at.dtype)
        p = params(axis=at.axis)
        yield Sample(name=at.name, dtype=at.dtype, inputs=(x, index_of(id, at, draw), source), params=p, why=at.why)
    rows = np.repeat(draw(seed_for(id, "rows"), (20,), 0, 37)[:, None], 24, axis=1)
    inputs = (moved("float32", (37, 24), id, "rows"), Tensor.of(rows, "int64"), moved("float32", (20, 24), id, "rows", "source"))
    yield Sample(name="float32-rows", dtype="float32", inputs=inputs, params=params(axis=0), why=SampleClass.COVERING)


def selections(id: str, draw: Draw, shapes: tuple[Shape, ...], dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Data and an index of one of `shapes` for the whole axis; both index dtypes; counts around vector edges; nothing; long ones."""

    def sample(name: str, dtype: str, x: Tensor, shape: Shape, axis: int, kind: str, why: SampleClass = SampleClass.EDGE) -> Sample:
        index = Tensor.of(draw(seed_for(id, "index", name), shape, 0, x.shape[axis]), kind)
        return Sample(name=name, dtype=dtype, inputs=(x, index), params=params(axis=axis), why=why)

    grid = {"dtype": dtypes, "axis": (0, 1, -1), "shape": shapes, "kind": ("int64", "int32")}
    for i, row in enumerate(pairwise(grid)):
        label = "x".join(map(str, row["shape"])) or "scalar"
        name = f"{row['dtype']}-axis{row['axis']}-{label}-{row['kind']}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield sample(name, row["dtype"], moved(row["dtype"], (5, 6, 8), id, name), row["shape"], row["axis"], row["kind"], why)
    for i, n in enumerate(EDGE_SIZES):
        dtype, axis = in_turn(dtypes, i), i % 2
        x = moved(dtype, (3, n) if axis else (n, 3), id, str(n))
        yield sample(f"{dtype}-n{n}", dtype, x, (n,), axis, "int64")
    plain: tuple[tuple[str, Shape, Shape, int], ...] = (
        ("vector", (17,), (33,), 0),
        ("rank4-axis-2", (2, 3, 4, 5), (7,), -2),
        ("no-index", (4, 3), (0,), 1),
        ("nothing-elsewhere", (4, 0), (3,), 0),
        ("from-one", (1, 5), (65,), 0),
        ("square", (9, 9), (9,), 0),
        ("square-last", (17, 17), (17,), -1),
        ("long", (2, 300), (40_000,), 1),
        ("long-rows", (500, 129), (300,), 0),
    )
    for name, shape, index, axis in plain:
        yield sample(f"float32-{name}", "float32", moved("float32", shape, id, name), index, axis, "int64")
    for dtype in set_of_floats(dtypes):
        yield sample(f"{dtype}-special", dtype, specials(dtype), (60,), 1, "int64", SampleClass.SPECIAL)
