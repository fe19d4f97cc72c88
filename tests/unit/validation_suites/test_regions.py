"""References of RoiAlign and NonMaxSuppression against the definition as plain loops; samples stay away from their breakpoints."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Sample
from csvkit_ml.references.regions import corners, overlap
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.regions import FUNCTIONS

MEAN, MAXIMUM, SUPPRESSION = FUNCTIONS


def bilinear(image: np.ndarray, y: float, x: float) -> float:
    """One channel at one place; more than one element outside counts nothing."""
    h, w = image.shape
    if not (-1 <= y <= h and -1 <= x <= w):
        return 0.0
    y, x = min(max(y, 0.0), h - 1.0), min(max(x, 0.0), w - 1.0)
    i, j = min(int(y), h - 2), min(int(x), w - 2)
    a, b = y - i, x - j
    top = (1 - b) * image[i, j] + b * image[i, j + 1]
    return float((1 - a) * top + a * ((1 - b) * image[i + 1, j] + b * image[i + 1, j + 1]))


def points(low: float, high: float, bins: int, sample: Sample) -> tuple[np.ndarray, int]:
    """Sampling points of an axis, bin by bin, and how many a bin has."""
    p: dict[str, Any] = dict(sample.params)
    half = p["coordinates"] == "half_pixel"
    start, length = low * p["scale"] - (0.5 if half else 0.0), (high - low) * p["scale"]
    side = (length if half else max(length, 1.0)) / bins
    count = p["ratio"] or max(1, int(np.ceil(side)))
    return np.array([start + i * side + (k + 0.5) * side / count for i in range(bins) for k in range(count)]), count


def lattice(sample: Sample, region: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int]:
    """(rows, columns, points of a bin down, across)."""
    x1, y1, x2, y2 = map(float, region)
    (y, ny), (x, nx) = (points(*ends, n, sample) for ends, n in zip(((y1, y2), (x1, x2)), sample.param("bins"), strict=True))
    return y, x, ny, nx


@pytest.mark.parametrize("function", [MEAN, MAXIMUM], ids=lambda f: f.id)
def test_bins_reduce_bilinear_samples(function: Any) -> None:
    reduce = np.mean if function is MEAN else np.max
    for sample in [s for s in function.samples() if s.dtype == "float32"]:
        images, regions, index = sample.arrays()
        (made,) = function.reference(sample)
        for k, region in enumerate(regions.astype(np.longdouble)):
            y, x, ny, nx = lattice(sample, region)
            image = images[index[k], 0].astype(np.float64)
            for i, j in np.ndindex(*sample.param("bins")):
                values = [bilinear(image, v, w) for v in y[i * ny : (i + 1) * ny] for w in x[j * nx : (j + 1) * nx]]
                assert abs(made.value[k, 0, i, j] - reduce(values)) <= 1e-12, sample.name


def test_numbers_of_points_and_edges_are_not_decided_by_rounding() -> None:
    for sample in MEAN.samples():
        _, regions, _ = sample.arrays()
        h, w = sample.inputs[0].shape[2:]
        for region in regions.astype(np.longdouble):
            y, x, _, _ = lattice(sample, region)
            for at, n in ((y, h), (x, w)):
                assert min(np.abs(at + 1).min(), np.abs(at - n).min()) > 1e-4, sample.name
            sides = (region[3] - region[1], region[2] - region[0])
            counts = [float(s * sample.param("scale") / b) for s, b in zip(sides, sample.param("bins"), strict=True)]
            assert sample.param("ratio") or all(abs(c - round(c)) > 1e-4 for c in counts), sample.name


def test_some_places_lie_outside_and_count_nothing() -> None:
    sample = next(iter(MEAN.samples()))
    found = [lattice(sample, r) for r in sample.arrays()[1].astype(np.longdouble)]
    assert any((y < -1).any() or (x < -1).any() for y, x, _, _ in found)


def test_overlaps_are_not_near_the_threshold() -> None:
    for sample in SUPPRESSION.samples():
        at = corners(sample.arrays()[0], sample.param("centred"))
        for boxes in at:
            all_pairs = overlap(boxes[:, None], boxes[None, :])
            assert np.abs(all_pairs - sample.param("iou"))[all_pairs > 0].min() > 1e-6, sample.name
        scores = sample.arrays()[1]
        assert sample.param("score") is None or np.abs(scores - sample.param("score")).min() > 1e-6
        assert all(len(set(row)) == len(row) for rows in scores for row in rows)


def test_the_reference_implementation_of_onnx_suppresses_alike() -> None:
    """Its order of rows is by batch and class, as ours."""
    for sample in [s for s in SUPPRESSION.samples() if sample_is_small(s)]:
        model = onnx.load_from_string(lower(SUPPRESSION.id, sample))
        (y,) = ReferenceEvaluator(model).run(None, {f"x{i}": a for i, a in enumerate(sample.arrays())})
        assert np.array_equal(y, SUPPRESSION.reference(sample)[0].value), sample.name


def sample_is_small(sample: Sample) -> bool:
    return sample.inputs[0].shape[1] <= 40


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS[:2]) > 20
