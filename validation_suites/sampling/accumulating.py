"""Samples of sums collected by position: duplicates of every number, one place for all, cancellation, special values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.model.function import Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import EDGE_SIZES, positive, tensor
from validation_suites.sampling.pieces import FLOATS, Shape, moved
from validation_suites.sampling.positions import anywhere

NUMBERS = (*FLOATS, "int64", "int32", "uint8")
SUMMED: dict[str, tuple[Shape, Shape, int]] = {
    "same": ((5, 7, 9), (5, 7, 9), 1),
    "less": ((5, 7, 9), (3, 4, 6), 0),
    "more": ((4, 3, 9), (4, 30, 8), 1),
    "last": ((3, 5, 4), (3, 5, 33), -1),
}
"""(shape of the data, shape of the index, axis)."""


def _terms(dtype: str, shape: Shape, *names: str) -> Tensor:
    """Small enough that integer sums stay within uint8."""
    if dtype == "uint8":
        return Tensor.of(seed_for("terms", *names).integers(0, 6, shape), "uint8")
    return moved(dtype, shape, *names)


def _sample(id: str, name: str, dtype: str, x: Tensor, source: Tensor, axis: int, why: SampleClass, index: Array | None = None) -> Sample:
    if index is None:
        index = anywhere(seed_for(id, "index", name), source.shape, axis, x.shape[axis])
    return Sample(name=name, dtype=dtype, inputs=(x, Tensor.of(index, "int64"), source), params=params(axis=axis), why=why)


def additions(id: str) -> Iterable[Sample]:
    """Data, positions along the axis (repeated), and what is added there."""
    for i, row in enumerate(pairwise({"dtype": NUMBERS, "summed": tuple(SUMMED)})):
        dtype, (data, shape, axis) = row["dtype"], SUMMED[row["summed"]]
        name = f"{dtype}-{row['summed']}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _sample(id, name, dtype, _terms(dtype, data, id, name), _terms(dtype, shape, id, name, "source"), axis, why)
    for i, n in enumerate(EDGE_SIZES):
        dtype = ("float32", "float64", "int32")[i % 3]
        name = f"{dtype}-n{n}"
        yield _sample(id, name, dtype, _terms(dtype, (3, n), id, name), _terms(dtype, (3, n), id, name, "source"), 1, SampleClass.EDGE)
    plain: tuple[tuple[str, Shape, Shape, int], ...] = (
        ("vector", (7,), (100,), 0),
        ("long", (3, 11), (3, 40_000), 1),
        ("long-data", (40_000, 2), (40_000, 2), 0),
        ("rank4-axis-2", (2, 3, 4, 5), (2, 3, 20, 5), -2),
        ("no-index", (4, 3), (0, 3), 0),
        ("nothing", (3, 0), (3, 0), 1),
    )
    for name, data, shape, axis in plain:
        for dtype in ("float32", "int64") if name.startswith("long") else ("float32",):
            full = f"{dtype}-{name}"
            x, source = moved(dtype, data, id, full), moved(dtype, shape, id, full, "source")
            yield _sample(id, full, dtype, x, source, axis, SampleClass.EDGE)
    yield from _gathered_rows(id)
    yield from _hard(id)


def _gathered_rows(id: str) -> Iterable[Sample]:
    """One position for a whole row: what a sparse product of graphs asks for; and one place for everything."""
    for dtype in FLOATS:
        rows = np.repeat(seed_for(id, "rows", dtype).integers(0, 11, (100, 1)), 24, axis=1)
        x, source = moved(dtype, (11, 24), id, "rows"), moved(dtype, (100, 24), id, "rows", "source")
        yield _sample(id, f"{dtype}-rows", dtype, x, source, 0, SampleClass.COVERING, rows)
    for dtype in ("float32", "float64", "int64"):
        x, source = moved(dtype, (3, 5), id, "one"), moved(dtype, (3, 300), id, "one", "source")
        yield _sample(id, f"{dtype}-one-place", dtype, x, source, 1, SampleClass.EDGE, np.full((3, 300), 4))


def _hard(id: str) -> Iterable[Sample]:
    """Sums without cancellation, sums that cancel to the last bits, NaN, infinities (alone, equal, opposite) and signed zeros."""
    for dtype in FLOATS:
        x, source = positive(dtype, (3, 9), id, dtype), positive(dtype, (3, 120), id, dtype, "source")
        yield _sample(id, f"{dtype}-positive", dtype, x, source, 1, SampleClass.CONDITIONED)
        big = moved(dtype, (2, 64), id, dtype, "big").array().astype(np.float64) * 512
        both = tensor(np.concatenate([big, -big * (1 + 2.0**-6)], axis=1), dtype)
        yield _sample(id, f"{dtype}-cancelling", dtype, moved(dtype, (2, 3), id, dtype), both, 1, SampleClass.CONDITIONED)
        inf, nan = np.inf, np.nan
        data = tensor(np.array([[1.0, inf, -inf, nan, 0.0, -0.0, 2.0, -inf, 3.0]]), dtype)
        terms = tensor(np.array([[nan, 1.0, inf, 2.0, -0.0, -0.0, inf, -inf, 4.0, inf, 5.0]]), dtype)
        index = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 8]])
        yield _sample(id, f"{dtype}-special", dtype, data, terms, 1, SampleClass.SPECIAL, index)
