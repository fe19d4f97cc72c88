"""Probabilities of an outcome at least as odd as the one seen, of the tests that random outputs must pass. scipy is imported where it is used."""

from __future__ import annotations

import math

import numpy as np

from csvkit_ml.model.tensor import Array

LAGS = 16
"""Lags of the test for serial correlation: the widest block that a vectorised generator fills at once."""
LEAST = 10.0
"""Expected count of a cell that stands by itself in the chi-square test; smaller ones are pooled."""


def two_sided(z: float) -> float:
    from scipy import stats

    return float(2 * stats.norm.sf(abs(z)))


def serial(standardised: Array) -> float:
    """Box and Pierce 1970 with known mean and variance: n times the sum of squared autocorrelations is chi-square."""
    from scipy import stats

    z, n = standardised, standardised.size
    rho = [float((z[:-k] * z[k:]).sum()) / math.sqrt(n - k) for k in range(1, LAGS + 1)]
    return float(stats.chi2.sf(sum(r * r for r in rho), LAGS))


def serial_of_bounded(standardised: Array) -> dict[str, float]:
    """The test for serial correlation where its asymptotic law holds: no single product may weigh more than a tenth of a deviation.

    Rare events make products so large that a few coincidences decide; their tails are far heavier than those of chi-square.
    """
    largest = float(np.abs(standardised).max())
    return {"serial": serial(standardised)} if 0 < largest**2 <= 0.1 * math.sqrt(standardised.size) else {}


def even(counts: Array) -> float:
    from scipy import stats

    return float(stats.chisquare(counts).pvalue)


def chi_square(counts: Array, probability: Array) -> float:
    """Pearson's test; cells of small expectation are pooled with their neighbours. One cell left says nothing: 1."""
    from scipy import stats

    expected = probability * counts.sum()
    index = _groups(expected)
    k, e = np.bincount(index, weights=counts), np.bincount(index, weights=expected)
    return float(stats.chi2.sf(((k - e) ** 2 / e).sum(), k.size - 1)) if k.size > 1 else 1.0


def _groups(expected: Array) -> Array:
    """Number of the group of each cell: a group ends where its expectation reaches LEAST; what is left at the end joins the last."""
    index, total = np.zeros(expected.size, dtype=np.int64), 0.0
    for i, e in enumerate(expected.tolist()):
        index[i] = index[i - 1] if i else 0
        if total >= LEAST:
            index[i], total = index[i] + 1, 0.0
        total += e
    if total < LEAST and index[-1]:
        index[index == index[-1]] -= 1
    return index


def score(counts: Array, probability: Array, weight: Array) -> float:
    """Two-sided p of a weighted sum of the counts: exact mean and variance of the multinomial law, normal tails."""
    from scipy import stats

    n, mean = float(counts.sum()), float((probability * weight).sum())
    variance = float((probability * (weight - mean) ** 2).sum())
    return float(2 * stats.norm.sf(abs(float((counts * (weight - mean)).sum())) / math.sqrt(n * variance))) if variance else 1.0
