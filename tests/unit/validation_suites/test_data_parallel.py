"""Gradients of replicas as one process finds them on all data, by the complex step; everything is exact in the format."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from tests.unit.validation_suites.test_gradients import gradient
from validation_suites.training import data_parallel

GRADIENTS, UNUSED, PARTS, BUFFERS, TRAINED = data_parallel.FUNCTIONS


def loss(x: Any, target: Any, w: Any, b: Any, v: Any, d: Any) -> Any:
    raw = x @ w.T + b
    h = np.where(raw.real > 0, raw, 0)
    return ((h @ v.T + d - target) ** 2).sum() / (2 * len(x))


def test_the_mean_over_ranks_is_the_gradient_on_all_rows() -> None:
    for sample in GRADIENTS.samples():
        x, target, *theta = (a.astype(np.float64) for a in sample.arrays())
        rows, goals = x.reshape(-1, 3), target.reshape(-1, 2)
        found = gradient(lambda *q, rows=rows, goals=goals: loss(rows, goals, *q), theta)
        for expected, g in zip(GRADIENTS.reference(sample), found, strict=True):
            assert np.allclose(expected.value, np.stack([g, g]), rtol=0, atol=1e-9)
            assert np.abs(expected.value).max() > 1


def test_accumulated_gradients_are_sums_over_parts() -> None:
    for sample in PARTS.samples():
        x, target, *theta = (a.astype(np.float64) for a in sample.arrays())
        parts = sample.param("parts")
        made = PARTS.reference(sample)
        for rank in range(2):
            pieces = list(zip(np.split(x[rank], parts), np.split(target[rank], parts), strict=True))[:-1]
            found = gradient(lambda *q, pieces=pieces: sum(loss(a, b, *q) for a, b in pieces), theta)
            assert all(np.allclose(e.value[rank], g, rtol=0, atol=1e-9) for e, g in zip(made[:4], found, strict=True))
        assert all((e.value[0] == e.value[1]).all() for e in made[4:])
        assert any((e.value[0] != e.value[1]).any() for e in made[:4])


def test_an_unused_branch_counts_as_zero() -> None:
    for sample in UNUSED.samples():
        x = sample.arrays()[0].astype(np.float64)
        for k, expected in enumerate(UNUSED.reference(sample)[:2]):
            used = gradient(lambda w, k=k, x=x: (x[k] @ w.T).sum(), [np.ones((2, 3))])[0]
            assert np.allclose(expected.value, np.stack([used / 2] * 2), rtol=0, atol=1e-12)


def test_buffers_by_passes() -> None:
    for sample in BUFFERS.samples():
        x, _, buffer = (a.astype(np.float64) for a in sample.arrays())
        held = [buffer[0].copy(), buffer[1].copy()]
        for step in range(x.shape[1]):
            if sample.param("broadcast"):
                held[1] = held[0].copy()
            held = [held[r] + x[r, step] for r in range(2)]
        assert np.array_equal(BUFFERS.reference(sample)[1].value, np.stack(held))


def test_training_in_fractions() -> None:
    """No step rounds, neither in the reference nor in the sample's format."""
    for sample in TRAINED.samples():
        x, target, w, b = (np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(a) for a in sample.arrays())
        moments = [np.full(w.shape, Fraction(0)), np.full(b.shape, Fraction(0))]
        for step in range(sample.param("steps")):
            rows = [i % len(x) for i in range(8 * step, 8 * step + 8)]
            error = x[rows] @ w.T + b - target[rows]
            found = [sum(np.outer(e, v) for e, v in zip(error, x[rows], strict=True)) / 8, sum(error) / 8]
            moments = [m / 2 + g for m, g in zip(moments, found, strict=True)]
            w, b = w - moments[0] / 8, b - moments[1] / 8
        for expected, true in zip(TRAINED.reference(sample), (w, b), strict=True):
            assert all(Fraction(float(e)) == t for e, t in zip(expected.value[0].ravel(), true.ravel(), strict=True))
            assert np.array_equal(expected.value, expected.value.astype(sample.dtype).astype(np.float64))


def test_gradients_are_exact_in_the_format() -> None:
    for function in (GRADIENTS, UNUSED, PARTS, BUFFERS):
        for sample in function.samples():
            for e in function.reference(sample):
                if e.dtype == sample.dtype:
                    assert np.array_equal(e.value, e.value.astype(sample.dtype).astype(np.float64))
