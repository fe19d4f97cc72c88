"""Rounding by integers against other routes: Python's own division, numpy's narrowing of doubles, ties by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.criteria import FORMATS, round_to
from csvkit_ml.errors import SuiteError
from csvkit_ml.references import arithmetic, converted, nearest, wrapped
from csvkit_ml.references.correct_rounding import RANGES


@given(st.integers(-(2**200), 2**200), st.integers(1, 2**1200))
def test_float64_is_what_python_divides(n: int, d: int) -> None:
    assert nearest(n, d, "float64") == n / d


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_narrowing_is_what_numpy_converts(x: float) -> None:
    with np.errstate(over="ignore"):
        for dtype in ("float16", "float32"):
            assert converted(np.array([x]), dtype)[0] == np.float64(x).astype(dtype)


@given(st.floats(-1e-30, 1e30))
def test_bfloat16_is_the_nearer_neighbour(x: float) -> None:
    y = Fraction(float(converted(np.array([x]), "bfloat16")[0]))
    bits = int(np.array([float(y)], dtype=np.float32).view(np.uint32)[0])
    assert bits & 0xFFFF == 0
    unit = Fraction(float(FORMATS["bfloat16"].ulp(np.array([float(y)]))[0]))
    assert abs(Fraction(x) - y) * 2 <= unit


def test_ties_go_to_even_and_overflow_to_infinity() -> None:
    assert nearest(2049, 1, "float16") == 2048
    assert nearest(2051, 1, "float16") == 2052
    assert nearest(65519, 1, "float16") == 65504
    assert nearest(-65520, 1, "float16") == -math.inf
    assert nearest(1, 2**25, "float16") == 0
    assert nearest(3, 2**25, "float16") == 2.0**-23


def test_the_formats_agree_with_those_of_the_criteria() -> None:
    assert {d: (f.precision, f.emin, f.emax) for d, f in FORMATS.items() if d in RANGES} == RANGES


def test_the_criteria_round_doubles_to_bfloat16_once() -> None:
    x = np.array([1 + 2.0**-8 + 2.0**-40, 1 + 3 * 2.0**-8 - 2.0**-40, -1e39, -1e-50, 3.3895e38, math.nan])
    want = converted(x, "bfloat16")
    np.testing.assert_array_equal(round_to("bfloat16", x).astype(np.float64), want)
    assert want[0] == 1 + 2.0**-7


def test_integers_wrap_as_in_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(-(2**31), 2**31, (2, 500)).astype(np.int32)
    np.testing.assert_array_equal(wrapped(x, y, 32, lambda a, b: a * b), x * y)
    np.testing.assert_array_equal(wrapped(x, y, 32, lambda a, b: a + b), x + y)


def test_integers_have_no_rounded_arithmetic() -> None:
    one = np.ones(1)
    with pytest.raises(SuiteError):
        arithmetic(one, one, "int32", exact=lambda n, d, m, e: (n, d), special=max, defined=lambda a, b: True)
