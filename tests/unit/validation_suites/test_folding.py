"""References of folding against the definition as plain loops, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Sample
from csvkit_ml.references.folded import out_sizes
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.folding import FUNCTIONS

UNFOLD, FOLD, UNPOOL = FUNCTIONS


def covered(sample: Sample) -> list[tuple[tuple[int, int, int, int], tuple[int, int]]]:
    """((i, j of the kernel, row, column of the window), place in the image) for all that falls into the image."""
    p: dict[str, Any] = dict(sample.params)
    found = []
    for tap in np.ndindex(*p["kernel"]):
        for at in np.ndindex(*out_sizes(p)):
            place = [o * s - a + k * d for o, s, a, k, d in zip(at, p["stride"], p["padding"], tap, p["dilation"], strict=True)]
            if all(0 <= q < n for q, n in zip(place, p["size"], strict=True)):
                found.append(((*tap, *at), (place[0], place[1])))
    return found


def test_unfold_shows_each_window_as_a_column() -> None:
    for sample in [s for s in UNFOLD.samples() if s.dtype == "float32" and "67" not in s.name]:
        x, p = sample.arrays()[0], dict[str, Any](sample.params)
        want = np.zeros((*x.shape[:2], *p["kernel"], *out_sizes(p)))
        for column, place in covered(sample):
            want[(..., *column)] = x[(..., *place)]
        (made,) = UNFOLD.reference(sample)
        assert np.array_equal(made.value, want.reshape(made.shape)), sample.name


def test_fold_adds_each_column_where_its_window_stands() -> None:
    for sample in [s for s in FOLD.samples() if s.dtype == "float32" and "67" not in s.name]:
        p: dict[str, Any] = dict(sample.params)
        x = sample.arrays()[0].astype(np.float64).reshape(2, 3, *p["kernel"], *out_sizes(p))
        want = np.zeros((2, 3, *p["size"]))
        for column, place in covered(sample):
            want[(..., *place)] += x[(..., *column)]
        (made,) = FOLD.reference(sample)
        assert np.abs(made.value - want).max() <= 1e-14, sample.name


def test_unpooling_puts_each_maximum_back() -> None:
    for sample in UNPOOL.samples():
        value, index = sample.arrays()
        (made,) = UNPOOL.reference(sample)
        for n, c in np.ndindex(value.shape[:2]):
            plane = made.value[n, c].ravel()
            assert np.array_equal(plane[index[n, c].ravel()], value[n, c].ravel().astype(np.float64))
            assert np.count_nonzero(plane) == value[n, c].size


def test_windows_that_overlap_are_sampled() -> None:
    assert any(FOLD.reference(s)[0].terms >= 6 for s in FOLD.samples())


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models([FOLD]) > 10


def test_the_reference_implementation_of_onnx_unpools_alike() -> None:
    """The checker cannot infer the shape that MaxUnpool is told, so its models are run instead, where windows fill the plane."""
    for sample in [s for s in UNPOOL.samples() if s.dtype == "float32"]:
        p: dict[str, Any] = dict(sample.params)
        filled = [(o - 1) * s + k for o, s, k in zip(sample.inputs[0].shape[2:], p["stride"], p["kernel"], strict=True)]
        if filled != list(p["sizes"]):
            continue
        model = onnx.load_from_string(lower(UNPOOL.id, sample))
        (y,) = ReferenceEvaluator(model).run(None, {f"x{i}": a for i, a in enumerate(sample.arrays())})
        assert np.array_equal(y, UNPOOL.reference(sample)[0].value), sample.name
