"""References of resized regions against numpy's interpolation, plain loops and ONNX's own reference implementation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Function, Sample
from csvkit_ml.references.resized_regions import kept, ratio, regions
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.resize_regions import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
CROPPED = [f for f in FUNCTIONS if "cropped" in f.id]
KEPT = [f for f in FUNCTIONS if "kept" in f.id]


def places(start: float, end: float, n: int, m: int) -> np.ndarray:
    """As the operator specification writes them, in double."""
    if m == 1:
        return np.array([0.5 * (start + end) * (n - 1)])
    return start * (n - 1) + np.arange(m) * ((end - start) * (n - 1) / (m - 1))


@pytest.mark.parametrize("id", ["resize_cropped_linear", "resize_cropped_same_size", "resize_cropped_by_scales"])
def test_linear_is_numpys_interpolation_axis_by_axis(id: str) -> None:
    for sample in BY_ID[id].samples():
        y, gone = sample.arrays()[0].astype(np.float64), np.zeros((), dtype=bool)
        for k, ((start, end), m) in enumerate(zip(sample.param("region"), sample.param("sizes"), strict=True)):
            n = y.shape[k + 2]
            at = places(start, end, n, m)
            y = np.apply_along_axis(lambda row, at=at, n=n: np.interp(at, np.arange(n), row), k + 2, y)
            gone = gone[..., None] | ((at < -1e-9) | (at > n - 1 + 1e-9))
        (made,) = BY_ID[id].reference(sample)
        assert np.abs(made.value - np.where(gone, sample.param("outside"), y)).max() <= 1e-12, sample.name


def by_onnx(function: Function, sample: Sample) -> np.ndarray:
    model = onnx.load_from_string(lower(function.id, sample))
    return np.asarray(ReferenceEvaluator(model).run(None, {"x0": sample.arrays()[0]})[0])


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if "scales" not in f.id and "nearest" not in f.id], ids=lambda f: f.id)
def test_the_reference_implementation_of_onnx_agrees(function: Function) -> None:
    """Sizes by scales are not compared: it rounds the extent by another rule."""
    for sample in [s for s in function.samples() if len(s.inputs[0].shape) < 5][::4]:
        y = by_onnx(function, sample)
        (made,) = function.reference(sample)
        assert np.allclose(y, made.value, rtol=1e-4, atol=1e-4), sample.name


@pytest.mark.parametrize("id", ["resize_cropped_nearest", "resize_kept_aspect_nearest"])
def test_nearest_shows_what_loops_by_the_definition_show(id: str) -> None:
    rules = {"floor": np.floor, "ceil": np.ceil, "round_prefer_floor": lambda v: np.ceil(v - 0.5), "round_prefer_ceil": lambda v: np.floor(v + 0.5)}
    for sample in BY_ID[id].samples():
        y, gone, rule = sample.arrays()[0], np.zeros((), dtype=bool), rules[sample.param("rounding")]
        (made,) = BY_ID[id].reference(sample)
        for k, m in enumerate(made.shape[2:]):
            n = y.shape[k + 2]
            if "region" in dict(sample.params):
                at = np.array([float(a.coordinate(i)) for a in [regions(sample)[k]] for i in range(m)])
                assert np.allclose(at, places(*sample.param("region")[k], n, m), atol=1e-9)
            else:
                s, i = float(ratio(sample)), np.arange(m)
                half = (i + 0.5) / s - 0.5
                at = {"asymmetric": i / s, "align_corners": i * (n - 1) / max(1, m - 1)}.get(sample.param("coordinates"), half)
                at = np.zeros(1) if m == 1 and sample.param("coordinates") == "pytorch_half_pixel" else at
            y = np.take(y, np.clip(rule(np.round(at, 9)), 0, n - 1).astype(int), axis=k + 2)
            gone = gone[..., None] | ((at < -1e-9) | (at > n - 1 + 1e-9))
        want = np.where(gone, sample.param("outside"), y) if "region" in dict(sample.params) else y
        near = want == made.value
        for other in made.extra.get("also", ()):
            near |= want == other
        assert near.all(), sample.name


@pytest.mark.parametrize("function", CROPPED, ids=lambda f: f.id)
def test_rounding_leaves_no_doubt_about_what_lies_outside(function: Function) -> None:
    assert all(axis.decided() for sample in function.samples() for axis in regions(sample))
    assert any(axis.outside().any() for sample in function.samples() for axis in regions(sample))


@pytest.mark.parametrize("function", KEPT, ids=lambda f: f.id)
def test_the_ratio_is_kept_and_no_extent_is_near_a_half(function: Function) -> None:
    for sample in function.samples():
        size, scale = sample.inputs[0].shape[2:], ratio(sample)
        extents, wanted = kept(size, scale), sample.param("wanted")
        assert all(abs(n * scale % 1 - Fraction(1, 2)) > Fraction(1, 1000) for n in size)
        assert any(m == w for m, w in zip(extents, wanted, strict=True))
        bounded = [m <= w if sample.param("policy") == "not_larger" else m >= w for m, w in zip(extents, wanted, strict=True)]
        assert all(bounded), sample.name


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 50
