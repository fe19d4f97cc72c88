"""Gradients of the network whose code is changed, by the complex step; exact in the format."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.validation_suites.test_gradients import gradient
from validation_suites.training import autograd_code

CODE, ANOMALY = autograd_code.FUNCTIONS


def test_gradients_by_the_complex_step() -> None:
    for sample in CODE.samples():
        x, target, *theta = (a.astype(np.float64) for a in sample.arrays())

        def loss(x: Any, w: Any, b: Any, v: Any, d: Any, target: Any = target) -> Any:
            raw = x @ w.T + b
            return ((np.where(raw.real > 0, raw, 0) @ v.T + d - target) ** 2).sum() / len(x)

        for expected, found in zip(CODE.reference(sample), gradient(loss, [x, *theta]), strict=True):
            assert np.allclose(expected.value, found, rtol=0, atol=1e-9)
            assert np.array_equal(expected.value, expected.value.astype(sample.dtype).astype(np.float64))


def test_the_anomalous_pass_divides_zero_by_zero() -> None:
    for sample in ANOMALY.samples():
        (x,) = sample.arrays()
        with np.errstate(all="ignore"):
            slope = 0 * (1 / (2 * np.sqrt(0 * x)))
        assert np.isnan(slope).all()
        assert np.array_equal(ANOMALY.reference(sample)[0].value, 2 * x.astype(np.float64))
