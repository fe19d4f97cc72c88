"""Gradients through steps by a second route: central differences of the same formulas in fifty digits; and the derivative rules by themselves."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.duals import constant, variable
from validation_suites.training import differentiable_steps

SAMPLES = [s for f in differentiable_steps.FUNCTIONS for s in f.samples() if s.dtype == "float64"]
H = mpmath.mpf(10) ** -20




def objects(a: Array) -> Array:
    return np.array([mpmath.mpf(float(v)) for v in a], dtype=object)


def after(sample: Sample, shift: int, h: mpmath.mpf) -> Array:
    """Parameters after two steps of the plain formulas, one operand moved by h."""
    start, *given = (objects(a) + (h if i == shift else 0) for i, a in enumerate(sample.arrays()[:3]))
    hyper = {**dict(sample.params), "lr": sample.param("rate")}
    state: dict[str, Array] = {}
    for t, g in enumerate(given, 1):
        start = differentiable_steps.RULES[sample.param("optimiser")][0](state, start, g, t, hyper)
    return np.asarray(start)


def sqrt(a: Array) -> Array:
    return np.array([mpmath.sqrt(v) for v in np.atleast_1d(a)], dtype=object)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_central_differences_in_fifty_digits(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    value, *slopes = (e.value for e in differentiable_steps.reference(sample))
    weights = sample.arrays()[3]
    plain_sqrt, plain_sign = np.sqrt, np.sign
    monkeypatch.setattr(np, "sqrt", lambda a: sqrt(a) if np.asarray(a).dtype == object else plain_sqrt(a))
    monkeypatch.setattr(np, "sign", lambda a: plain_sign(np.asarray(a, dtype=float)) if np.asarray(a).dtype == object else plain_sign(a))
    with mpmath.workdps(50):
        np.testing.assert_allclose(value, after(sample, -1, mpmath.mpf(0)).astype(float), rtol=1e-14, atol=1e-15)
        for i, slope in enumerate(slopes):
            made = (after(sample, i, H) - after(sample, i, -H)) / (2 * H)
            np.testing.assert_allclose(slope, made.astype(float) * weights, rtol=1e-12, atol=1e-14)


def test_sizes_bound_slopes_and_add_up_where_terms_cancel() -> None:
    x = variable(np.array([0.5, 2.0]))
    same = x - x * 1.0
    assert (same.slope == 0).all()
    assert (same.size == 2).all()
    y = np.sqrt(x * x) / x
    assert np.abs(y.slope).max() < 1e-18
    assert (y.size >= 1 / x.value).all()
    assert (np.maximum(constant([3.0]), variable([2.0])).slope == 0).all()
