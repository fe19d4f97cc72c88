"""Padding that the library works out: sizes, ends and values against the definition as plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.convolution_padding import FUNCTIONS, ends

SAME, AUTO = FUNCTIONS


def float32(function: Function) -> list[Sample]:
    return [s for s in function.samples() if s.dtype == "float32"]


def one(sample: Sample, n: int, o: int, at: tuple[int, ...], low: tuple[int, ...]) -> float:
    """One output as a sum over input channels and taps that fall on data."""
    p: dict[str, Any] = dict(sample.params)
    x, w, *bias = (a.astype(np.float64) for a in sample.arrays())
    first = o // (w.shape[0] // p["groups"]) * w.shape[1]
    total = float(bias[0][o]) if bias else 0.0
    for c, *tap in np.ndindex(w.shape[1:]):
        place = [i * s - a + k * d for i, s, a, k, d in zip(at, p["stride"], low, tap, p["dilation"], strict=True)]
        if all(0 <= q < m for q, m in zip(place, x.shape[2:], strict=True)):
            total += x[(n, first + c, *place)] * w[(o, c, *tap)]
    return total


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_outputs_are_sums_over_taps(function: Function) -> None:
    for sample in float32(function)[::3]:
        low, _ = ends(sample)
        (made,) = function.reference(sample)
        for n, o, *at in list(np.ndindex(made.shape))[:: max(1, made.value.size // 40)]:
            assert abs(made.value[(n, o, *at)] - one(sample, n, o, tuple(at), low)) <= 1e-12, sample.name


def test_same_keeps_the_size_and_auto_pad_divides_it() -> None:
    for sample in float32(SAME):
        assert SAME.reference(sample)[0].shape[2:] == sample.inputs[0].shape[2:]
    for sample in [s for s in float32(AUTO) if s.param("auto") != "valid"]:
        want = tuple(-(-n // s) for n, s in zip(sample.inputs[0].shape[2:], sample.param("stride"), strict=True))
        assert AUTO.reference(sample)[0].shape[2:] == want


def test_odd_padding_is_sampled_at_both_ends() -> None:
    apart = {(a > b) - (a < b) for s in float32(AUTO) for a, b in zip(*ends(s), strict=True)}
    assert apart == {-1, 0, 1}


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 40
