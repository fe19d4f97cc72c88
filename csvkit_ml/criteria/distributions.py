"""The tests that a random output must pass, by declared distribution: every entry of DISTRIBUTIONS gives p-values by test.

Each takes the drawn values, the operands of Expected.extra and the distribution's arguments. A value that the distribution cannot
give is a p-value of 0. scipy is imported where it is used: it takes half a second, and most runs judge nothing random anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria.laws import LAWS, fits
from csvkit_ml.criteria.p_values import even, serial, serial_of_bounded, two_sided
from csvkit_ml.model.tensor import Array

PValues = dict[str, float]
FAR = 3.0
"""Standard deviations beyond which a normal value counts as tail."""
SHORTEST = 1000
"""Values at least: the p-values are asymptotic and are asked far out in their tails."""


def uniform(y: Array, _: Mapping[str, Array], low: float, high: float) -> PValues:
    """U(low, high); either end may be reached by rounding."""
    from scipy import stats

    slack = 2.0**-23 * max(abs(low), abs(high))
    if not bool(((y >= low - slack) & (y <= high + slack)).all()):
        return {"support": 0.0}
    z = (y - (low + high) / 2) / ((high - low) / math.sqrt(12))
    bins = np.clip((y - low) / (high - low) * 64, 0, 63).astype(np.int64)
    return {
        "Kolmogorov-Smirnov": float(stats.kstest(y, "uniform", args=(low, high - low)).pvalue),
        "mean": two_sided(float(z.sum()) / math.sqrt(y.size)),
        "chi-square": even(np.bincount(bins, minlength=64)),
        "serial": serial(z),
    }


def standard_uniform(y: Array, extra: Mapping[str, Array], bits: float) -> PValues:
    """U[0, 1), 1 itself excluded, on a grid of at least `bits` bits: the last eight of them are even too."""
    if not bool(((y >= 0) & (y < 1)).all()):
        return {"support": 0.0}
    last = np.floor(y * 2.0**bits).astype(np.int64) & 255
    return {**uniform(y, extra, 0.0, 1.0), "low bits": even(np.bincount(last, minlength=256))}


def normal(y: Array, _: Mapping[str, Array], mean: float, sd: float) -> PValues:
    """N(mean, sd^2): body, moments, tails, independence, and hardly any value twice."""
    from scipy import stats

    n, z = y.size, (y - mean) / sd
    q = float((z**2).sum())
    return {
        "Kolmogorov-Smirnov": float(stats.kstest(z, "norm").pvalue),
        "mean": two_sided(float(z.sum()) / math.sqrt(n)),
        "variance": float(2 * min(stats.chi2.cdf(q, n), stats.chi2.sf(q, n))),
        "tails": float(stats.binomtest(int((np.abs(z) > FAR).sum()), n, 2 * float(stats.norm.sf(FAR))).pvalue),
        "serial": serial(z),
        "distinct": 1.0 if np.unique(y).size > 0.9 * n else 0.0,
    }


def masked(y: Array, extra: Mapping[str, Array], keep: float) -> PValues:
    """Each element is extra["kept"] with probability `keep`, else 0 (dropout); where kept is 0 nothing is asked."""
    from scipy import stats

    kept = extra["kept"].ravel()
    asked = kept != 0
    hits = (np.abs(y - kept) <= extra["slack"].ravel())[asked]
    if not bool((hits | (y[asked] == 0)).all() and (y[~asked] == 0).all()):
        return {"values": 0.0}
    out = {"count": float(stats.binomtest(int(hits.sum()), hits.size, keep).pvalue)}
    return {**out, **serial_of_bounded((hits - keep) / math.sqrt(keep * (1 - keep)))} if 0 < keep < 1 else out


def categorical(y: Array, _: Mapping[str, Array], *probabilities: float) -> PValues:
    """Class k with probability probabilities[k], which add up to 1."""
    from scipy import stats

    p = np.array(probabilities)
    if not bool(((y >= 0) & (y < p.size) & (y == np.floor(y))).all()):
        return {"support": 0.0}
    counts = np.bincount(y.astype(np.int64), minlength=p.size)
    if counts[p == 0].any():
        return {"support": 0.0}
    some = p > 0
    mean = float(p @ np.arange(p.size))
    sd = math.sqrt(float(p @ (np.arange(p.size) - mean) ** 2))
    return {"chi-square": float(stats.chisquare(counts[some], p[some] * y.size).pvalue), **serial_of_bounded((y - mean) / sd)}


def alternatives(y: Array, extra: Mapping[str, Array], keep: float) -> PValues:
    """Each element is lost + kept with probability `keep`, else lost, within slack."""
    return masked(np.where(np.abs(y - extra["lost"].ravel()) <= extra["slack"].ravel(), 0.0, y - extra["lost"].ravel()), extra, keep)


DISTRIBUTIONS: Mapping[str, Callable[..., Any]] = {
    "uniform": uniform,
    "standard uniform": standard_uniform,
    "normal": normal,
    "masked": masked,
    "categorical": categorical,
    "alternatives": alternatives,
    **{name: fits(name) for name in LAWS},
}
"""By name: uniform(low, high), standard uniform(bits), normal(mean, sd), masked(keep), categorical(p, ...), alternatives(keep), and the laws."""
