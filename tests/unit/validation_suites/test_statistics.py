"""Statistics and distances by numpy, scipy and loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from tests.unit.validation_suites.plain_samples import first
from validation_suites.inference.statistics import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def _close(a: object, b: object, name: str) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=name)  # type: ignore[arg-type]


def test_covariances_and_correlations_of_numpy() -> None:
    for sample in BY_ID["cov"].samples():
        x, *more = (a.astype(np.float64) for a in sample.arrays())
        kind = sample.param("weights")
        counts = more[0].astype(int) if kind in ("counts", "both") else None
        shares = more[-1] if kind in ("shares", "both") else None
        _close(first(BY_ID["cov"], sample), np.cov(x, ddof=sample.param("correction"), fweights=counts, aweights=shares), sample.name)
    for sample in BY_ID["corrcoef"].samples():
        _close(first(BY_ID["corrcoef"], sample), np.corrcoef(sample.arrays()[0].astype(np.float64)), sample.name)


def _apart(x: np.ndarray, y: np.ndarray, p: float) -> float:  # type: ignore[type-arg]
    if p == 0:
        return float((x != y).sum())
    return float(distance.chebyshev(x, y) if np.isinf(p) else distance.minkowski(x, y, p))


def test_distances_of_scipy() -> None:
    for sample in BY_ID["cdist"].samples():
        x, y = (a.astype(np.float64)[(None,) * (3 - a.ndim)] for a in sample.arrays())
        made = first(BY_ID["cdist"], sample).reshape(len(x), x.shape[1], y.shape[1])
        for b, i, j in np.ndindex(*made.shape):
            assert made[b, i, j] == pytest.approx(_apart(x[b, i], y[b, j], float(sample.param("p"))), rel=1e-12), sample.name
    for sample in BY_ID["pdist"].samples():
        x = sample.arrays()[0].astype(np.float64)
        want = [_apart(x[i], x[j], float(sample.param("p"))) for i in range(len(x)) for j in range(i + 1, len(x))]
        _close(first(BY_ID["pdist"], sample), want, sample.name)
    for sample in BY_ID["dist"].samples():
        x, y = (a.ravel() for a in np.broadcast_arrays(*(a.astype(np.float64) for a in sample.arrays())))
        assert float(first(BY_ID["dist"], sample)) == pytest.approx(_apart(x, y, float(sample.param("p"))), rel=1e-12), sample.name


def test_no_slice_is_longer_than_its_limit_and_short_ones_stay() -> None:
    for sample in BY_ID["renorm"].samples():
        made, x = first(BY_ID["renorm"], sample), sample.arrays()[0].astype(np.float64)
        limit, p = sample.param("limit"), sample.param("p")
        for a, b in zip(np.moveaxis(made, sample.param("dim"), 0), np.moveaxis(x, sample.param("dim"), 0), strict=True):
            before, after = (float(np.linalg.norm(v.ravel(), p)) for v in (b, a))
            assert after == pytest.approx(min(before, limit), rel=1e-12)
            _close(a * before, b * after, sample.name)


def test_segments_cells_diagonals_and_sorted_rows_by_loops() -> None:
    for sample in BY_ID["segment_reduce"].samples():
        x, at, rows = sample.arrays()[0].astype(np.float64), 0, []
        of = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod}[sample.param("reduce")]
        for n in sample.param("lengths"):
            rows.append(of(x[at : at + n], axis=0))
            at += n
        _close(first(BY_ID["segment_reduce"], sample), np.array(rows), sample.name)
    for sample in BY_ID["histogramdd"].samples():
        bins, reach = sample.param("bins"), sample.param("reach")
        want = np.zeros(bins)
        for point in sample.arrays()[0].astype(np.float64):
            cell = [int((v + reach) // (2 * reach / n)) - (v == reach) for v, n in zip(point, bins, strict=True)]
            if all(0 <= c < n for c, n in zip(cell, bins, strict=True)):
                want[tuple(cell)] += 1
        _close(first(BY_ID["histogramdd"], sample), want, sample.name)
    for sample in BY_ID["trace"].samples():
        x = sample.arrays()[0]
        assert float(first(BY_ID["trace"], sample)) == sum(float(x[i, i]) for i in range(min(x.shape)))
    for sample in BY_ID["msort"].samples():
        made, x = first(BY_ID["msort"], sample), sample.arrays()[0].astype(np.float64)
        for at in np.ndindex(*x.shape[1:]):
            assert made[(slice(None), *at)].tolist() == sorted(x[(slice(None), *at)].tolist())
