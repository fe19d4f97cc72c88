"""Ordering against Python's own sort of each row; models accepted by the ONNX checker."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Reason, Sample, SampleClass
from csvkit_ml.model.tensor import Array
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.ordering import FUNCTIONS
from validation_suites.sampling.orders import neighbours

BY_ID = {f.id: f for f in FUNCTIONS}


def key(value: Any) -> tuple[bool, Any]:
    """NaN above all numbers; equal zeros of both signs; exact for every dtype."""
    number = int(value) if np.asarray(value).dtype.kind in "iub" else float(value)
    return (True, 0) if isinstance(number, float) and math.isnan(number) else (False, number)


def rows(sample: Sample) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """(place of the row, stable order of its elements by Python's sort), largest first where asked; k of them."""
    x, p = sample.arrays()[0], dict(sample.params)
    lanes = np.moveaxis(x, int(str(p["axis"])), -1)
    for at in np.ndindex(lanes.shape[:-1]):
        lane = lanes[at]
        down = bool(p.get("largest", p.get("descending")))
        order = sorted(range(len(lane)), key=lambda i, lane=lane: key(lane[i]), reverse=down)  # type: ignore[misc]
        yield at, order[: int(str(p.get("k", len(order))))]


def small(function: Function) -> Iterator[Sample]:
    return (s for s in function.samples() if s.arrays()[0].size < 5000)


@pytest.mark.parametrize("id", BY_ID)
def test_positions_and_values_are_pythons(id: str) -> None:
    count = 0
    for sample in small(BY_ID[id]):
        *values, positions = BY_ID[id].reference(sample)
        axis = sample.param("axis")
        found, lanes = np.moveaxis(positions.value, axis, -1), np.moveaxis(sample.arrays()[0], axis, -1)
        for at, order in rows(sample):
            assert found[at].tolist() == order, sample.name
            if values:
                got = np.moveaxis(values[0].value, axis, -1)[at]
                np.testing.assert_array_equal(got, lanes[at][order].astype(got.dtype), err_msg=sample.name)
        count += 1
    assert count >= 20


def test_either_of_equal_elements_is_accepted_where_the_source_leaves_it_open() -> None:
    """The last of equal elements first: right for topk and plain sorts, wrong for a stable sort and for ONNX."""
    fault = {f.id: f for f in BY_ID["sort"].faults}["last-of-ties"]
    for sample in BY_ID["sort"].samples():
        true = tuple(reached(e.value, e.dtype) for e in BY_ID["sort"].reference(sample))
        other = fault.apply(BY_ID["sort"], sample, true)
        if other is None or sample.why is not SampleClass.SPECIAL:
            continue
        criterion = BY_ID["sort"].criterion_for(sample)
        reasons = {criterion.measure(o, e).reason for o, e in zip(other, BY_ID["sort"].reference(sample), strict=True)}
        failed = bool(reasons & {Reason.BEYOND_HARD, Reason.SPECIAL_VALUE})
        assert failed == sample.param("stable"), sample.name


def reached(value: Array, dtype: str) -> Array:
    return value.astype(np.float32 if dtype == "bfloat16" else dtype)


def test_neighbours_differ_in_their_own_format_and_not_in_a_narrower_one() -> None:
    for dtype, narrower in (("float64", "float32"), ("float32", "float16"), ("int64", "float64"), ("int32", "float32")):
        x = neighbours(dtype, "test").array()
        assert all(len(set(row.tolist())) == row.size for row in x)
        assert any(len(set(row.astype(narrower).tolist())) < row.size for row in x)


def test_nan_is_asked_only_where_its_order_is_defined() -> None:
    for id in ("topk", "topk_ties_by_position"):
        assert not any(np.isnan(s.arrays()[0].astype(np.float64)).any() for s in BY_ID[id].samples())
    for id in ("topk_nan", "sort", "argsort"):
        found = {s.dtype for s in BY_ID[id].samples() if np.isnan(s.arrays()[0].astype(np.float64)).any()}
        assert found == {"float16", "bfloat16", "float32", "float64"}


def test_k_lies_within_the_axis() -> None:
    for id in ("topk", "topk_ties_by_position", "topk_nan"):
        sizes = [(s.param("k"), s.inputs[0].shape[s.param("axis")]) for s in BY_ID[id].samples()]
        assert all(1 <= k <= n for k, n in sizes)
        assert any(k == n > 1 for k, n in sizes)
        assert any(k == 1 < n for k, n in sizes)


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id.startswith("topk") and f.id != "topk_nan") > 100
