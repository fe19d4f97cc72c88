"""How drawn values move with their law's parameters: a second route through quantiles at a fixed level, and through another draw of the noise."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.criteria.laws import law
from csvkit_ml.model.function import VERDICT, Reason, Sample, Verdict
from validation_suites.training import pathwise
from validation_suites.training.pathwise_laws import IMPLICIT, LAWS, Moving, moved_beta, moved_gamma

VECTOR = [s for s in pathwise._vector_samples() if s.dtype == "float64"]


@pytest.mark.parametrize("moving", [*LAWS, *IMPLICIT], ids=lambda m: m.id)
def test_quantiles_of_a_fixed_level_move_alike(moving: Moving) -> None:
    for arguments in moving.arguments:
        y = np.array([float(law(moving.law, *arguments).ppf(u)) for u in (0.1, 0.35, 0.8)])
        made = iter(pathwise.by_law(moving.id, y, tuple(np.full(3, a) for a in arguments)))
        for k in (k for k, formula in enumerate(moving.by) if formula is not None):
            step = 1e-5 * max(abs(arguments[k]), 0.1)
            ends = []
            for h in (-step, step):
                other = law(moving.law, *(a + h * (i == k) for i, a in enumerate(arguments)))
                ends.append(np.array([float(other.ppf(u)) for u in (0.1, 0.35, 0.8)]))
            np.testing.assert_allclose(next(made).value, (ends[1] - ends[0]) / (2 * step), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("a", "x"), [(0.3, 0.02), (2.5, 1.7), (30.0, 41.0), (200.0, 180.0)])
def test_the_gamma_series_by_multiprecision_derivatives(a: float, x: float) -> None:
    with mpmath.workdps(50):
        h, shape, at = mpmath.mpf(10) ** -18, mpmath.mpf(a), mpmath.mpf(x)
        slope = (mpmath.gammainc(shape + h, 0, at, regularized=True) - mpmath.gammainc(shape - h, 0, at, regularized=True)) / (2 * h)
        density = mpmath.exp((shape - 1) * mpmath.log(at) - at - mpmath.loggamma(shape))
        assert float(moved_gamma(a, x)) == pytest.approx(float(-slope / density), rel=1e-14)


@pytest.mark.parametrize(("a", "b", "x"), [(0.5, 0.5, 0.1), (6.0, 3.0, 0.9), (1.0, 4.0, 0.5), (30.0, 40.0, 0.44)])
def test_the_beta_series_by_multiprecision_derivatives(a: float, b: float, x: float) -> None:
    with mpmath.workdps(50):
        h, at = mpmath.mpf(10) ** -18, mpmath.mpf(x)
        density = at ** (mpmath.mpf(a) - 1) * (1 - at) ** (mpmath.mpf(b) - 1) / mpmath.beta(a, b)

        def slope(da: Any, db: Any) -> Any:
            ends = [mpmath.betainc(a + s * da, b + s * db, 0, at, regularized=True) for s in (-1, 1)]
            return float(-(ends[1] - ends[0]) / (2 * h) / density)

        made = moved_beta(a, b, x)
        assert [float(m) for m in made] == pytest.approx([slope(h, 0), slope(0, h)], rel=1e-14)


def transform(name: str, noise: Any, *arguments: Any) -> Any:
    """A vector of its noise, in double."""
    if name == "multivariate_normal":
        return arguments[0] + arguments[1] @ noise
    score = (arguments[1] + noise) / arguments[0][0]
    grown = np.exp(score - score.max())
    return grown / grown.sum()


@pytest.mark.parametrize("sample", [s for s in VECTOR if s.param("law") != "dirichlet"], ids=lambda s: s.name)
def test_vectors_by_moving_each_parameter_of_the_transform(sample: Sample) -> None:
    r, name = np.random.Generator(np.random.Philox(3)), sample.param("law")
    arguments = [a.astype(np.float64) for a in sample.arrays()]
    noise = r.gumbel(size=arguments[0].shape)
    y = np.stack([transform(name, z, *row) for z, *row in zip(noise, *arguments[1:], strict=True)])
    for k, made in enumerate(pathwise.by_vector(name, y, tuple(arguments))):
        for index in np.ndindex(*made.value.shape):
            if made.value.ndim == 3 and index[2] > index[1]:
                assert made.value[index] == 0
                continue
            ends = []
            for h in (-1e-5, 1e-5):
                moved = [a.copy() for a in arguments[1:]]
                moved[k][index] += h
                ends.append(arguments[0][index[0]] @ transform(name, noise[index[0]], *(m[index[0]] for m in moved)))
            assert made.value[index] == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("sample", [s for s in VECTOR if s.param("law") == "dirichlet"], ids=lambda s: s.name)
def test_a_dirichlet_vector_stays_on_the_simplex_and_its_parts_move_as_beta_values(sample: Sample) -> None:
    y = pathwise.drawn(sample)
    a = sample.arrays()[1].astype(np.float64)
    for j in range(y.shape[1]):
        (all_parts,) = pathwise.by_vector("dirichlet", y, (np.ones_like(y), a))
        assert np.abs(all_parts.value).max() < 1e-14
        (own,) = pathwise.by_vector("dirichlet", y, (np.eye(y.shape[1])[[j] * len(y)], a))
        beta = [float(moved_beta(float(c), float(t - c), float(x))[0]) for c, t, x in zip(a[:, j], a.sum(axis=1), y[:, j], strict=True)]
        np.testing.assert_allclose(own.value[:, j], beta, rtol=1e-12)


def test_values_that_are_not_finite_fail() -> None:
    sample = next(s for s in pathwise._samples(LAWS))
    expected = pathwise.reference(sample)
    outputs = [e.value.astype(sample.dtype) for e in expected]
    outputs[0][3] = np.nan
    (found,) = pathwise.Pathwise(law="normal").measure_jointly(tuple(outputs), expected)
    assert found.reason is Reason.BEYOND_HARD
    assert VERDICT[found.reason] is Verdict.FAILED
