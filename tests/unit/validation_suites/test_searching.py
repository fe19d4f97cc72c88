"""Where values are, how often, and which differ, against bisection, counters and plain loops; models accepted by the ONNX checker."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.searching import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


@pytest.mark.parametrize("id", ["nonzero", "argwhere"])
def test_positions_by_loops(id: str) -> None:
    for sample in small(BY_ID[id]):
        x = sample.arrays()[0]
        assert first(BY_ID[id], sample).tolist() == [list(at) for at in np.ndindex(x.shape) if float(x[at]) != 0], sample.name


@pytest.mark.parametrize(("id", "over"), [("count_nonzero", sum), ("reduce_any", any), ("reduce_all", all)])
def test_over_axes_by_loops(id: str, over: Any) -> None:
    for sample in small(BY_ID[id]):
        x, made = sample.arrays()[0], first(BY_ID[id], sample)
        axes = range(x.ndim) if sample.param("axes") is None else [a % x.ndim for a in sample.param("axes")]
        kept = [a for a in range(x.ndim) if a not in axes]
        assert made.size == int(np.prod([x.shape[a] for a in kept]))
        for at, found in zip(np.ndindex(*(x.shape[a] for a in kept)), made.reshape(-1), strict=True):
            inside = [float(x[i]) != 0 for i in np.ndindex(x.shape) if tuple(i[a] for a in kept) == at]
            assert found == over(inside), sample.name


@pytest.mark.parametrize("id", ["searchsorted", "bucketize"])
def test_searches_by_bisection(id: str) -> None:
    for sample in small(BY_ID[id]):
        rows, wanted = (values(a) for a in sample.arrays())
        side = bisect.bisect_right if sample.param("right") else bisect.bisect_left
        made = first(BY_ID[id], sample)
        for at in np.ndindex(wanted.shape):
            row = rows if rows.ndim == 1 else rows[at[:-1]]
            assert made[at] == side(row.tolist(), wanted[at].item()), sample.name


def test_membership_by_sets() -> None:
    for sample in small(BY_ID["isin"]):
        x, test = (values(a) for a in sample.arrays())
        known = {v for v in test.reshape(-1).tolist() if v == v}
        want = [(v in known) != sample.param("invert") for v in x.reshape(-1).tolist()]
        assert first(BY_ID["isin"], sample).reshape(-1).tolist() == want, sample.name


def rows_of(sample: Sample) -> list[tuple[float, ...]]:
    x, axis = values(sample.arrays()[0]), sample.param("axis")
    cut = x.reshape(-1, 1) if axis is None else np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    return [tuple(map(float, r)) for r in cut]


@pytest.mark.parametrize("id", ["unique", "unique_first", "unique_unsorted"])
def test_distinct_slices_by_a_counter(id: str) -> None:
    for sample in small(BY_ID[id]):
        seen, found = rows_of(sample), [e.value for e in BY_ID[id].reference(sample)]
        counter = Counter(seen)
        order = list(counter) if id == "unique_unsorted" else sorted(counter)
        picked, inverse, counts = found[0], found[-2].reshape(-1), found[-1]
        axis = sample.param("axis")
        cut = picked.reshape(-1, 1) if axis is None else np.moveaxis(picked, axis, 0).reshape(len(order), -1)
        assert [tuple(map(float, r)) for r in cut] == order, sample.name
        assert counts.tolist() == [counter[r] for r in order]
        assert [order[i] for i in inverse] == seen
        if id != "unique":
            assert found[1].tolist() == [seen.index(r) for r in order]


def test_runs_are_itertools_groups() -> None:
    for sample in small(BY_ID["unique_consecutive"]):
        groups = [(k, len(list(g))) for k, g in itertools.groupby(rows_of(sample))]
        _, inverse, counts = (e.value for e in BY_ID["unique_consecutive"].reference(sample))
        assert counts.tolist() == [n for _, n in groups]
        assert inverse.reshape(-1).tolist() == [i for i, (_, n) in enumerate(groups) for _ in range(n)]


@pytest.mark.parametrize("id", ["bincount", "bincount_weighted"])
def test_bins_by_loops(id: str) -> None:
    for sample in small(BY_ID[id]):
        x, *weights = sample.arrays()
        want = [0.0] * max([int(v) + 1 for v in x] + [sample.param("minlength")])
        for i, v in enumerate(x):
            want[int(v)] += float(weights[0][i]) if weights else 1
        assert first(BY_ID[id], sample).tolist() == want, sample.name


def test_histograms_are_numpys() -> None:
    for sample in BY_ID["histc"].samples():
        x, low, high = values(sample.arrays()[0]), sample.param("min"), sample.param("max")
        ends = (float(x.min()), float(x.max())) if low == high else (low, high)
        want = np.histogram(x, sample.param("bins"), ends)[0]
        np.testing.assert_array_equal(first(BY_ID["histc"], sample), want, err_msg=sample.name)


def test_one_hot_by_loops() -> None:
    for sample in small(BY_ID["one_hot"]):
        x, made = sample.arrays()[0], first(BY_ID["one_hot"], sample)
        for at in np.ndindex(x.shape):
            assert made[at].tolist() == [int(k == x[at]) for k in range(made.shape[-1])]
    for sample in small(BY_ID["one_hot_axis"]):
        index, (off, on) = sample.arrays()
        made, n = np.moveaxis(first(BY_ID["one_hot_axis"], sample), sample.param("axis"), -1), sample.param("depth")
        for at in np.ndindex(index.shape):
            want = [off] * n
            if -n <= index[at] < n:
                want[index[at]] = on
            assert made[at].tolist() == want, sample.name


def test_positions_are_raveled_back() -> None:
    for sample in BY_ID["unravel_index"].samples():
        found = [e.value for e in BY_ID["unravel_index"].reference(sample)]
        np.testing.assert_array_equal(np.ravel_multi_index(tuple(found), sample.param("shape")), sample.arrays()[0])


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("nonzero", "unique_first", "unique_unsorted", "one_hot_axis")) > 60
