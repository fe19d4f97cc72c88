"""Activations: certified references against mpmath, choices against plain loops, models accepted by the ONNX checker."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from csvkit_ml.libraries.onnxruntime.host import lowerings
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.second_route import Route, agrees
from validation_suites.inference.activations import ALPHA, FUNCTIONS, GAMMA

BY_ID = {f.id: f for f in FUNCTIONS}


def _softplus(x: Any, beta: float, threshold: float) -> Any:
    return x if beta * x > threshold else mp.log(1 + mp.exp(beta * x)) / beta


def _below(x: Any, slope: Any) -> Any:
    return x if x >= 0 else slope * x


def _shrunk(x: Any, lambd: float) -> Any:
    return mp.sign(x) * max(abs(x) - mp.mpf(lambd), 0)


ROUTES: dict[str, Route] = {
    "elu": lambda x, alpha: max(x, 0) + alpha * (mp.exp(min(x, 0)) - 1),
    "celu": lambda x, alpha: max(x, 0) + min(0, alpha * (mp.exp(x / alpha) - 1)),
    "selu": lambda x: mp.mpf(GAMMA) * (max(x, 0) + mp.mpf(ALPHA) * (mp.exp(min(x, 0)) - 1)),
    "leaky_relu": _below,
    "rrelu": lambda x, lower, upper: _below(x, (mp.mpf(lower) + upper) / 2),
    "softplus": _softplus,
    "logsigmoid": lambda x: mp.log(1 / (1 + mp.exp(-x))),
    "silu": lambda x: x * mp.exp(x) / (1 + mp.exp(x)),
    "mish": lambda x: x * ((1 + mp.exp(x)) ** 2 - 1) / ((1 + mp.exp(x)) ** 2 + 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanhshrink": lambda x: x - mp.sinh(x) / mp.cosh(x),
    "hardsigmoid": lambda x: min(max(x / 6 + mp.mpf(1) / 2, 0), 1),
    "hardswish": lambda x: x * min(max(x / 6 + mp.mpf(1) / 2, 0), 1),
    "softshrink": _shrunk,
}
LOOPS: dict[str, Route] = {
    "hardshrink": lambda x, lambd: x if x > lambd or x < -lambd else 0.0,
    "threshold": lambda x, threshold, value: x if x > threshold else value,
    "thresholded_relu": lambda x, alpha: x if x > alpha else 0.0,
    "relu6": lambda x: x if math.isnan(x) else min(max(0.0, x), 6.0),
    "hardtanh": lambda x, low, high: x if math.isnan(x) else min(max(low, x), high),
}


@pytest.mark.parametrize("id", ROUTES)
def test_another_formula_agrees(id: str) -> None:
    assert agrees(BY_ID[id], ROUTES[id]) > 10


@pytest.mark.parametrize("id", LOOPS)
def test_choices_are_those_of_a_loop(id: str) -> None:
    for sample in BY_ID[id].samples():
        if "all" not in sample.name and "n40000" not in sample.name:
            (e,), x = BY_ID[id].reference(sample), sample.arrays()[0].astype(np.float64)
            want = [LOOPS[id](v, **dict(sample.params)) for v in x.ravel().tolist()]
            np.testing.assert_array_equal(e.value.ravel(), want, err_msg=sample.name)


def test_gated_halves_and_slopes() -> None:
    for sample in BY_ID["glu"].samples():
        if sample.dtype == "float64":
            (e,), a = BY_ID["glu"].reference(sample), sample.arrays()[0]
            first, second = np.split(a, 2, axis=sample.param("axis"))
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(e.value, first / (1 + np.exp(-second)), rtol=1e-14)
    for sample in BY_ID["prelu"].samples():
        if sample.dtype == "float64" and "special" not in sample.name:
            (e,), (x, w) = BY_ID["prelu"].reference(sample), sample.arrays()
            for n, c, i in np.ndindex(*x.shape):
                slope = w[c] if w.size > 1 else w[0]
                assert e.value[n, c, i] == max(x[n, c, i], 0) + slope * min(x[n, c, i], 0)


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 50
