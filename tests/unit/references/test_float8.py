"""Eight-bit floats against a second route: tables of ml_dtypes, and exact fractions."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from csvkit_ml.references.float8 import FLOAT8, decoded, to_float8
from validation_suites.inference.float8 import ties

NAMES = sorted(FLOAT8)


@pytest.mark.parametrize("name", NAMES)
def test_values_of_all_codes(name: str) -> None:
    theirs = np.arange(256, dtype=np.uint8).view(getattr(ml_dtypes, name)).astype(np.float64)
    mine = decoded(FLOAT8[name])
    np.testing.assert_array_equal(mine, theirs)
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.signbit(mine[known]), np.signbit(theirs[known]))


@pytest.mark.parametrize("name", NAMES)
def test_rounding_by_fractions(name: str) -> None:
    """The nearest of all values, of two the one with the even code."""
    form = FLOAT8[name]
    table = decoded(form)
    codes = [c for c in range(128) if np.isfinite(table[c])]
    middle = ties(form)
    rng = np.random.default_rng(5)
    x = np.concatenate([middle, np.nextafter(middle, np.inf), rng.normal(size=200) * form.largest / 4, rng.normal(size=50) * 2.0 ** (1 - form.bias)])
    x = x[np.abs(x) <= form.largest]
    for v, got in zip(x, to_float8(x, form), strict=True):
        size = Fraction(abs(float(v)))
        best = min(codes, key=lambda c: (abs(Fraction(float(table[c])) - size), c % 2))
        assert abs(got) == table[best]
        assert got == 0 or np.sign(got) == np.sign(v)


@pytest.mark.parametrize("name", NAMES)
def test_without_saturation_as_ml_dtypes(name: str) -> None:
    form = FLOAT8[name]
    x = np.concatenate([ties(form), [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30]]).astype(np.float32)
    theirs = x.astype(getattr(ml_dtypes, name)).astype(np.float64)
    mine = to_float8(x, form)
    np.testing.assert_array_equal(mine, theirs)
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.signbit(mine[known]), np.signbit(theirs[known]))


@pytest.mark.parametrize("name", NAMES)
def test_saturation(name: str) -> None:
    form = FLOAT8[name]
    got = to_float8(np.array([1e30, -1e30, np.inf, -np.inf, np.nan]), form, saturate=True)
    np.testing.assert_array_equal(got, [form.largest, -form.largest, form.largest, -form.largest, np.nan])
