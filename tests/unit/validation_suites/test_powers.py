"""Powers: certified references against mpmath, the table of special values against the C library, integers against repeated products."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from csvkit_ml.libraries.onnxruntime.host import lowerings
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.second_route import Route, agrees
from validation_suites.inference.powers import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}

ROUTES: dict[str, Route] = {
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "pow": mp.power,
    "pow_number": lambda x, exponent: mp.power(x, exponent),
    "float_power": mp.power,
}



@pytest.mark.parametrize("id", ROUTES)
def test_another_formula_agrees(id: str) -> None:
    assert agrees(BY_ID[id], ROUTES[id]) > 10


def test_special_values_are_those_of_the_c_library() -> None:
    """math.pow follows Annex F; it raises where the answer is a pole or NaN."""
    (sample,) = (s for s in BY_ID["pow"].samples() if s.name == "float64-special-pairs")
    (e,) = BY_ID["pow"].reference(sample)
    x, y = np.broadcast_arrays(*sample.arrays())
    for i in np.ndindex(*e.shape):
        a, b = float(x[i]), float(y[i])
        try:
            want = math.pow(a, b)
        except ValueError:
            assert np.isnan(e.value[i]) or (a == 0 and np.isinf(e.value[i])), (a, b)
        except OverflowError:
            assert np.isinf(e.value[i]), (a, b)
        else:
            np.testing.assert_allclose(e.value[i], want, rtol=1e-14, err_msg=str((a, b)))
            assert math.copysign(1, e.value[i]) == math.copysign(1, want) or np.isnan(want), (a, b)


def test_squares_and_integer_powers_are_products() -> None:
    for sample in BY_ID["square"].samples():
        if sample.dtype in ("float32", "float64", "int32", "int64"):
            (x,), (e,) = sample.arrays(), BY_ID["square"].reference(sample)
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(e.value, x * x)
    for sample in BY_ID["integer_pow"].samples():
        (e,) = BY_ID["integer_pow"].reference(sample)
        np.testing.assert_array_equal(e.value, np.power(*sample.arrays()))


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 50
