"""References agree with a second route."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.references import enclose, exact_matmul, extended, split


@given(st.floats(min_value=-700, max_value=700))
def test_arb_agrees_with_mpmath(x: float) -> None:
    hi, lo, radius = enclose(lambda b: b.exp(), x)
    with mpmath.workprec(300):
        true = mpmath.exp(mpmath.mpf(x))
        assert abs(true - mpmath.mpf(hi) - mpmath.mpf(lo)) <= mpmath.mpf(radius) + abs(true) * mpmath.mpf(2) ** -100


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_identity_is_enclosed_exactly(x: float) -> None:
    hi, lo, radius = enclose(lambda b: b, x)
    assert (hi, lo, radius) == (x, 0.0, 0.0)


def test_exact_product_against_fractions() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((3, 7)) * 10.0 ** rng.integers(-8, 8, (3, 7)), rng.standard_normal((7, 2))
    hi, lo, radius = exact_matmul(a, b)
    for i in range(3):
        for j in range(2):
            true = sum((Fraction(a[i, k]) * Fraction(b[k, j]) for k in range(7)), Fraction(0))
            assert abs(true - Fraction(hi[i, j]) - Fraction(lo[i, j])) <= Fraction(radius[i, j]) + abs(true) / 2**105


def test_split_keeps_the_value() -> None:
    x = extended(np.array([math.pi, 1.0])) / extended(np.array([3.0, 3.0]))
    hi, lo = split(x)
    assert (hi.astype(np.longdouble) + lo.astype(np.longdouble) == x).all()
