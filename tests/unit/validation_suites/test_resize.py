"""References of resizing against numpy's interpolation, the kernel as plain loops and ONNX's own reference implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.criteria import OneOf
from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Function, Reason, Sample, SampleClass
from csvkit_ml.references.resized import axes
from csvkit_ml.references.resizing import ROUNDINGS_OF_A_COORDINATE, Axis
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.resize import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
NEAREST = [f for f in FUNCTIONS if "nearest" in f.id]
SMOOTH = [f for f in FUNCTIONS if "nearest" not in f.id]


def small(function: Function, dtype: str = "float32") -> list[Sample]:
    return [s for s in function.samples() if s.dtype == dtype and "-of-" not in s.name and "finite" not in s.name]


def in_floats(axis: Axis, real: type = np.float64) -> np.ndarray:
    """Coordinates as the operator specification writes them, every step rounded."""
    i, half = np.arange(axis.m).astype(real), real(0.5)
    scale = real(float(axis.scale)) if axis.scale != real(axis.m) / real(axis.n) else real(axis.m) / real(axis.n)
    if axis.coordinates == "asymmetric":
        return i / scale
    if axis.coordinates == "align_corners":
        return i * real(axis.n - 1) / real(max(1, axis.m - 1))
    if axis.coordinates == "pytorch_half_pixel" and axis.m == 1:
        return np.zeros(1, dtype=real)
    shift = real(0)
    if axis.coordinates == "half_pixel_symmetric":
        shift = real(axis.n) / real(2) * (real(1) - real(axis.m) / (scale * real(axis.n)))
    return shift + (i + half) / scale - half


def multiplied(axis: Axis) -> np.ndarray:
    """In float32 by the reciprocal of the scale, rounded first: another legitimate order of the steps."""
    f = np.float32
    i, inverse = np.arange(axis.m).astype(f), f(1) / f(float(axis.scale))
    return i * inverse if axis.coordinates == "asymmetric" else (i + f(0.5)) * inverse - f(0.5)


@pytest.mark.parametrize("sample", small(BY_ID["resize_linear"]), ids=lambda s: s.name)
def test_linear_is_numpys_interpolation_axis_by_axis(sample: Sample) -> None:
    y = sample.arrays()[0].astype(np.float64)
    for k, axis in enumerate(axes(sample)):
        y = np.apply_along_axis(lambda row, axis=axis: np.interp(in_floats(axis), np.arange(axis.n), row), k + 2, y)
    (made,) = BY_ID["resize_linear"].reference(sample)
    assert np.abs(made.value - y).max() <= 1e-13


def kernel(s: float, a: float | None) -> float:
    if a is None:
        return max(0.0, 1 - s)
    return (a + 2) * s**3 - (a + 3) * s**2 + 1 if s <= 1 else a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a if s < 2 else 0.0


def convolved(row: np.ndarray, axis: Axis, p: dict[str, Any]) -> np.ndarray:
    """A row convolved tap by tap, the kernel widened where antialiasing asks for it."""
    out, ratio = [], min(1.0, float(axis.scale)) if p.get("antialias") else 1.0
    for x in in_floats(axis):
        total = weight = 0.0
        for j in range(-40, axis.n + 40):
            w = kernel(abs(x - j) * ratio, p["a"])
            if 0 <= j < axis.n or not p["exclude_outside"]:
                total, weight = total + w * row[min(max(j, 0), axis.n - 1)], weight + w
        out.append(total / weight)
    return np.array(out)


@pytest.mark.parametrize("id", ["resize_cubic", "interpolate_antialiased"])
def test_cubic_and_antialiasing_are_convolutions_axis_by_axis(id: str) -> None:
    for sample in small(BY_ID[id])[::2]:
        y, p = sample.arrays()[0][:1, :1].astype(np.float64), dict[str, Any](sample.params)
        for k, axis in enumerate(axes(sample)):
            y = np.apply_along_axis(convolved, k + 2, y, axis, p)
        (made,) = BY_ID[id].reference(sample)
        assert np.abs(made.value[:1, :1] - y).max() <= 1e-12, sample.name


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_the_reference_implementation_of_onnx_agrees(function: Function) -> None:
    """Where it decides by coordinates rounded in double (symmetric), or widens the kernel by another rule, it is not compared."""
    compared = 0
    for sample in small(function)[::5]:
        shrinks = sample.param("coordinates") == "half_pixel_symmetric" or any(a.scale < 1 for a in axes(sample))
        if len(sample.inputs[0].shape) > 4 or function.id in ("interpolate_antialiased", "resize_cubic") and shrinks:
            continue
        model = onnx.load_from_string(lower(function.id, sample))
        (y,) = ReferenceEvaluator(model).run(None, {"x0": sample.arrays()[0]})
        (made,) = function.reference(sample)
        near = np.isclose(y, made.value, rtol=1e-4, atol=1e-4)
        for other in made.extra.get("also", ()):
            near |= y == other
        assert near.all(), sample.name
        compared += 1
    assert compared >= 2


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_a_coordinate_in_float32_is_as_near_as_stated(function: Function) -> None:
    for sample in function.samples():
        for axis in axes(sample):
            ways = [in_floats(axis, np.float32)] + ([multiplied(axis)] if axis.coordinates in ("asymmetric", "half_pixel") else [])
            for x in ways:
                error = [abs(float(v) - float(axis.coordinate(i))) for i, v in enumerate(x)]
                limit = [ROUNDINGS_OF_A_COORDINATE * 2.0**-24 * float(axis.magnitude(i)) for i in range(axis.m)]
                assert all(e <= t for e, t in zip(error, limit, strict=True)), sample.name
                assert not axis.exact() or not any(error)


@pytest.mark.parametrize("function", NEAREST, ids=lambda f: f.id)
def test_ordinary_samples_of_nearest_leave_no_choice_and_most_others_little(function: Function) -> None:
    open_share = []
    for sample in function.samples():
        (made,) = function.reference(sample)
        also = made.extra.get("also", np.empty((0, *made.shape)))
        differ = np.any(also != made.value, axis=0) if also.size else np.zeros(made.shape, dtype=bool)
        open_share.append(float(differ.mean()))
        if sample.why is SampleClass.ORDINARY or all(axis.exact() for axis in axes(sample)):
            assert not differ.any(), sample.name
    assert np.mean(open_share) < 0.25
    assert sum(s == 0 for s in open_share) > len(open_share) / 3


def test_a_choice_is_accepted_only_where_it_is_stated() -> None:
    function = BY_ID["interpolate_nearest"]
    sample = next(s for s in small(function) if "x3-sizes" in s.name)
    (made,) = function.reference(sample)
    criterion = function.criterion_for(sample)
    assert isinstance(criterion, OneOf)
    true = made.value.astype(np.float32)
    other = made.extra["also"][-1].astype(np.float32)
    assert criterion.measure(true, made).reason is Reason.IDENTICAL
    assert criterion.measure(other, made).reason is Reason.WITHIN_BAND
    assert criterion.measure(np.roll(true, 1, axis=-1), made).reason is Reason.BEYOND_HARD
    wrong = other.copy()
    wrong[(0,) * wrong.ndim] += 1
    found = criterion.measure(wrong, made)
    assert found.reason is Reason.BEYOND_HARD
    assert found.offenders == 1


@pytest.mark.parametrize("function", SMOOTH, ids=lambda f: f.id)
def test_the_limit_tells_a_coordinate_that_is_a_thousandth_off(function: Function) -> None:
    """At most a thousandth of the slope anywhere: what a table of weights with 10 bits would cost."""
    for sample in small(function):
        (made,) = function.reference(sample)
        criterion = function.criterion_for(sample)
        slope = np.abs(np.diff(made.value, axis=-1)).max() if made.shape[-1] > 1 else 1.0
        off = (made.value + 1e-3 * slope).astype(np.float32)
        assert criterion.measure(off, made).reason is Reason.BEYOND_HARD


def test_nothing_is_resized_to_nothing() -> None:
    assert all(min(s.param("sizes")) >= 1 for f in FUNCTIONS for s in f.samples())


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 100
