"""References of binary arithmetic against the host's IEEE 754 arithmetic and plain integers; models accepted by the ONNX checker."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.criteria import FORMATS
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.elementwise_binary import BITS, FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
HOST = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "number_div": np.divide}


@pytest.mark.parametrize("id", BY_ID)
def test_the_reference_is_the_hosts_arithmetic_in_the_dtype_itself(id: str) -> None:
    """float32, float64 and integers: another implementation of the same standard, bit for bit."""
    for sample in BY_ID[id].samples():
        if sample.dtype not in ("float32", "float64", *BITS):
            continue
        (e,) = BY_ID[id].reference(sample)
        with np.errstate(all="ignore"):
            host = HOST[id](*sample.arrays())
        assert e.shape == host.shape
        np.testing.assert_array_equal(e.value, host, err_msg=sample.name)
        np.testing.assert_array_equal(np.signbit(e.value[e.value == 0]), np.signbit(host[host == 0]), err_msg=sample.name)


@pytest.mark.parametrize("id", BY_ID)
def test_sixteen_bit_references_are_the_nearest_values(id: str) -> None:
    """|result - exact| is at most half a unit, where the exact double-precision result is finite and in range."""
    for sample in BY_ID[id].samples():
        if sample.dtype not in ("float16", "bfloat16"):
            continue
        (e,) = BY_ID[id].reference(sample)
        form = FORMATS[sample.dtype]
        with np.errstate(all="ignore"):
            exact = HOST[id](*(a.astype(np.float64) for a in sample.arrays()))
            fits = np.isfinite(exact) & (np.abs(exact) <= form.largest)
            error = np.abs(e.value - exact)
        assert np.all(error[fits] <= form.ulp(exact)[fits] / 2), sample.name


def test_every_shape_of_operand_is_asked() -> None:
    shapes = {(s.inputs[0].shape, s.inputs[1].shape) for s in BY_ID["add"].samples()}
    assert {((), ()), ((3, 4), ()), ((), (3, 4)), ((0,), (1,))} <= shapes


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(FUNCTIONS) > 100
