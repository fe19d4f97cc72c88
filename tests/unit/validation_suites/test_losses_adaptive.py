"""The adaptive softmax by a second route: probabilities of classes one by one, and the gradient by moving each feature."""

from __future__ import annotations

import math

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from validation_suites.training import losses_adaptive

SAMPLES = [s for s in losses_adaptive._samples() if s.dtype == "float64"]


def probability(sample: Sample, x: Array, c: int) -> float:
    """Of one class: its share of the head, or its cluster's share times its share of the cluster."""
    _, _, head, bias, *tails = sample.arrays()
    edges = sample.param("cutoffs")

    def shares(z: list[float]) -> list[float]:
        grown = [math.exp(v) for v in z]
        return [g / math.fsum(grown) for g in grown]

    first = shares([math.fsum(w * x) + (b if sample.param("bias") else 0) for w, b in zip(head, bias, strict=True)])
    if c < edges[0]:
        return first[c]
    k = max(i for i, e in enumerate(edges) if c >= e)
    hidden = np.array([math.fsum(w * x) for w in tails[2 * k]])
    return first[edges[0] + k] * shares([math.fsum(w * hidden) for w in tails[2 * k + 1]])[c - edges[k]]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_classes_one_by_one(sample: Sample) -> None:
    y, own, loss, gradient = (e.value for e in losses_adaptive.reference(sample))
    x, targets = sample.arrays()[:2]
    true = np.array([[math.log(probability(sample, row, c)) for c in range(sample.param("classes"))] for row in x])
    np.testing.assert_allclose(y, true, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.exp(true).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(own, true[np.arange(len(x)), targets], rtol=1e-12, atol=1e-12)
    assert loss == pytest.approx(-own.mean(), rel=1e-12)
    for j in range(x.shape[1]):
        ends = []
        for h in (-1e-6, 1e-6):
            moved = x[0].copy()
            moved[j] += h
            ends.append(-math.log(probability(sample, moved, int(targets[0]))) / len(x))
        assert gradient[0, j] == pytest.approx((ends[1] - ends[0]) / 2e-6, rel=1e-6, abs=1e-8)
