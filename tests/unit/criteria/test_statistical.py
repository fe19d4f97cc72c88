"""Goodness of fit: true draws pass for every seed, small departures do not; p-values are what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from csvkit_ml.criteria import Goodness
from csvkit_ml.criteria.distributions import DISTRIBUTIONS
from csvkit_ml.model.function import VERDICT, Expected, Reason, Verdict
from csvkit_ml.model.tensor import Array

N = 40_000
KEPT = np.random.default_rng(9).standard_normal(N)
EXPECTED = Expected(name="y", dtype="float64", value=np.zeros(N), extra={"kept": KEPT, "slack": 1e-12 * np.abs(KEPT)})
Draw = Callable[[np.random.Generator], Array]

TRUE: dict[str, tuple[Goodness, Draw]] = {
    "uniform": (Goodness(distribution="uniform", arguments=(-2.0, 1.0)), lambda r: r.uniform(-2, 1, N)),
    "standard uniform": (Goodness(distribution="standard uniform", arguments=(24.0,)), lambda r: r.integers(0, 2**24, N) / 2.0**24),
    "normal": (Goodness(distribution="normal", arguments=(3.0, 2.0)), lambda r: r.normal(3, 2, N)),
    "masked": (Goodness(distribution="masked", arguments=(0.3,)), lambda r: np.where(r.random(N) < 0.3, KEPT, 0.0)),
}
WRONG: tuple[tuple[str, str, Draw], ...] = (
    ("uniform", "outside", lambda r: r.uniform(-2, 1.001, N)),
    ("uniform", "narrow", lambda r: r.uniform(-1.95, 1, N)),
    ("uniform", "rounded", lambda r: np.round(r.uniform(-2, 1, N) * 16) / 16),
    ("standard uniform", "one", lambda r: np.append(r.random(N - 1), 1.0)),
    ("standard uniform", "20 bits", lambda r: np.floor(r.random(N) * 2**20) / 2**20),
    ("normal", "wide", lambda r: r.normal(3, 2.1, N)),
    ("normal", "logistic", lambda r: r.logistic(3, 2 * np.sqrt(3) / np.pi, N)),
    ("normal", "autocorrelated", lambda r: 3 + 2 * stats.zscore(np.convolve(r.standard_normal(N), [1, 0, 0, 0.1], "same"))),
    ("normal", "cut", lambda r: np.clip(r.normal(3, 2, N), -3, 9)),
    ("normal", "bfloat16", lambda r: r.normal(3, 2, N).astype(np.float16).astype(np.float64)),
    ("masked", "rate", lambda r: np.where(r.random(N) < 0.33, KEPT, 0.0)),
    ("masked", "scale", lambda r: np.where(r.random(N) < 0.3, KEPT * 1.001, 0.0)),
    ("masked", "pairs", lambda r: np.where(np.repeat(r.random(N // 2) < 0.3, 2), KEPT, 0.0)),
    ("masked", "nan", lambda r: np.where(r.random(N) < 0.3, KEPT, np.nan)),
)


@pytest.mark.parametrize("name", TRUE)
def test_true_draws_pass(name: str) -> None:
    criterion, draw = TRUE[name]
    for seed in range(40):
        assert VERDICT[criterion.measure(draw(np.random.default_rng(seed)), EXPECTED).reason] is Verdict.PASSED


@pytest.mark.parametrize(("name", "how", "draw"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_departures_fail(name: str, how: str, draw: Draw) -> None:
    found = TRUE[name][0].measure(draw(np.random.default_rng(1)), EXPECTED)
    assert VERDICT[found.reason] is Verdict.FAILED, how


@pytest.mark.parametrize("name", TRUE)
def test_p_values_of_true_draws_are_uniform(name: str) -> None:
    """400 p-values of each test against U(0, 1): neither too small nor all alike."""
    criterion, draw = TRUE[name]
    many = [DISTRIBUTIONS[name](draw(np.random.default_rng(s)), EXPECTED.extra, *criterion.arguments) for s in range(200)]
    for test in many[0]:
        values = [m[test] for m in many]
        if set(values) != {1.0}:
            assert stats.kstest(values, "uniform").pvalue > 1e-6, test


def test_too_few_values_prove_nothing() -> None:
    found = TRUE["normal"][0].measure(np.zeros(10), Expected(name="y", dtype="float64", value=np.zeros(10)))
    assert found.reason is Reason.NOTHING_COMPARED
