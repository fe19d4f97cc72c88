"""NIST's certified values against exact arithmetic and against fits on the host; the frozen files; seeded faults."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.criteria.certified import log_relative_error
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.regression_models import MODELS, Model, jacobian
from tests.unit.validation_suites.test_solvers import eliminated
from validation_suites.sampling import strd
from validation_suites.training.reference_datasets import FUNCTIONS, mean_squares

LINEAR, ANOVA, NONLINEAR, LBFGS = FUNCTIONS


@pytest.mark.parametrize("data", strd.linear(), ids=lambda d: d.name)
def test_certified_coefficients_are_those_of_the_published_decimals(data: strd.DataSet) -> None:
    rows = [[Fraction(v) for v in row.split()] for row in data.facts["rows"].strip().splitlines()]
    model = data.facts["model"]
    if model.startswith("poly"):
        matrix = np.array([[r[1] ** k for k in range(int(model[4:]) + 1)] for r in rows])
    else:
        matrix = np.array([r[1:] if model == "origin" else [Fraction(1), *r[1:]] for r in rows])
    y = np.array([[r[0]] for r in rows])
    exact = eliminated(matrix.T @ matrix, matrix.T @ y)[:, 0]
    for text, true in zip(data.facts["certified"], exact, strict=True):
        assert abs(Fraction(text) - true) <= abs(true) * Fraction(1, 10**14)


@pytest.mark.parametrize("data", strd.anova(), ids=lambda d: d.name)
def test_certified_mean_squares_are_those_of_the_published_decimals(data: strd.DataSet) -> None:
    decimals = [[Fraction(repr(float(v))) for v in group] for group in data.responses]
    k, n = data.responses.shape
    means = [sum(g) / n for g in decimals]
    whole = sum(means) / k
    between = n * sum((m - whole) ** 2 for m in means) / (k - 1)
    within = sum((v - m) ** 2 for g, m in zip(decimals, means, strict=True) for v in g) / (k * (n - 1))
    for text, true in zip((data.facts["between"], data.facts["within"], data.facts["f"]), (between, within, between / within), strict=True):
        assert abs(Fraction(text) - true) <= true * Fraction(1, 10**13)


def test_mean_squares_of_doubles_by_another_road() -> None:
    y = np.array([[0.1, 0.7, 2.5], [1.5, -3.25, 0.3]])
    between, within = mean_squares(y)
    assert float(within) == pytest.approx(y.var(1, ddof=1).mean(), rel=1e-14)
    assert float(between) == pytest.approx(3 * y.mean(1).var(ddof=1), rel=1e-14)


@pytest.mark.parametrize("data", strd.nonlinear(), ids=lambda d: d.name)
def test_certified_parameters_leave_the_certified_residual_and_no_gradient(data: strd.DataSet) -> None:
    model = MODELS[strd.model_of(data)]
    residual = data.responses - model(data.predictors, data.certified)
    j = jacobian(model, data.predictors, data.certified)
    if data.name != "Lanczos1":  # its residual is smaller than the certified digits resolve
        assert float(residual @ residual) == pytest.approx(float(data.facts["rss"]), rel=1e-6)
    slope = abs(j.T @ residual) / np.linalg.norm(j, axis=0)
    floor = 1e-10 * np.linalg.norm(j * data.certified, axis=0).sum() + 1e-14 * np.linalg.norm(data.responses)
    assert slope.max() <= floor


def _step(j: Array, residual: Array) -> Array:
    columns = np.linalg.norm(j, axis=0)
    scale = np.where(columns == 0, 1, columns)
    return np.asarray(np.linalg.lstsq(j / scale, residual, rcond=None)[0] / scale)


def _fit(model: Model, x: Array, y: Array, b: Array, damped: int, undamped: int) -> Array:
    """The prescribed steps, in numpy with derivatives by complex steps."""
    damping, reach, residual = 1e-3, np.zeros(len(b)), y - model(x, b)
    for _ in range(damped):
        j = jacobian(model, x, b)
        reach = np.maximum(reach, np.linalg.norm(j, axis=0))
        new = b + _step(np.vstack([j, np.sqrt(damping) * np.diag(np.where(reach == 0, 1, reach))]), np.append(residual, np.zeros(len(b))))
        after = y - model(x, new)
        if np.isfinite(after).all() and after @ after <= residual @ residual:
            b, residual, damping = new, after, max(damping / 10, 1e-15)
        else:
            damping = min(damping * 10, 1e10)
    for _ in range(undamped):
        b = b + _step(jacobian(model, x, b), y - model(x, b))
    return b


@pytest.mark.parametrize("sample", list(NONLINEAR.samples()), ids=lambda s: s.name)
def test_the_prescribed_steps_reach_the_certified_values_on_the_host(sample: Sample) -> None:
    x, y, start = sample.arrays()
    with np.errstate(all="ignore"):
        found = _fit(MODELS[sample.param("model")], x, y, start, sample.param("damped"), sample.param("undamped"))
    (expected,) = NONLINEAR.reference(sample)
    assert NONLINEAR.criterion_for(sample).measure(found, expected).ratio <= 1


@pytest.mark.parametrize("sample", list(LBFGS.samples()), ids=lambda s: s.name)
def test_near_the_certified_values_the_objective_is_a_round_bowl(sample: Sample) -> None:
    """At the solution the Gauss-Newton Hessian is the identity; on the way to it the eigenvalues stay near 1."""
    x, _, start, turn = sample.arrays()
    model, known = MODELS[sample.param("model")], LBFGS.reference(sample)[0].value
    for part, low, high in ((0.0, 0.999, 1.001), (0.3, 0.2, 5), (0.7, 0.2, 5), (1.0, 0.2, 5)):
        j = jacobian(model, x, known + part * (start - known)) @ turn / sample.param("spread")
        values = np.linalg.eigvalsh(j.T @ j)
        assert low <= values[0]
        assert values[-1] <= high


def test_log_relative_error() -> None:
    assert log_relative_error(np.array([1.001, 2.0]), np.array([1.0, 2.0])) == pytest.approx(3.0)
    assert log_relative_error(np.array([1e-9]), np.array([0.0])) == pytest.approx(9.0)
    assert log_relative_error(np.array([2.0]), np.array([2.0])) == 15.0
    assert log_relative_error(np.array([np.nan]), np.array([2.0])) == 0.0
