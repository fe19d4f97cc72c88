"""Reading and writing by position against plain loops, exact fractions and numpy; models accepted by the ONNX checker."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Reason, Sample
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from csvkit_ml.references import exactly
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.indexing import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
SMALL = 3000


def named(sample: Sample) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(place in the index, place in the data) of every element, in order."""
    x, index = sample.arrays()[:2]
    axis = sample.param("axis") % x.ndim
    for at in np.ndindex(index.shape):
        i = int(index[at])
        place = list(at)
        place[axis] = i if i >= 0 else i + x.shape[axis]
        yield at, tuple(place)


def small(id: str) -> Iterator[Sample]:
    found = [s for s in BY_ID[id].samples() if sum(a.size for a in s.arrays()) < SMALL]
    assert len(found) > 30
    yield from found


def result(id: str, sample: Sample) -> Array:
    (e,) = BY_ID[id].reference(sample)
    return round_to(e.dtype, e.value, e.low)


def bits(a: Array) -> Array:
    return np.where(np.isnan(a.astype(np.float64)), np.nan, a.astype(np.float64)) if a.dtype.kind in "fV" else a


@pytest.mark.parametrize("id", ["gather", "gather_from_end"])
def test_gather_by_plain_loops(id: str) -> None:
    for sample in small(id):
        x, index = sample.arrays()
        want = np.zeros(index.shape, dtype=x.dtype)
        for at, place in named(sample):
            want[at] = x[place]
        np.testing.assert_array_equal(bits(result(id, sample)), bits(want), err_msg=sample.name)


@pytest.mark.parametrize("id", ["index_select", "index_axis"])
def test_slices_are_numpys(id: str) -> None:
    for sample in BY_ID[id].samples():
        x, index = sample.arrays()
        want = np.take(x, index, axis=sample.param("axis"))
        np.testing.assert_array_equal(bits(result(id, sample)), bits(want), err_msg=sample.name)


@pytest.mark.parametrize("id", ["scatter", "scatter_from_end"])
def test_scatter_by_plain_loops_writes_no_place_twice(id: str) -> None:
    for sample in small(id):
        x, _, source = sample.arrays()
        want, seen = x.copy(), set()
        for at, place in named(sample):
            want[place] = source[at]
            seen.add(place)
        assert len(seen) == source.size, sample.name
        np.testing.assert_array_equal(bits(result(id, sample)), bits(want), err_msg=sample.name)


def test_scatter_add_by_exact_fractions() -> None:
    for sample in small("scatter_add"):
        x, _, source = sample.arrays()
        if sample.name.endswith("special"):
            continue
        sums: dict[tuple[int, ...], Fraction] = {at: exact(x[at]) for at in np.ndindex(x.shape)}
        for at, place in named(sample):
            sums[place] += exact(source[at])
        (e,) = BY_ID["scatter_add"].reference(sample)
        low = np.zeros(e.shape) if e.low is None else e.low
        radius = np.broadcast_to(e.radius, e.shape)
        for at, true in sums.items():
            assert abs(exact(e.value[at]) + exact(low[at]) - true) <= exact(radius[at]), (sample.name, at)


def exact(value: Any) -> Fraction:
    return Fraction(int(value)) if np.asarray(value).dtype.kind in "iu" else Fraction(float(value))


def test_scatter_add_of_special_values() -> None:
    inf, nan = np.inf, np.nan
    for sample in BY_ID["scatter_add"].samples():
        if sample.name.endswith("special"):
            want = [[nan, inf, nan, nan, 0.0, 0.0, inf, -inf, 12.0]]
            np.testing.assert_array_equal(result("scatter_add", sample).astype(np.float64), want, err_msg=sample.name)


def test_integer_sums_do_not_wrap() -> None:
    for sample in BY_ID["scatter_add"].samples():
        if sample.dtype == "uint8":
            inputs = tuple(Tensor.of(a, "int64") for a in sample.arrays())
            wide = Sample(name=sample.name, dtype="int64", params=sample.params, inputs=inputs)
            np.testing.assert_array_equal(result("scatter_add", sample), result("scatter_add", wide))


def test_sums_are_judged_in_the_format_that_keeps_them() -> None:
    """Sums rounded to float16 after every addition pass; five percent do not."""
    for sample in BY_ID["scatter_add"].samples():
        if sample.name == "float16-rows":
            x, _, source = sample.arrays()
            kept = x.copy()
            for at, place in named(sample):
                kept[place] = np.float16(kept[place] + source[at])
            (e,) = BY_ID["scatter_add"].reference(sample)
            criterion = BY_ID["scatter_add"].criterion_for(sample)
            assert criterion.measure(kept, e).reason is Reason.WITHIN_BAND
            assert criterion.measure((kept * np.float16(1.05)).astype(np.float16), e).reason is not Reason.WITHIN_BAND


def test_special_values_keep_their_sign_of_zero() -> None:
    e = exactly(np.array([-0.0, 0.0]), dtype="float32")
    criterion = BY_ID["gather"].criterion_for(next(iter(BY_ID["gather"].samples())))
    assert criterion.measure(np.array([0.0, 0.0], dtype=np.float32), e).offenders == 1


def test_every_dtype_axis_and_end_is_asked() -> None:
    for id in ("gather", "scatter", "index_select"):
        samples = list(BY_ID[id].samples())
        assert {s.dtype for s in samples} >= {"bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64"}
        assert {s.param("axis") for s in samples} >= {0, 1, -1, -2}
        assert any(s.inputs[1].shape and 0 in s.inputs[1].shape for s in samples)
        assert any(a.size > 32_768 for s in samples for a in s.arrays())
    assert any(a.array().min(initial=0) < 0 for s in BY_ID["gather_from_end"].samples() for a in s.inputs[1:2])
    assert all(s.inputs[1].array().min(initial=0) >= 0 for id in ("gather", "scatter", "index_select") for s in BY_ID[id].samples())
    assert set(DTYPES) >= {s.dtype for f in FUNCTIONS for s in f.samples()}


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(FUNCTIONS) > 300
