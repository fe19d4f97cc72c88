"""References of convolutions against the definition as plain loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.convolution import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def direct(sample: Sample, shape: tuple[int, ...]) -> np.ndarray:
    """Every output as a sum over input channels and taps that fall on data."""
    p: dict[str, Any] = dict(sample.params)
    x, w, *bias = (a.astype(np.longdouble if sample.dtype == "float64" else np.float64) for a in sample.arrays())
    out = np.zeros(shape, dtype=x.dtype)
    per_in, per_out = w.shape[1], w.shape[0] // p["groups"]
    for n, o, *at in np.ndindex(shape):
        total = bias[0][o] if bias else x.dtype.type(0)
        for c, *tap in np.ndindex(w.shape[1:]):
            place = [i * s - a + k * d for i, s, a, k, d in zip(at, p["stride"], p["padding"], tap, p["dilation"], strict=False)]
            if all(0 <= q < m for q, m in zip(place, x.shape[2:], strict=True)):
                total += x[(n, o // per_out * per_in + c, *place)] * w[(o, c, *tap)]
        out[(n, o, *at)] = total
    return out


def scattered(sample: Sample, shape: tuple[int, ...]) -> np.ndarray:
    """Transposed convolution: every input adds its kernel to the output."""
    p: dict[str, Any] = dict(sample.params)
    x, w, *bias = (a.astype(np.longdouble if sample.dtype == "float64" else np.float64) for a in sample.arrays())
    out = np.zeros(shape, dtype=x.dtype)
    per_in = x.shape[1] // p["groups"]
    for (n, c, *at), o in product(np.ndindex(x.shape), range(w.shape[1])):
        for tap in np.ndindex(w.shape[2:]):
            place = [i * s - a + k * d for i, s, a, k, d in zip(at, p["stride"], p["padding"], tap, p["dilation"], strict=False)]
            if all(0 <= q < m for q, m in zip(place, shape[2:], strict=True)):
                out[(n, c // per_in * w.shape[1] + o, *place)] += x[(n, c, *at)] * w[(c, o, *tap)]
    return out + bias[0].reshape(-1, *(1,) * (out.ndim - 2)) if bias else out


def agree(function: Function, sample: Sample, value: Any) -> None:
    (made,) = function.reference(sample)
    total = value(sample, made.shape)
    error = np.abs(made.value - total + (0 if made.low is None else made.low))
    assert (error <= 2 * np.asarray(made.radius) + 1e-300).all(), sample.name


def some(function: Function) -> list[Sample]:
    return [s for s in function.samples() if "positive" not in s.name and "special" not in s.name]


@pytest.mark.parametrize("sample", some(BY_ID["conv1d"]), ids=lambda s: s.name)
def test_conv1d_is_its_definition(sample: Sample) -> None:
    agree(BY_ID["conv1d"], sample, direct)


@pytest.mark.parametrize("sample", some(BY_ID["conv2d"])[::4], ids=lambda s: s.name)
def test_conv2d_is_its_definition(sample: Sample) -> None:
    agree(BY_ID["conv2d"], sample, direct)


def test_conv3d_is_its_definition() -> None:
    for sample in some(BY_ID["conv3d"])[::5]:
        agree(BY_ID["conv3d"], sample, direct)


@pytest.mark.parametrize("id", ["conv_transpose1d", "conv_transpose3d"])
def test_other_transposed_convolutions_are_their_definition(id: str) -> None:
    for sample in some(BY_ID[id])[::5]:
        agree(BY_ID[id], sample, scattered)


@pytest.mark.parametrize("sample", some(BY_ID["conv_transpose2d"])[::3], ids=lambda s: s.name)
def test_conv_transpose2d_is_its_definition(sample: Sample) -> None:
    agree(BY_ID["conv_transpose2d"], sample, scattered)


def test_the_size_of_a_transposed_convolution() -> None:
    for sample in some(BY_ID["conv_transpose2d"]):
        p: dict[str, Any] = dict(sample.params)
        x, w, *_ = sample.arrays()
        (made,) = BY_ID["conv_transpose2d"].reference(sample)
        for i in range(2):
            span = p["dilation"][i] * (w.shape[2 + i] - 1) + 1
            want = (x.shape[2 + i] - 1) * p["stride"][i] - p["padding"][i] - p["padding"][2 + i] + span + p["output_padding"][i]
            assert made.shape[2 + i] == want, sample.name


def test_samples_cover_groups_dilation_bias_and_asymmetric_padding() -> None:
    rows = [(dict(s.params), len(s.inputs)) for s in BY_ID["conv2d"].samples()]
    assert {p["groups"] for p, _ in rows} == {1, 2, 5}
    assert {n for _, n in rows} == {2, 3}
    assert any(p["padding"][:2] != p["padding"][2:] for p, _ in rows)
    assert any(p["dilation"] != (1, 1) and p["stride"] != (1, 1) for p, _ in rows)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 40
