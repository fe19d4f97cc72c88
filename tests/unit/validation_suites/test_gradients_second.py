"""Second derivatives against those of multiprecision differences of the functions as they are defined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.unit.validation_suites import test_gradients_pointwise, test_gradients_special
from validation_suites.training.gradients_second import CURVES, Curve

FORWARD: dict[str, Callable[..., Any]] = {**test_gradients_pointwise.FORWARD, **test_gradients_special.FORWARD, "tanh": mpmath.tanh}


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.id)
def test_the_reference_is_the_second_derivative(curve: Curve) -> None:
    compared = 0
    for sample in (s for s in curve.samples() if s.dtype == "float64"):
        twice, once = curve.reference(sample)
        x, g, v = sample.arrays()
        with mpmath.workdps(80):
            for i in range(2, x.size, 29):
                at = mpmath.mpf(x.ravel()[i])
                for made, order, weight in ((twice, 2, g * v), (once, 1, v)):
                    exact = mpmath.mpf(g.ravel()[i]) * mpmath.mpf(v.ravel()[i]) if order == 2 else mpmath.mpf(weight.ravel()[i])
                    true = exact * mpmath.re(mpmath.diff(lambda z, s=sample: FORWARD[curve.id](z, **dict(s.params)), at, order))  # noqa: B023
                    own = mpmath.mpf(float(made.value.ravel()[i])) + mpmath.mpf(float(made.low.ravel()[i]))
                    assert abs(own - true) <= made.radius.ravel()[i] + abs(true) * mpmath.mpf(10) ** -28, (sample.name, at, order)
                    compared += 1
    assert compared >= 10
    assert not np.isnan(twice.value).any()
