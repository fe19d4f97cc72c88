"""The histogram's search by a second route: the loss by summing over fine points, every decision far from a tie."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from validation_suites.training import histogram_observers as observers

SAMPLES = [s for s in observers._samples() if s.param("scheme") == "affine"]


def fine_loss(counts: Array, first: int, last: int) -> float:
    """By 4,000 points a bin."""
    w = (last - first + 1) / observers.LEVELS
    total = 0.0
    for bin, count in enumerate(counts):
        x = bin - first + (np.arange(4000) + 0.5) / 4000
        middle = (np.clip(np.floor(x / w), 0, observers.LEVELS - 1) + 0.5) * w
        total += count * float(((x - middle) ** 2).mean())
    return total


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_the_loss_by_fine_points(sample: Sample) -> None:
    counts = observers.counted(sample)[0]
    for first, last in ((0, len(counts) - 1), (3, len(counts) - 9), observers.search(counts)):
        assert observers.loss(counts, first, last) == pytest.approx(fine_loss(counts, first, last), rel=1e-3)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_no_decision_is_close(sample: Sample) -> None:
    """float32 must not decide: losses differ by more than a thousandth, and the zero point is no tie."""
    seen: list[tuple[float, float]] = []
    counts, low, high = observers.counted(sample)
    first, last = observers.search(counts, lambda now, best: seen.append((now, best)))
    assert len(seen) >= 2
    assert all(abs(now - best) > 1e-3 * now for now, best in seen)
    assert all(now <= best for now, best in seen[:-1])
    width = (high - low) / len(counts)
    a, b = min(low + width * first, 0.0), max(low + width * (last + 1), 0.0)
    assert abs(abs(-a * 255 / (b - a) % 1) - 0.5) > 1e-3


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_counts_by_numpy(sample: Sample) -> None:
    counts, low, high = observers.counted(sample)
    often, once, later = (a.astype(np.float64) for a in sample.arrays())
    data = np.concatenate([np.tile(often, sample.param("times")), once, np.tile(later, sample.param("times"))])
    assert (counts == np.histogram(data, bins=len(counts), range=(low, high))[0]).all()


def test_far_values_are_left_out_where_many_others_gain() -> None:
    kept = {s.name: observers.search(observers.counted(s)[0]) for s in SAMPLES}
    first, last = kept["outliers-affine-bins256-times2000"]
    assert (first > 50, last < 230) == (True, True)
    first, last = kept["even-affine-bins256-times2000"]
    assert last - first > 250
