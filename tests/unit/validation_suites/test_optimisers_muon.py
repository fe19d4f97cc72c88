"""Muon by the singular value decomposition: an odd polynomial of a matrix is that of its singular values."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from validation_suites.training import optimisers_muon as muon

(FUNCTION,) = muon.FUNCTIONS


def polynomial(x: Array, sample: Sample) -> Array:
    """U p(p(... s / |s|)) V'."""
    left, s, right = np.linalg.svd(x, full_matrices=False)
    a, b, c = sample.param("ns_coefficients")
    s = s / np.sqrt((s**2).sum())
    for _ in range(sample.param("ns_steps")):
        s = a * s + b * s**3 + c * s**5
    return np.asarray((left * s) @ right)


@pytest.mark.parametrize("sample", list(FUNCTION.samples()), ids=lambda s: s.name)
def test_steps_by_singular_values(sample: Sample) -> None:
    start, gradients = (a.astype(np.float64) for a in sample.arrays())
    made, mu, (cut,) = muon.path(sample), sample.param("momentum"), sample.param("cuts")
    for piece, lr in zip((slice(0, cut), slice(cut, None)), sample.param("lrs"), strict=True):
        p, g = start[piece], gradients[:, piece]
        n, k = p.shape
        rate = lr * (0.2 * max(n, k) ** 0.5 if sample.param("adjust_lr_fn") == "match_rms_adamw" else max(1, n / k) ** 0.5)
        for t in range(muon.STEPS):
            buffer = sum(mu ** (t - i) * g[i] for i in range(t + 1))
            given = g[t] + mu * buffer if sample.param("nesterov") else buffer
            p = p - lr * sample.param("weight_decay") * p - rate * polynomial(np.asarray(given), sample)
            assert np.allclose(made[t, piece].astype(np.float64), p, rtol=0, atol=1e-11), t
