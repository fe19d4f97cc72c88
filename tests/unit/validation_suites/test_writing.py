"""Writing and accumulating by position against plain loops and exact fractions; models accepted by the ONNX checker."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.writing import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
Place = tuple[int, ...]
Writes = Iterator[tuple[Place, Any]]


def _elements(sample: Sample) -> Writes:
    x, index, source = sample.arrays()
    axis = sample.param("axis") % x.ndim
    for at in np.ndindex(index.shape):
        yield tuple(int(index[at]) if a == axis else i for a, i in enumerate(at)), source[at]


def _slices(sample: Sample) -> Writes:
    x, index, *rest = sample.arrays()
    axis, scale = sample.param("axis") % x.ndim, dict(sample.params).get("alpha", 1)
    shape = tuple(index.size if a == axis else n for a, n in enumerate(x.shape))
    for at in np.ndindex(shape):
        value = rest[0][at] * rest[0].dtype.type(scale) if rest else sample.param("value")
        yield tuple(int(index[i]) if a == axis else i for a, i in enumerate(at)), value


def _together(sample: Sample) -> Writes:
    x, source, *index = sample.arrays()
    index = list(np.broadcast_arrays(*index))
    rest = x.shape[len(index) :]
    wide = np.broadcast_to(source, index[0].shape + rest)
    for at in np.ndindex(wide.shape):
        k = index[0].ndim
        yield (*(int(i[at[:k]]) % n for i, n in zip(index, x.shape, strict=False)), *at[k:]), wide[at]


def _flat(sample: Sample) -> Writes:
    x, index, source = sample.arrays()
    for at in np.ndindex(index.shape):
        yield tuple(int(i) for i in np.unravel_index(int(index[at]), x.shape)), source[at]


def _tuples(sample: Sample) -> Writes:
    x, index, source = sample.arrays()
    depth = index.shape[-1]
    for at in np.ndindex(source.shape):
        k = index.ndim - 1
        yield (*(int(i) % n for i, n in zip(index[at[:k]], x.shape[:depth], strict=True)), *at[k:]), source[at]


PLAIN: dict[str, Callable[[Sample], Writes]] = {
    "index_copy": _slices, "index_fill": _slices, "index_put": _together, "put": _flat, "scatter_nd": _tuples,
}  # fmt: skip
REDUCED: dict[str, Callable[[Sample], Writes]] = {
    "scatter_reduce": _elements, "scatter_reduce_portable": _elements, "index_add": _slices, "index_reduce": _slices, "index_put_add": _together,
    "put_add": _flat, "scatter_nd_reduce": _tuples,
}  # fmt: skip


@pytest.mark.parametrize("id", PLAIN)
def test_writes_by_loops(id: str) -> None:
    for sample in small(BY_ID[id]):
        want = values(sample.arrays()[0]).copy()
        for place, value in PLAIN[id](sample):
            want[place] = value
        np.testing.assert_array_equal(first(BY_ID[id], sample), want, err_msg=sample.name)


@pytest.mark.parametrize("id", ["index_copy", "index_put", "put", "scatter_nd"])
def test_no_place_is_written_twice(id: str) -> None:
    for sample in small(BY_ID[id]):
        places = [place for place, _ in PLAIN[id](sample)]
        assert len(set(places)) == len(places), sample.name


@pytest.mark.parametrize("id", REDUCED)
def test_reductions_by_exact_fractions_are_never_rounded(id: str) -> None:
    for sample in small(BY_ID[id]):
        if "special" in sample.name:
            continue
        x, p = sample.arrays()[0], dict(sample.params)
        met: dict[Place, list[Fraction]] = defaultdict(list)
        for place, value in REDUCED[id](sample):
            met[place].append(Fraction(float(value)) if x.dtype.kind in "fV" else Fraction(int(value)))
        made = first(BY_ID[id], sample)
        for at in np.ndindex(x.shape):
            own = Fraction(float(x[at])) if x.dtype.kind in "fV" else Fraction(int(x[at]))
            terms = met[at] + ([own] if p.get("include_self", True) or not met[at] else [])
            reduce = p.get("reduce", "sum")
            if reduce == "mean":
                np.testing.assert_equal(made[at], float(sum(terms) / len(terms)))
                continue
            true = {"sum": sum, "prod": math.prod, "amax": max, "amin": min}[reduce](terms)
            assert Fraction(float(made[at])) == true or x.dtype == np.uint8 and int(made[at]) == true % 256, (sample.name, at)
            assert float(round_to(sample.dtype, np.array(made[at]))) == float(true) or x.dtype == np.uint8, (sample.name, at)


def test_nan_wins_over_numbers() -> None:
    for sample in BY_ID["scatter_reduce"].samples():
        if "special" in sample.name:
            made = first(BY_ID["scatter_reduce"], sample)
            hit = {place for place, value in _elements(sample) if np.isnan(float(value))}
            assert {tuple(map(int, at)) for at in np.argwhere(np.isnan(made))} == hit


def test_masks_by_loops() -> None:
    for sample in small(BY_ID["masked_fill"]):
        x, m = sample.arrays()
        wide, made = np.broadcast_to(m, x.shape), first(BY_ID["masked_fill"], sample)
        for at in np.ndindex(x.shape):
            np.testing.assert_equal(made[at], 1 if wide[at] else values(x)[at])
    for sample in small(BY_ID["masked_scatter"]):
        x, m, source = sample.arrays()
        wide, made, rest = np.broadcast_to(m, x.shape), first(BY_ID["masked_scatter"], sample), iter(values(source))
        for at in np.ndindex(x.shape):
            np.testing.assert_equal(made[at], next(rest) if wide[at] else values(x)[at])


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("scatter_reduce_portable", "scatter_nd", "scatter_nd_reduce")) > 60
