"""Clipped gradients and their norm against the definition in 60 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training.gradient_clipping import FUNCTIONS, INF

NORM, VALUE = FUNCTIONS
FINITE = [s for s in NORM.samples() if "nan" not in s.name and "-inf-" not in s.name and "40000" not in s.name]


@pytest.mark.parametrize("sample", FINITE, ids=lambda s: s.name)
def test_norm_by_its_definition(sample: Sample) -> None:
    *parts, norm = NORM.reference(sample)
    values = [[mpmath.mpf(float(v)) for v in a.reshape(-1)] for a in sample.arrays()]
    order, limit = sample.param("norm_type"), mpmath.mpf(sample.param("max_norm"))
    with mpmath.workdps(60):
        sizes = [abs(v) for part in values for v in part]
        total = max(sizes) if order == INF else mpmath.fsum(s**order for s in sizes) ** (1 / mpmath.mpf(order))
        assert abs(mpmath.mpf(float(norm.value)) + mpmath.mpf(float(norm.low)) - total) <= norm.radius + 2.0**-106 * total  # type: ignore[arg-type]
        share = min(mpmath.mpf(1), limit / (total + mpmath.mpf(1e-6)))
        for made, part in zip(parts, values, strict=True):
            assert made.low is not None
            own = zip(made.value.flat, made.low.flat, np.broadcast_to(made.radius, made.shape).flat, part, strict=True)
            assert all(abs(mpmath.mpf(float(v)) + mpmath.mpf(float(w)) - share * g) <= r + 2.0**-106 * abs(g) for v, w, r, g in own)


def test_an_infinite_gradient_leaves_zeros_and_nan() -> None:
    """Finite elements times 1 / inf; infinity times zero."""
    sample = next(s for s in NORM.samples() if s.name == "float32-inf-norm2")
    first, *more, norm = NORM.reference(sample)
    assert np.isnan(first.value[:, 5]).all() and (np.delete(first.value, 5, axis=1) == 0).all()
    assert all((e.value == 0).all() for e in more)
    assert np.isinf(norm.value)


def test_values_are_cut_at_the_limit() -> None:
    for sample in VALUE.samples():
        limit = sample.param("clip_value")
        for made, a in zip(VALUE.reference(sample), sample.arrays(), strict=True):
            wide = a.astype(np.float64)
            assert np.array_equal(made.value, np.where(wide > limit, limit, np.where(wide < -limit, -limit, wide)), equal_nan=True)
