"""Trigonometric and hyperbolic functions: certified references against mpmath, special values against numpy."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from csvkit_ml.libraries.onnxruntime.host import lowerings
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.second_route import Route, agrees
from validation_suites.inference.trigonometry import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}

ROUTES: dict[str, Route] = {
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": lambda x: mp.sin(x) / mp.cos(x),
    "asin": lambda x: mp.atan2(x, mp.sqrt((1 - x) * (1 + x))),
    "acos": lambda x: mp.atan2(mp.sqrt((1 - x) * (1 + x)), x),
    "atan": mp.atan,
    "atan2": mp.atan2,
    "sinh": lambda x: (mp.exp(x) - mp.exp(-x)) / 2,
    "cosh": lambda x: (mp.exp(x) + mp.exp(-x)) / 2,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": lambda x: mp.log((1 + x) / (1 - x)) / 2,
    "sinc": mp.sincpi,
    "hypot": mp.hypot,
    "deg2rad": mp.radians,
    "rad2deg": mp.degrees,
}
HOST = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh,
    "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "hypot": np.hypot,
}  # fmt: skip



@pytest.mark.parametrize("id", ROUTES)
def test_another_formula_agrees(id: str) -> None:
    assert agrees(BY_ID[id], ROUTES[id]) > 10


@pytest.mark.parametrize("id", HOST)
def test_special_values_are_numpys(id: str) -> None:
    for sample in BY_ID[id].samples():
        if sample.dtype == "float64" and "special" in sample.name:
            (e,) = BY_ID[id].reference(sample)
            with np.errstate(all="ignore"):
                host = np.broadcast_to(HOST[id](*sample.arrays()), e.shape)
            np.testing.assert_allclose(e.value, host, rtol=1e-12, atol=0, err_msg=sample.name)
            zeros = (e.value == 0) & (host == 0)
            np.testing.assert_array_equal(np.signbit(e.value[zeros]), np.signbit(host[zeros]))


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 50
