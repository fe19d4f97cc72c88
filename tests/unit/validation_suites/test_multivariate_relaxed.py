"""Low-rank normal, relaxed classes and logistic-normal densities by a second route: scipy on the whole covariance, and changes of variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from csvkit_ml.model.function import Sample
from validation_suites.training import multivariate_relaxed

BY_ID = {f.id: f for f in multivariate_relaxed.FUNCTIONS}
CASES = [(i, s) for i, f in BY_ID.items() for s in f.samples()]


def low_rank(quantity: str, *xs: Any) -> Any:
    def whole(factor: Any, diagonal: Any) -> Any:
        return factor @ factor.T + np.diag(diagonal)

    if quantity == "log_prob":
        return stats.multivariate_normal(xs[1], whole(*xs[2:])).logpdf(xs[0])
    if quantity == "entropy":
        return stats.multivariate_normal(np.zeros(len(xs[1])), whole(*xs)).entropy()
    (m, p), (n, q) = (xs[0], whole(*xs[1:3])), (xs[3], whole(*xs[4:]))
    logs = np.linalg.slogdet(q)[1] - np.linalg.slogdet(p)[1]
    return (np.trace(np.linalg.solve(q, p)) + (n - m) @ np.linalg.solve(q, n - m) - len(m) + logs) / 2


def relaxed(quantity: str, x: Any, t: Any, p: Any) -> Any:
    """Gumbel noise with one component integrated out: the density of differences to the last, times the map's derivative."""
    n, logits = len(x), np.log(p / p.sum())
    d = t[0] * (np.log(x[:-1]) - np.log(x[-1])) - (logits[:-1] - logits[-1])
    differences = special.gammaln(n) + (-d).sum() - n * special.logsumexp([0.0, *(-d)])
    return differences + (n - 1) * np.log(t[0]) - np.log(x[:-1]).sum() - np.log(x[-1]) + np.log(x.sum())


def logistic(quantity: str, x: Any, mean: Any, width: Any) -> Any:
    """Sticks broken one after the other, each with a logit-normal share of what is left."""
    total, left = 0.0, 1.0
    for part, m, s in zip(x, mean, width, strict=False):
        share = part / left
        total += stats.norm(m, s).logpdf(special.logit(share)) - np.log(share * (1 - share)) - np.log(left)
        left -= part
    return total


ROUTES = {"low_rank_normal_distribution": low_rank, "relaxed_classes_distribution": relaxed, "logistic_normal_distribution": logistic}


@pytest.mark.parametrize(("id", "sample"), CASES, ids=lambda v: getattr(v, "name", v))
def test_a_second_route_in_double(id: str, sample: Sample) -> None:
    (made,) = BY_ID[id].reference(sample)
    rows = zip(*(a.astype(np.float64) for a in sample.arrays()), strict=True)
    second = np.array([ROUTES[id](sample.param("quantity"), *row) for row in rows])
    assert (np.abs(second - made.value) <= 1e-13 * np.asarray(made.scale) + (1e-6 if sample.dtype == "float32" else 0)).all()


def test_every_family_has_a_second_route() -> None:
    assert set(ROUTES) == set(BY_ID)
