"""The formulas by second routes: scipy's densities, quadrature of moments and entropies, the largest value of a grid, numeric Jacobians."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from csvkit_ml.criteria.laws import law
from csvkit_ml.references import extended
from csvkit_ml.references.term_sums import doubles, term_sum
from validation_suites.training.densities import DENSITIES, Density
from validation_suites.training.distributions import BY_ID, PAIRS, divergence, expectation
from validation_suites.training.transforms import POINTWISE, VECTORS, Pointwise

LAW = {"normal": "gaussian", "uniform": "rectangular", "relaxed_bernoulli": "concrete"}
CLOSED = ("kumaraswamy", "continuous_bernoulli", "relaxed_bernoulli")
"""Laws of our own, with a distribution function only."""
HEAVY = (
    "cauchy",
    "half_cauchy",
    "von_mises",
    "uniform",
    "student_t",
    "fisher_snedecor",
    "generalized_pareto",
    "pareto",
    "inverse_gamma",
    "relaxed_bernoulli",
)
"""Not integrated here: moments that do not exist, or tails beyond the quadrature."""


@pytest.mark.parametrize("density", DENSITIES, ids=lambda d: d.id)
def test_log_densities_are_those_of_scipy(density: Density) -> None:
    columns = density.columns("log_prob")
    made = term_sum(density.log_prob, *columns, dtype="float64").value
    for (x, *arguments), value in zip(zip(*columns, strict=True), made, strict=True):
        known = law(LAW.get(density.id, density.id), *arguments)
        if density.id in CLOSED:
            h = 1e-6 * min(x, 1 - x) if 0 < x < 1 else 0
            true = np.log((known.cdf(x + h) - known.cdf(x - h)) / (2 * h)) if h else value
            assert value == pytest.approx(true, rel=1e-6, abs=1e-7)
        else:
            assert value == pytest.approx(float((known.logpmf if density.whole else known.logpdf)(x)), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("density", [d for d in DENSITIES if d.id not in HEAVY], ids=lambda d: d.id)
def test_moments_and_entropy_are_integrals_of_the_density(density: Density) -> None:
    for arguments in (a for a in density.arguments if min(a[-1:] + a[:1]) >= 0.1 and not (density.id == "beta" and min(a) < 1)):
        if density.id in ("gamma", "chi2") and arguments[0] <= 1:
            continue
        total = expectation(density, arguments, lambda x: np.ones_like(x))
        assert total == pytest.approx(1, abs=1e-8)
        mean = expectation(density, arguments, lambda x: x)
        found = {"mean": mean, "variance": expectation(density, arguments, lambda x, m=mean: (x - m) ** 2)}
        found["entropy"] = -expectation(density, arguments, lambda x, a=arguments: doubles(density.log_prob, x, *a)[0])
        for quantity, value in found.items():
            if formula := getattr(density, quantity):
                made = term_sum(formula, *(np.array([v]) for v in arguments), dtype="float64").value[0]
                assert made == pytest.approx(value, rel=1e-6, abs=1e-8), (quantity, arguments)


@pytest.mark.parametrize(
    "density",
    [d for d in DENSITIES if d.mode and d.id not in ("uniform", "exponential", "half_normal", "half_cauchy", "geometric", "pareto")],
    ids=lambda d: d.id,
)
def test_the_mode_is_where_the_density_is_largest(density: Density) -> None:
    for arguments in density.arguments:
        mode = float(term_sum(density.mode, *(np.array([v]) for v in arguments), dtype="float64").value[0])  # type: ignore[arg-type]
        if mode == 0 and not density.whole and density.id in ("gamma", "chi2"):
            continue
        near = mode + (np.array([-1.0, 1.0]) if density.whole else np.array([-1e-3, 1e-3]) * max(abs(mode), 1e-3))
        top = doubles(density.log_prob, np.array([mode]), *arguments)[0]
        low, high = density.support
        inside = near[(near >= max(low, 0 if density.whole else low)) & (near <= (1 if density.id == "bernoulli" else high))]
        assert (doubles(density.log_prob, inside, *arguments)[0] <= top).all(), arguments


def test_divergences_known_in_closed_form() -> None:
    normal, gamma = BY_ID["normal"], BY_ID["gamma"]
    assert divergence(normal, (1.0, 2.0), normal, (0.0, 1.0))[0] == pytest.approx(-np.log(2) + (4 + 1) / 2 - 0.5, rel=1e-9)
    assert divergence(BY_ID["laplace"], (0.0, 1.0), BY_ID["laplace"], (1.5, 2.0))[0] == pytest.approx(
        np.log(2) + (np.exp(-1.5) + 1.5) / 2 - 1, rel=1e-9
    )
    assert divergence(gamma, (2.0, 1.0), BY_ID["exponential"], (0.5,))[0] == pytest.approx(
        float(-stats.gamma(2).entropy()) - np.log(0.5) + 0.5 * 2, rel=1e-8
    )
    assert all(a in BY_ID and b in BY_ID for a, b in PAIRS)


@pytest.mark.parametrize("row", POINTWISE, ids=lambda p: p.name)
def test_inverse_and_jacobian_of_transforms_of_numbers(row: Pointwise) -> None:
    for y in row.images:
        x = term_sum(row.inverse, np.array([y]), dtype="float64").value
        assert term_sum(row.forward, x, dtype="float64").value[0] == pytest.approx(y, rel=1e-12)
    for x in row.points:
        ends = [term_sum(row.forward, np.array([x + h]), dtype="float64").value[0] for h in (-(2.0**-20), 2.0**-20)]
        slope = abs(ends[1] - ends[0]) * 2.0**19
        assert term_sum(row.jacobian, np.array([x]), dtype="float64").value[0] == pytest.approx(np.log(slope), abs=1e-6)


@pytest.mark.parametrize(("name", "free"), [("stick_breaking", lambda y: y[..., :-1]), ("corr_cholesky", None), ("compose", lambda y: y)])
def test_jacobians_of_transforms_of_vectors(name: str, free) -> None:  # type: ignore[no-untyped-def]
    shape, transform = VECTORS[name]
    x = extended(np.random.Generator(np.random.Philox(5)).uniform(-1, 1, shape[-1:]))
    rows = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = 1e-7
        up, down = (transform((x + s * step)[None])[0][0] for s in (1, -1))
        strict = np.tril_indices(up.shape[-1], -1) if free is None else None
        rows.append(((up - down)[strict] if strict else free(up - down)).ravel() / 2e-7)
    true = np.linalg.slogdet(np.array(rows, dtype=np.float64))[1]
    assert float(transform(x[None])[2][0][0]) == pytest.approx(true, abs=1e-6)
