"""References of pooling against the definition as plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.pooling import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
MAX, AVG = BY_ID["max_pool2d"], BY_ID["avg_pool2d"]


def one(sample: Sample, at: tuple[int, ...], plane: np.ndarray) -> tuple[list[float], int]:
    """Values of the data in a window, and how many places lie in data or padding."""
    p: dict[str, Any] = dict(sample.params)
    dilation = p.get("dilation", (1,) * plane.ndim)
    places = [
        tuple(o * s - a + k * d for o, s, a, k, d in zip(at, p["stride"], p["padding"], tap, dilation, strict=True))
        for tap in np.ndindex(p["kernel"])
    ]
    inside = [q for q in places if all(0 <= v < n for v, n in zip(q, plane.shape, strict=True))]
    padded = [q for q in places if all(v < n + a for v, n, a in zip(q, plane.shape, p["padding"], strict=True))]
    return [float(plane[q]) for q in inside], len(padded)


def small(function: Function) -> list[Sample]:
    return [s for s in function.samples() if "-n3" not in s.name and "-n4" not in s.name and s.dtype == "float32"]


@pytest.mark.parametrize("sample", small(MAX), ids=lambda s: s.name)
def test_max_is_the_largest_of_the_data_in_each_window(sample: Sample) -> None:
    (made,) = BY_ID[f"max_pool{len(sample.param('kernel'))}d"].reference(sample)
    x = sample.arrays()[0]
    for n, c, *at in np.ndindex(made.shape):
        values, _ = one(sample, tuple(at), x[n, c])
        want = math.nan if any(map(math.isnan, values)) else max(values)
        got = float(made.value[(n, c, *at)])
        assert got == want or math.isnan(got) and math.isnan(want)


@pytest.mark.parametrize("sample", [s for s in small(AVG) if "special" not in s.name], ids=lambda s: s.name)
def test_mean_counts_data_or_data_and_padding(sample: Sample) -> None:
    (made,) = AVG.reference(sample)
    x = sample.arrays()[0]
    for n, c, *at in np.ndindex(made.shape):
        values, padded = one(sample, tuple(at), x[n, c])
        want = math.fsum(values) / (padded if sample.param("count_include_pad") else len(values))
        assert abs(float(made.value[(n, c, *at)]) - want) <= 1e-15


def test_ceil_mode_drops_a_window_that_starts_in_the_padding_after_the_data() -> None:
    sample = next(s for s in MAX.samples() if s.param("ceil_mode"))
    for s in MAX.samples():
        (made,) = MAX.reference(s)
        for i in range(2):
            start = (made.shape[2 + i] - 1) * s.param("stride")[i]
            assert start < s.arrays()[0].shape[2 + i] + s.param("padding")[i]
    assert sample.param("ceil_mode") is True


@pytest.mark.parametrize("dims", [1, 3])
def test_one_and_three_axes_follow_the_same_definition(dims: int) -> None:
    for sample in small(BY_ID[f"max_pool{dims}d"])[::4]:
        test_max_is_the_largest_of_the_data_in_each_window(sample)
    for sample in [s for s in small(BY_ID[f"avg_pool{dims}d"]) if "special" not in s.name][::4]:
        (made,) = BY_ID[f"avg_pool{dims}d"].reference(sample)
        x = sample.arrays()[0]
        for n, c, *at in np.ndindex(made.shape):
            values, padded = one(sample, tuple(at), x[n, c])
            want = math.fsum(values) / (padded if sample.param("count_include_pad") else len(values))
            assert abs(float(made.value[(n, c, *at)]) - want) <= 1e-15


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_power_mean_sums_the_data_of_each_window(dims: int) -> None:
    function = BY_ID[f"lp_pool{dims}d"]
    for sample in [s for s in function.samples() if s.dtype == "float32"][::2]:
        (made,) = function.reference(sample)
        x, p = sample.arrays()[0], int(sample.param("p"))
        for n, c, *at in np.ndindex(made.shape):
            want = math.fsum(v**p for v in one(sample, tuple(at), x[n, c])[0]) ** (1 / p)
            assert abs(float(made.value[(n, c, *at)]) - want) <= 1e-14 * want


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 30
