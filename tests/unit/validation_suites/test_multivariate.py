"""Densities of vectors, matrices, mixtures and classes: a second route to each, by dense algebra in double, and by scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from csvkit_ml.model.function import Sample
from validation_suites.training import multivariate

BY_ID = {f.id: f for f in multivariate.FUNCTIONS}
CASES = [(i, s) for i, f in BY_ID.items() for s in f.samples()]


def normal(quantity: str, *xs: Any) -> Any:
    if quantity == "log_prob":
        return stats.multivariate_normal(xs[1], xs[2] @ xs[2].T).logpdf(xs[0])
    if quantity == "entropy":
        return stats.multivariate_normal(np.zeros(len(xs[0])), xs[0] @ xs[0].T).entropy()
    (m, p), (n, q) = ((mean, lower @ lower.T) for mean, lower in (xs[:2], xs[2:]))
    logs = np.linalg.slogdet(q)[1] - np.linalg.slogdet(p)[1]
    return (np.trace(np.linalg.solve(q, p)) + (n - m) @ np.linalg.solve(q, n - m) - len(m) + logs) / 2


def dirichlet(quantity: str, *xs: Any) -> Any:
    if quantity == "entropy":
        return stats.dirichlet(xs[0]).entropy()
    if quantity == "log_prob":
        x, a = xs
        return special.gammaln(a.sum()) - special.gammaln(a).sum() + ((a - 1) * np.log(x)).sum()
    a, b = xs
    first = special.gammaln(a.sum()) - special.gammaln(a).sum() - special.gammaln(b.sum()) + special.gammaln(b).sum()
    return first + ((a - b) * (special.digamma(a) - special.digamma(a.sum()))).sum()


def lkj(quantity: str, x: Any, eta: Any) -> Any:
    """By the onion: row i is a beta variable for its squared length and a uniform direction."""
    n, total = len(x), 0.0
    for i in range(1, n):
        b = eta[0] + (n - 1 - i) / 2
        square = 1 - x[i, i] ** 2
        direction = special.gammaln(i / 2) - np.log(2) - i / 2 * np.log(np.pi)
        total += stats.beta(i / 2, b).logpdf(square) + direction + np.log(2 * np.sqrt(square)) - (i - 1) * np.log(square) / 2
    return total


def classes(quantity: str, *xs: Any) -> Any:
    if quantity == "log_prob":
        return np.log(xs[1][int(xs[0][0])] / xs[1].sum())
    return special.rel_entr(xs[0] / xs[0].sum(), xs[1] / xs[1].sum()).sum() if quantity == "kl" else stats.entropy(xs[0])


def mixture(quantity: str, x: Any, w: Any, m: Any, s: Any) -> Any:
    return np.log((w / w.sum() * stats.norm(m, s).pdf(x[0])).sum())


def multinomial(quantity: str, x: Any, p: Any) -> Any:
    share = p / p.sum()
    return special.gammaln(x.sum() + 1) - special.gammaln(x + 1).sum() + (x * np.log(share)).sum()


ROUTES = {
    "multivariate_normal_distribution": normal, "dirichlet_distribution": dirichlet, "lkj_cholesky_distribution": lkj,
    "wishart_distribution": lambda quantity, x, v, lower: stats.wishart(v[0], lower @ lower.T).logpdf(x @ x.T),
    "mixture_distribution": mixture, "categorical_distribution": classes, "multinomial_distribution": multinomial,
}  # fmt: skip


@pytest.mark.parametrize(("id", "sample"), CASES, ids=lambda v: getattr(v, "name", v))
def test_a_second_route_in_double(id: str, sample: Sample) -> None:
    (made,) = BY_ID[id].reference(sample)
    rows = zip(*(a.astype(np.float64) for a in sample.arrays()), strict=True)
    second = np.array([ROUTES[id](sample.param("quantity"), *row) for row in rows])
    assert (np.abs(second - made.value) <= 1e-13 * np.asarray(made.scale)).all()


def test_every_family_has_a_second_route() -> None:
    assert set(ROUTES) == set(BY_ID)
