"""Samples of functions that order: sorted, reversed, constant and tied data, neighbours that only the full format tells apart, extremes.

A parameter `k` of None stands for the whole axis; NaN is only in the samples of `with_nan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import EDGE_SIZES, normal, special, tensor
from validation_suites.sampling.pieces import FLOATS, Shape, moved, set_of_floats

Named = tuple[str, Tensor, int, SampleClass]
"""Name, data, axis, class."""


def tied(dtype: str, shape: Shape, *names: str) -> Tensor:
    """Few distinct values, so that every one occurs several times."""
    return Tensor.of(seed_for("tied", dtype, *names).integers(0, 2 if dtype == "bool" else 4, shape), dtype)


def neighbours(dtype: str, id: str) -> Tensor:
    """Shuffled consecutive values of a format around 1 (floats) or at its upper end (integers): a narrower format confuses them."""
    steps = np.stack([seed_for(id, "neighbours", dtype, str(row)).permutation(33) for row in range(3)])
    if dtype in FLOATS:
        return tensor(1.0 + steps * 2 * FORMATS[dtype].u, dtype)
    top = np.iinfo(DTYPES[dtype]).max
    return Tensor.of((top - steps.astype(np.uint64)).astype(DTYPES[dtype]))


def extremes(dtype: str, id: str) -> Tensor:
    """Special values without NaN, twice each (so that signed zeros and infinities tie), or both ends of an integer format."""
    rng = seed_for(id, "extremes", dtype)
    if dtype in FLOATS:
        values = special(dtype)
        values = np.repeat(values[~np.isnan(values.astype(np.float64))], 2)
    else:
        form = np.iinfo(DTYPES[dtype])
        values = np.array([form.min, form.min + 1, 0, 1, form.max - 1, form.max, form.max // 2 + 1], dtype=DTYPES[dtype])
    return Tensor.of(np.stack([rng.permutation(values) for _ in range(2)]))


def with_nan(dtypes: tuple[str, ...], id: str) -> Iterator[Named]:
    """Rows with no, one and several NaN of both signs beside infinities, and only NaN."""
    for dtype in set_of_floats(dtypes):
        x = normal(dtype, (5, 19), id, "nan", dtype).array().astype(np.float64)
        x[1, 7], x[2, 0], x[2, 18], x[2, 3], x[2, 4] = np.nan, np.nan, -np.nan, np.inf, -np.inf
        x[3], x[4, ::2], x[4, 1::4] = np.nan, np.nan, np.inf
        yield f"{dtype}-nan", tensor(x, dtype), 1, SampleClass.SPECIAL


def _edges(id: str) -> Iterator[Named]:
    for n in EDGE_SIZES:
        yield f"float32-n{n}", normal("float32", (3, n), id, str(n)), 1, SampleClass.EDGE
    plain: tuple[tuple[str, Shape, int], ...] = (
        ("vector", (33,), 0),
        ("one-row-each", (1, 9, 1), 1),
        ("rank4-axis-2", (2, 3, 9, 5), -2),
        ("square", (17, 17), 0),
        ("no-rows", (0, 5), 1),
        ("long", (2, 40_000), 1),
        ("long-first", (40_000, 2), 0),
        ("many-rows", (6000, 7), -1),
    )
    for name, shape, axis in plain:
        yield f"float32-{name}", normal("float32", shape, id, name), axis, SampleClass.EDGE


def _patterns(dtypes: tuple[str, ...], id: str) -> Iterator[Named]:
    rising = np.sort(normal("float32", (3, 129), id, "rising").array(), axis=1)
    patterns: dict[str, Array] = {
        "rising": rising,
        "falling": rising[:, ::-1],
        "constant": np.full((3, 65), 2.5),
        "organ-pipe": np.concatenate([rising, rising[:, ::-1]], axis=1),
        "zeros": np.where(seed_for(id, "zeros").integers(0, 2, (3, 33)) == 1, -0.0, 0.0),
    }
    for name, x in patterns.items():
        yield f"float32-{name}", tensor(x, "float32"), 1, SampleClass.SPECIAL
    for dtype in dtypes:
        yield f"{dtype}-ties", tied(dtype, (4, 65), id), 1, SampleClass.SPECIAL
        if dtype != "bool":
            yield f"{dtype}-neighbours", neighbours(dtype, id), 1, SampleClass.CONDITIONED
            yield f"{dtype}-extremes", extremes(dtype, id), 1, SampleClass.SPECIAL
    yield "float32-ties-long", tied("float32", (2, 33_000), id), 1, SampleClass.EDGE


def _sample(named: Named, **more: Json) -> Sample:
    name, x, axis, why = named
    return Sample(name=name, dtype=x.dtype, inputs=(x,), params=params(axis=axis, **more), why=why)


def tops(id: str, dtypes: tuple[str, ...], fresh: Callable[..., Tensor] = moved) -> Iterable[Sample]:
    """Parameters `k` (1, some, all, in turn) and `largest`."""
    grid = {"dtype": dtypes, "axis": (0, 1, -1), "k": (3, 1, None), "largest": (True, False)}
    shape = (5, 7, 9)
    for i, row in enumerate(pairwise(grid)):
        dtype, axis, largest = row["dtype"], row["axis"], row["largest"]
        k = row["k"] or shape[axis]
        name = f"{dtype}-axis{axis}-k{k}-{'largest' if largest else 'smallest'}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _sample((name, fresh(dtype, shape, id, name), axis, why), k=k, largest=largest)
    square = ("float32-square-all", normal("float32", (9, 9), id, "square-all"), 0, SampleClass.EDGE)
    yield _sample(square, k=9, largest=True)
    for i, named in enumerate((*_edges(id), *_patterns(dtypes, id))):
        n = named[1].shape[named[2]]
        yield _sample(named, k=(n, 1, max(1, n // 2), min(n, 5))[i % 4], largest=i % 3 != 2)


def tops_with_nan(id: str, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """NaN among the largest, within the smallest only where nothing else is left."""
    for name, x, axis, why in with_nan(dtypes, id):
        for k, largest in ((1, True), (5, True), (5, False), (19, True), (19, False)):
            yield _sample((f"{name}-k{k}-{'largest' if largest else 'smallest'}", x, axis, why), k=k, largest=largest)


def sorts(id: str, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Parameters `descending` and `stable`; ties are sorted both ways."""
    grid = {"dtype": dtypes, "axis": (-1, 0, 1), "descending": (False, True), "stable": (False, True)}
    for i, row in enumerate(pairwise(grid)):
        dtype, axis = row["dtype"], row["axis"]
        name = f"{dtype}-axis{axis}{_label(row['descending'], row['stable'])}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        p = {"descending": row["descending"], "stable": row["stable"]}
        yield _sample((name, moved(dtype, (5, 7, 9), id, name), axis, why), **p)
    for i, named in enumerate((*_edges(id), *_patterns(dtypes, id), *with_nan(dtypes, id))):
        yield _sample(named, descending=i % 3 == 2, stable=i % 2 == 0)
    for stable in (False, True):
        for descending in (False, True):
            x = tied("float32", (3, 257), id, "both")
            name = f"float32-tied{_label(descending, stable)}"
            yield _sample((name, x, 1, SampleClass.SPECIAL), descending=descending, stable=stable)
    empty = Tensor.of(np.zeros((3, 0)), "float32")
    yield _sample(("float32-nothing", empty, 1, SampleClass.EDGE), descending=False, stable=True)


def _label(descending: bool, stable: bool) -> str:
    return f"{'-descending' if descending else ''}{'-stable' if stable else ''}"
