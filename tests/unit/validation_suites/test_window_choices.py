"""References of less common windows by plain loops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.window_choices import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def mean_at(x: np.ndarray, place: tuple[int, ...], p: dict[str, Any]) -> float:
    """One window of one channel, element by element."""
    total, count = 0.0, 0
    dilation = p.get("dilation", (1,) * x.ndim)
    for tap in itertools.product(*map(range, p["kernel"])):
        at = [o * s - a + t * d for o, s, a, t, d in zip(place, p["stride"], p["padding"], tap, dilation, strict=True)]
        inside = all(0 <= i < n for i, n in zip(at, x.shape, strict=True))
        padded = all(-a <= i < n + a for i, n, a in zip(at, x.shape, p["padding"], strict=True))
        total += float(x[tuple(at)]) if inside else 0.0
        count += inside or (padded and p["count_include_pad"])
    return total / p.get("divisor", count)


def check_means(id: str) -> None:
    for sample in BY_ID[id].samples():
        (e,), x = BY_ID[id].reference(sample), sample.arrays()[0]
        for place in list(np.ndindex(*e.shape[2:]))[::5]:
            assert abs(e.value[(1, 2, *place)] - mean_at(x[1, 2], place, dict(sample.params))) <= 1e-12 * (1 + abs(x).max()), sample.name


def test_means_of_spread_windows_by_loops() -> None:
    check_means("avg_pool_spread")


def test_means_by_a_divisor_by_loops() -> None:
    check_means("avg_pool_divided")


def scattered(sample: Sample) -> np.ndarray:
    """Every input element adds the kernel, spread and moved, to the output."""
    p, (x, w, *bias) = dict(sample.params), (a.astype(np.float64) for a in sample.arrays())
    groups, half = p["groups"], w.ndim - 2
    extents = [s * (n - 1) + d * (k - 1) + 1 for n, k, s, d in zip(x.shape[2:], w.shape[2:], p["stride"], p["dilation"], strict=True)]
    y = np.zeros((x.shape[0], w.shape[1] * groups, *extents))
    for c, place in itertools.product(range(x.shape[1]), np.ndindex(*x.shape[2:])):
        g = c // (x.shape[1] // groups)
        reach = tuple(slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(place, p["stride"], p["dilation"], w.shape[2:], strict=True))
        added = x[(slice(None), c, *place)].reshape(-1, *(1,) * (half + 1)) * w[c]
        y[(slice(None), slice(g * w.shape[1], (g + 1) * w.shape[1]), *reach)] += added
    y = y[(..., *(slice(a, n - a) for n, a in zip(extents, p["padding"][:half], strict=True)))]
    return y + bias[0].reshape(-1, *(1,) * half) if bias else y


def test_transposed_convolution_scatters() -> None:
    for sample in BY_ID["conv_transpose_to_shape"].samples():
        (e,) = BY_ID["conv_transpose_to_shape"].reference(sample)
        np.testing.assert_allclose(e.value, scattered(sample), rtol=1e-11, atol=1e-11, err_msg=sample.name)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 30
