"""Exact truths of the training side by a second, plainer route."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from csvkit_ml.model.function import Sample
from validation_suites.training import (
    data_loading,
    dropout_channels,
    generators,
    mixed_precision,
    optimiser_protocol,
    quantisation_aware,
    reparametrisation,
)
from validation_suites.training.reparametrisation import mask


def test_shards_are_a_partition_of_equal_parts() -> None:
    for sample in data_loading._sharded():
        n, k = sample.param("n"), sample.param("replicas")
        (order,) = data_loading.shards(sample)
        parts = order.reshape(k, -1)
        times = np.bincount(order, minlength=n)
        if sample.param("drop_last"):
            assert times.max() == 1
            assert order.size == n // k * k
        else:
            assert times.min() >= 1
            assert 0 <= order.size - n < k
        assert (parts[:, 0] == np.arange(k) % n).all()


def test_fractions_of_a_split_by_hand() -> None:
    found = {s.name: data_loading.split_lengths(s).tolist() for s in data_loading._split()}
    assert found["n11-0.5_0.25_0.25"] == [6, 3, 2]
    assert found["n101-0.9_0.1"] == [91, 10]
    assert all(sum(data_loading.split_lengths(s)) == s.param("n") for s in data_loading._split())


def test_pairs_without_replacement_by_counting() -> None:
    weights = np.array([1.0, 2.0, 0.0, 5.0])
    p = data_loading.pair_probability(weights).reshape(4, 4)
    assert p.sum() == 1
    for i, j in itertools.product(range(4), repeat=2):
        true = 0 if i == j else Fraction(int(weights[i]), 8) * Fraction(int(weights[j]), 8 - int(weights[i]))
        assert abs(p[i, j] - float(true)) < 1e-15


def test_the_loss_scale_by_hand() -> None:
    """Grows after two good steps, halves at an overflow, whose step is skipped."""
    sample = next(s for s in mixed_precision._scaling_cases() if s.name == "schedule1-grow2-every2")
    scales, weights = mixed_precision.scaling(sample)
    x = sample.arrays()[0]
    assert scales.tolist() == [1024, 512, 512, 1024, 1024, 512, 256, 256]
    assert (weights == np.outer([-1, -1, -2, -3, -4, -4, -4, -5], x)).all()


def test_pruning_masks_by_sorting() -> None:
    for sample in reparametrisation._pruned_cases():
        w, kept, amount = sample.arrays()[0], mask(sample), sample.param("amount")
        if sample.param("kind") == "l1":
            lost = amount if isinstance(amount, int) else round(amount * w.size)
            smallest = sorted(abs(float(v)) for v in w.ravel())[:lost]
            assert sorted(abs(w[kept == 0]).tolist()) == smallest
        if sample.param("kind") == "twice":
            first = round(0.5 * w.size)
            assert int((kept == 0).sum()) == first + round(0.5 * (w.size - first))


def test_fake_quantise_in_rational_numbers() -> None:
    for sample in quantisation_aware._fake_cases():
        s, z, low, high = (Fraction(sample.param(k)) for k in ("scale", "zero", "low", "high"))
        y, inside = quantisation_aware.fake(sample)
        for x, a, g in zip(sample.arrays()[0].tolist(), y, inside, strict=True):
            q = round(Fraction(x) / s) + z
            assert a == float((min(max(q, low), high) - z) * s)
            assert g == (low <= q <= high)


def test_zero_points_are_not_at_ties() -> None:
    """So that one rounding in float32 cannot decide them."""
    for sample in quantisation_aware._observer_samples():
        if sample.param("scheme") == "affine":
            low, high = quantisation_aware.observed(sample)
            steps = np.minimum(low, 0) / ((np.maximum(high, 0) - np.minimum(low, 0)) / 255)
            assert (abs(abs(steps - np.floor(steps)) - 0.5) > 1e-3).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    for p in (0.1, 0.5, 0.9):
        a, b = dropout_channels.affine(p)
        low = a * dropout_channels.SATURATION + b
        mean = (1 - p) * b + p * low
        assert abs(mean) < 1e-15
        assert abs((1 - p) * (a * a + b * b) + p * low * low - mean**2 - 1) < 1e-14


def test_centres_of_identity_convolutions() -> None:
    chosen: Sample = next(s for s in reparametrisation._initial_cases() if "dirac-6x3x3x5-2" in s.name)
    (w,) = reparametrisation.initial(chosen)
    assert {tuple(int(i) for i in at) for at in np.argwhere(w)} == {(g * 3 + d, d, 1, 2) for g in range(2) for d in range(3)}


def test_zeros_of_sparse_columns_are_rounded_up() -> None:
    assert [generators._zeros(s)[0][0] for s in generators._sparse()] == [3, 4, 1]


def test_weights_with_hooks_and_a_halving_rate_by_hand() -> None:
    sample = next(s for s in optimiser_protocol._cases() if s.param("steps") == 4)
    weights, rates, _ = optimiser_protocol.stepped(sample)
    g = sample.arrays()[0]
    assert rates.tolist() == [1, 0.5, 0.5, 0.25]
    assert (weights == np.stack([1 - 2 * g, 2 - 4 * g, 3 - 5 * g, 4 - 6 * g])).all()
