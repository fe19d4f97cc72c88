"""The optima against rational normal equations and Newton's method in fifty digits; rates; seeded faults."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.test_solvers import eliminated, rational
from validation_suites.training.convex import FUNCTIONS, _criterion, _known

RIDGE, LOGISTIC = FUNCTIONS


def samples(function: Function, text: str) -> list[Sample]:
    return [s for s in function.samples() if text in s.name]


def test_the_ridge_optimum_solves_the_rational_normal_equations() -> None:
    for sample in samples(RIDGE, "float64-gradient-descent"):
        x, t, _ = sample.arrays()
        rows = np.hstack([rational(x), np.full((len(x), 1), Fraction(1))])
        shrink = np.diag([Fraction(sample.param("penalty")) * len(x)] * x.shape[1] + [Fraction(0)])
        exact = eliminated(rows.T @ rows + shrink, rows.T @ rational(t)[:, None])[:, 0]
        made = RIDGE.reference(sample)[0]
        assert made.low is not None
        for value, low, true in zip(made.value, made.low, exact, strict=True):
            assert abs(Fraction(float(value)) + Fraction(float(low)) - true) <= Fraction(float(np.max(made.radius)))


def test_the_logistic_optimum_in_fifty_digits() -> None:
    sample = samples(LOGISTIC, "float64-gradient-descent-few")[0]
    x, t, _ = sample.arrays()
    made = LOGISTIC.reference(sample)[0]
    with mpmath.workdps(50):
        design = mpmath.matrix(np.hstack([x, np.ones((len(x), 1))]).tolist())
        shrink = mpmath.diag([sample.param("penalty")] * x.shape[1] + [0])
        w = mpmath.matrix([float(v) for v in made.value])
        for _ in range(3):
            p = (design * w).apply(lambda z: 1 / (1 + mpmath.exp(-z)))
            slope = design.T * (p - mpmath.matrix(t.tolist())) / len(x) + shrink * w
            curve = design.T * mpmath.diag([v * (1 - v) for v in p]) * design / len(x) + shrink
            w -= mpmath.lu_solve(curve, slope)
        for i, value in enumerate(made.value):
            assert abs(w[i] - mpmath.mpf(float(value)) - mpmath.mpf(float(made.low[i]))) <= float(np.max(made.radius))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_the_exact_methods_keep_to_their_rates_and_to_the_ball(function: Function) -> None:
    """In extended precision the prescribed steps end below the limit, and no iterate leaves the region whose curvature is claimed."""
    link = "identity" if function is RIDGE else "logistic"
    for sample in [*samples(function, "float64-gradient"), *samples(function, "float64-nesterov")]:
        risk, form = _known(sample, link)
        w = ahead = sample.arrays()[2].astype(np.longdouble)
        farthest = 0.0
        for _ in range(sample.param("steps")):
            new = ahead - risk.gradient(ahead) * np.longdouble(sample.param("rate"))
            ahead, w = new + sample.param("momentum") * (new - w), new
            farthest = max(farthest, *(float(np.sqrt(((v - form.best) ** 2).sum())) for v in (w, ahead)))
        assert farthest <= form.start
        assert float(np.sqrt((risk.gradient(w) ** 2).sum())) <= _criterion(link)(sample).limit
