"""References of grid_sample and affine_grid against the definition, point by point, and ONNX's own reference implementation."""

from __future__ import annotations

from itertools import product
from math import floor
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.sampling_grids import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
NEAREST, LINEAR, CUBIC, AFFINE = FUNCTIONS


def small(id: str) -> list[Sample]:
    return [s for s in BY_ID[id].samples() if "itself" not in s.name and "c33" not in s.name and s.dtype == "float32"]


def folded(x: float, n: int, align: bool) -> float:
    """Reflected at the ends until it is inside."""
    low, high = (0.0, n - 1.0) if align else (-0.5, n - 0.5)
    while not low <= x <= high:
        x = 2 * low - x if x < low else 2 * high - x
    return x


def kernel(s: float, a: float | None) -> float:
    if a is None:
        return max(0.0, 1 - s)
    return (a + 2) * s**3 - (a + 3) * s**2 + 1 if s <= 1 else a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a if s < 2 else 0.0


def at(image: np.ndarray, place: list[int], p: dict[str, Any]) -> float:
    """An element, or what stands outside."""
    if p["padding"] == "zeros" and not all(0 <= i < n for i, n in zip(place, image.shape, strict=True)):
        return 0.0
    if p["padding"] == "reflection":
        place = [round(folded(i, n, p["align_corners"])) for i, n in zip(place, image.shape, strict=True)]
    return float(image[tuple(min(max(i, 0), n - 1) for i, n in zip(place, image.shape, strict=True))])


def point(image: np.ndarray, g: np.ndarray, p: dict[str, Any]) -> float:
    ends = list(zip(g[::-1], image.shape, strict=True))
    x = [(v + 1) / 2 * (n - 1) if p["align_corners"] else ((v + 1) * n - 1) / 2 for v, n in ends]
    total = 0.0
    for taps in product(*(range(floor(v) - 2, floor(v) + 4) for v in x)):
        weight = float(np.prod([kernel(abs(v - j), p["a"]) for v, j in zip(x, taps, strict=True)]))
        total += weight * at(image, list(taps), p) if weight else 0.0
    return total


@pytest.mark.parametrize("id", ["grid_sample_linear", "grid_sample_cubic"])
def test_interpolation_is_a_weighted_sum_around_each_place(id: str) -> None:
    for sample in small(id):
        x, grid = (a.astype(np.float64) for a in sample.arrays())
        (made,) = BY_ID[id].reference(sample)
        for n, *place in list(np.ndindex(grid.shape[:-1]))[::3]:
            want = point(x[n, 0], grid[(n, *place)], dict(sample.params))
            assert abs(made.value[(n, 0, *place)] - want) <= 1e-12, sample.name


def test_nearest_shows_the_element_around_the_place() -> None:
    for sample in small("grid_sample_nearest"):
        x, grid = (a.astype(np.float64) for a in sample.arrays())
        p: dict[str, Any] = dict(sample.params)
        (made,) = NEAREST.reference(sample)
        assert not (made.extra["also"] != made.value).any(), sample.name
        for n, *place in np.ndindex(grid.shape[:-1]):
            ends = list(zip(grid[(n, *place)][::-1], x.shape[2:], strict=True))
            centre = [(v + 1) / 2 * (m - 1) if p["align_corners"] else ((v + 1) * m - 1) / 2 for v, m in ends]
            assert made.value[(n, 0, *place)] == at(x[n, 0], [round(v) for v in centre], p), sample.name


def renamed(model: onnx.ModelProto) -> onnx.ModelProto:
    """As operator set 20 names the modes, which the reference implementation takes for those of 16 too."""
    names = {b"bilinear": b"linear", b"bicubic": b"cubic"}
    for mode in (a for n in model.graph.node for a in n.attribute if a.name == "mode"):
        mode.s = names.get(mode.s, mode.s)
    model.opset_import[0].version = 20
    return model


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_the_reference_implementation_of_onnx_agrees(function: Any) -> None:
    """Beyond the edge it moves the place, where torch and onnxruntime move each tap of a cubic: cubic is compared inside."""
    compared = 0
    kept = [s for s in function.samples() if s.dtype == "float32" and s.inputs[0].shape[2:] in ((7, 9), (12, 5), (3,))]
    for sample in [s for s in kept if "cubic" not in function.id or "-inside" in s.name][:3]:
        model = renamed(onnx.load_from_string(lower(function.id, sample)))
        feeds = {f"x{i}": a for i, a in enumerate(sample.arrays())}
        (y,) = ReferenceEvaluator(model).run(None, feeds)
        (made,) = function.reference(sample)
        assert np.allclose(y, made.value, rtol=1e-4, atol=1e-4), sample.name
        compared += 1
    assert compared >= 2


def test_a_grid_of_the_identity_holds_the_places_of_the_elements() -> None:
    sample = next(s for s in AFFINE.samples() if s.name == "float32-turned-0")
    (made,) = AFFINE.reference(sample)
    line = (2 * np.arange(8) + 1) / 8 - 1
    assert np.abs(made.value[0, :, :, 0] - line - 0.25).max() <= 1e-15
    assert np.abs(made.value[0, :, :, 1] - line[:, None] + 0.5).max() <= 1e-15


def test_an_image_sampled_at_its_own_places_is_itself() -> None:
    for function in (LINEAR, CUBIC):
        sample = next(s for s in function.samples() if "itself" in s.name)
        (made,) = function.reference(sample)
        assert np.abs(made.value - sample.arrays()[0]).max() <= 1e-4


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 60
