"""Slopes of the incomplete gamma functions and of zeta against multiprecision derivatives of integrals and sums as they are defined."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from validation_suites.training.gradients_gamma import SECONDS, Second

m = mpmath
FORWARD: dict[str, Callable[[Any, Any], Any]] = {
    "gammainc": lambda a, x: m.gammainc(a, 0, x, regularized=True), "gammaincc": lambda a, x: m.gammainc(a, x, m.inf, regularized=True),
    "zeta": lambda s, q: m.zeta(s, q),
}  # fmt: skip


@pytest.mark.parametrize("second", SECONDS, ids=lambda s: s.id)
def test_the_reference_is_the_derivative_in_forty_digits(second: Second) -> None:
    compared = 0
    for sample in (s for s in second.samples() if "edge" not in s.name):
        (made,) = second.reference(sample)
        x, a, g = (v.astype(np.float64).ravel() for v in sample.arrays())
        with mpmath.workdps(60):
            for i in range(0, x.size, 61):
                slope = m.diff(partial(FORWARD[second.id], m.mpf(a[i])), m.mpf(x[i]))
                true = m.mpf(g[i]) * slope
                radius = np.broadcast_to(made.radius, made.shape).ravel()[i]
                low = 0.0 if made.low is None else made.low.ravel()[i]
                assert abs(m.mpf(float(made.value.ravel()[i])) + m.mpf(float(low)) - true) <= radius + abs(true) * m.mpf(10) ** -20, (sample.name, x[i], a[i])
                compared += 1
    assert compared >= 20


def test_on_the_edge_of_the_domain_the_derivative_by_continuity() -> None:
    for second in SECONDS[:2]:
        sample = next(s for s in second.samples() if s.name == "float64-edge")
        (made,), (_, a, g) = second.reference(sample), sample.arrays()
        assert g.all()
        for value, order in zip(made.value / g, a, strict=True):
            near = [float(m.diff(partial(FORWARD[second.id], m.mpf(float(order))), x)) for x in (m.mpf(10) ** -8, m.mpf(10) ** -10)]
            assert np.isinf(value) == (abs(near[1]) > 5 * abs(near[0]))
            assert np.isinf(value) or abs(value - near[1]) < 1e-4
