"""Laws against certified distribution functions, and the tests of random outputs on draws that are right and wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.criteria import Counts, Goodness
from csvkit_ml.criteria.laws import LAWS, discrete, law
from csvkit_ml.criteria.p_values import LAGS, LEAST, chi_square, serial_of_bounded
from csvkit_ml.criteria.statistical import FAMILY
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.function import Expected, Reason
from csvkit_ml.references.term_sums import term_sum
from validation_suites.training.densities import DENSITIES
from validation_suites.training.samplers import SAMPLERS

OTHER_NAMES = {"normal": "gaussian", "uniform": "rectangular"}
CERTIFIED = [d for d in DENSITIES if d.cdf and OTHER_NAMES.get(d.id, d.id) in LAWS]
BY_ID = {s.law: s for s in SAMPLERS}


@pytest.mark.parametrize("density", CERTIFIED, ids=lambda d: d.id)
def test_a_law_has_the_certified_distribution_function(density) -> None:  # type: ignore[no-untyped-def]
    name = OTHER_NAMES.get(density.id, density.id)
    columns = density.columns("cdf")
    true = term_sum(density.cdf, *columns, dtype="float64").value
    for row, value in zip(zip(*columns, strict=True), true, strict=True):
        assert float(law(name, *row[1:]).cdf(row[0])) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: s.law)
def test_quantiles_invert_the_distribution_function(sampler) -> None:  # type: ignore[no-untyped-def]
    for arguments in sampler.arguments:
        made = law(sampler.law, *arguments)
        if not discrete(made):
            u = np.linspace(0.02, 0.98, 25)
            assert np.allclose(made.cdf(made.ppf(u)), u, atol=1e-9)
        assert sampler.probability(sampler.edges(arguments), arguments).sum() == pytest.approx(1, abs=1e-9)


def test_five_hundredths_in_a_thousand_of_four_million_are_seen() -> None:
    p = np.full(50, 1 / 50)
    true = np.random.Generator(np.random.Philox(1)).multinomial(4_000_000, p)
    expected = Expected(name="y", dtype="int64", value=true, extra={"probability": p})
    assert Counts(draws=4_000_000).measure(true, expected).reason is Reason.STATISTICS_FIT
    biased = p * np.where(np.arange(50) < 25, 1.01, 0.99)
    wrong = np.random.Generator(np.random.Philox(2)).multinomial(4_000_000, biased)
    assert Counts(draws=4_000_000).measure(wrong, expected).reason is Reason.BEYOND_BAND


def test_lost_and_impossible_draws_are_no_matter_of_chance() -> None:
    p = np.array([0.5, 0.0, 0.5])
    expected = Expected(name="y", dtype="int64", value=np.array([500, 0, 500]), extra={"probability": p})
    for counts in ([500, 0, 499], [499, 1, 500], [-1, 0, 1001]):
        assert Counts(draws=1000).measure(np.array(counts), expected).reason is Reason.BEYOND_HARD


def test_cells_of_small_expectation_are_pooled() -> None:
    p = np.array([0.0, 0.001, 0.499, 0.0, 0.4995, 0.0005])
    counts = np.array([0, 1, 499, 0, 499, 1])
    assert p.sum() == 1
    assert 1000 * p[1] < LEAST
    assert 0.9 < chi_square(counts, p) <= 1
    assert chi_square(np.array([1000, 0]), np.array([1.0, 0.0])) == 1.0


def test_rare_events_are_not_asked_for_serial_correlation() -> None:
    rare = np.zeros(8000)
    rare[[100, 101, 4000]] = 1
    assert serial_of_bounded((rare - 0.001) / math.sqrt(0.001 * 0.999)) == {}
    even = np.tile([1.0, -1.0], 4000)
    assert serial_of_bounded(even)["serial"] < 1e-100


@pytest.mark.parametrize("name", ["gamma", "poisson", "beta", "von_mises", "mixture"])
def test_draws_of_a_law_fit_it_and_not_another(name: str) -> None:
    sampler = BY_ID[name]
    first, second = sampler.arguments[:2]
    y = law(name, *first).rvs(size=8000, random_state=np.random.Generator(np.random.Philox(3))).astype(np.float64)
    expected = Expected(name="y", dtype="float64", value=y)
    assert Goodness(distribution=name, arguments=first).measure(y, expected).reason is Reason.STATISTICS_FIT
    assert Goodness(distribution=name, arguments=second).measure(y, expected).reason is Reason.BEYOND_BAND


@pytest.mark.parametrize("library", registry.libraries().values(), ids=registry.libraries())
def test_the_tests_of_one_run_fit_the_family_that_their_level_is_divided_by(library: Library) -> None:
    """Bonferroni's divisor bounds the number of tests of a whole run; the cells of one count share a level of their own."""
    tests = 0
    for offer in library.offers():
        function = registry.functions()[offer.function]
        for sample in (s for s in function.samples() if s.dtype in offer.dtypes):
            criterion = function.criterion_for(sample)
            if not isinstance(criterion, Goodness | Counts):
                break
            tests += len((*offer.variants, *offer.brief)) * (4 if isinstance(criterion, Counts) else TESTS.get(criterion.distribution, 5))
    assert 0 < tests <= FAMILY
    assert LAGS == 16


TESTS = {"normal": 6, "masked": 2, "alternatives": 2, "uniform": 4}
"""p-values of one output, by distribution; others have five at most."""
