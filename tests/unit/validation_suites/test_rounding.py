"""Rounding, remainders, quotients and scalings against Python's own numbers; models accepted by the ONNX checker."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.libraries.onnxruntime.host import lowerings
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.rounding import FUNCTIONS, INTEGERS

BY_ID = {f.id: f for f in FUNCTIONS}


def _rest(x: Any, y: Any) -> Any:
    """Of the quotient cut toward zero, by rational numbers."""
    q = Fraction(x) / Fraction(y)
    rest = Fraction(x) - Fraction(y) * (q.numerator // q.denominator if q >= 0 else -(-q.numerator // q.denominator))
    return int(rest) if isinstance(x, int) else float(rest)


def _scaled(x: float, n: float) -> float:
    try:
        return math.ldexp(x, int(n))
    except OverflowError:
        return math.copysign(math.inf, x)


ONE: dict[str, Callable[[float], float]] = {
    "ceil": math.ceil, "floor": math.floor, "trunc": math.trunc, "round": round, "abs": abs, "neg": lambda x: -x, "positive": lambda x: x,
    "frac": lambda x: math.modf(x)[0], "sign": lambda x: (x > 0) - (x < 0), "signbit": lambda x: math.copysign(1, x) < 0,
}  # fmt: skip
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "fmod": _rest,
    "remainder": lambda x, y: x % y,
    "floor_divide": lambda x, y: float(Fraction(x) // Fraction(y)),
    "trunc_divide": lambda x, y: math.trunc(x / y),
    "copysign": math.copysign,
    "nextafter": math.nextafter,
    "ldexp": _scaled,
}


def _cases(id: str, dtypes: tuple[str, ...]) -> Any:
    """Finite operands of moderate size, with the reference's values."""
    for sample in BY_ID[id].samples():
        if sample.dtype in dtypes and sample.name.split("-", 1)[1] in ("ordinary", "sweep", "n7", "n33", "range", "whole-range"):
            (e,) = BY_ID[id].reference(sample)
            operands = [np.broadcast_to(a, e.shape).ravel().tolist() for a in sample.arrays()]
            for want, *x in zip(e.value.ravel().tolist(), *operands, strict=True):
                if all(map(math.isfinite, x)):
                    yield x, want


@pytest.mark.parametrize("id", ONE)
def test_one_operand_as_python_computes(id: str) -> None:
    for x, want in _cases(id, ("float64", "float32", *INTEGERS)):
        assert ONE[id](*x) == want, x


@pytest.mark.parametrize("id", TWO)
def test_two_operands_as_python_computes(id: str) -> None:
    """Doubles and integers: Python's operators round as IEEE 754 does, or are exact."""
    seen = 0
    for (x, y), want in _cases(id, ("float64",) if id in ("nextafter", "ldexp") else ("float64", *INTEGERS)):
        if y == 0 and id in ("fmod", "remainder", "floor_divide", "trunc_divide"):
            continue
        if isinstance(x, int) and id == "trunc_divide":
            assert want == int(math.copysign(1, x * y)) * (abs(x) // abs(y))
        else:
            assert TWO[id](x, y) == want, (x, y)
        seen += 1
    assert seen > 500


def test_decimals_are_rounded_decimal_numbers() -> None:
    for sample in BY_ID["round_decimals"].samples():
        if sample.name.startswith("float64-ordinary"):
            (e,), (x,) = BY_ID["round_decimals"].reference(sample), sample.arrays()
            want = [round(v, sample.param("decimals")) for v in x.ravel().tolist()]
            np.testing.assert_allclose(e.value.ravel(), want, rtol=3e-16, atol=0)


def test_fractions_and_powers_make_the_number_again() -> None:
    for sample in BY_ID["frexp"].samples():
        mantissa, exponent = BY_ID["frexp"].reference(sample)
        x = sample.arrays()[0].astype(np.float64)
        np.testing.assert_array_equal(np.ldexp(mantissa.value, exponent.value), x)
        size = np.abs(mantissa.value[x != 0])
        assert np.all((size >= 0.5) & (size < 1))


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 50
