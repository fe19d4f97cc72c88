"""Slopes against the complex step of the functions themselves in multiprecision arithmetic (nothing cancels, so the step may be tiny)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from validation_suites.training.gradients_pointwise import SELU_ALPHA, SELU_SCALE, SLOPES, Slope

STEP = mpmath.mpf(10) ** -60


def right(z: Any) -> bool:
    return bool(z.real > 0)


FORWARD: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp, "expm1": lambda z: mpmath.exp(z) - 1, "log": mpmath.log, "log1p": lambda z: mpmath.log(1 + z), "sqrt": mpmath.sqrt,
    "rsqrt": lambda z: 1 / mpmath.sqrt(z), "reciprocal": lambda z: 1 / z, "square": lambda z: z * z,
    "pow": lambda z, exponent: mpmath.exp(exponent * mpmath.log(z)), "sin": mpmath.sin, "cos": mpmath.cos, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "atan": mpmath.atan, "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)), "erf": mpmath.erf,
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2, "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "mish": lambda z: z * mpmath.tanh(mpmath.log(1 + mpmath.exp(z))), "softplus": lambda z: z if z.real > 20 else mpmath.log(1 + mpmath.exp(z)),
    "logsigmoid": lambda z: -mpmath.log(1 + mpmath.exp(-z)), "softsign": lambda z: z / (1 + z if right(z) else 1 - z),
    "relu": lambda z: z if right(z) else 0 * z, "leaky_relu": lambda z, negative_slope: z if right(z) else negative_slope * z,
    "elu": lambda z, alpha: z if right(z) else alpha * (mpmath.exp(z) - 1),
    "selu": lambda z: SELU_SCALE * (z if right(z) else SELU_ALPHA * (mpmath.exp(z) - 1)), "abs": lambda z: z if right(z) else -z,
}  # fmt: skip


@pytest.mark.parametrize("slope", SLOPES, ids=lambda s: s.id)
def test_the_reference_is_the_complex_step_derivative(slope: Slope) -> None:
    compared = 0
    for sample in (s for s in slope.samples() if "ordinary" in s.name or "sweep" in s.name):
        (made,) = slope.reference(sample)
        x, g = (a.astype(np.float64).ravel() for a in sample.arrays())
        low, radius = (np.zeros(x.size) if made.low is None else made.low.ravel(), np.broadcast_to(made.radius, made.shape).ravel())
        with mpmath.workdps(100):
            for i in range(0, x.size, 31):
                true = mpmath.mpf(g[i]) * mpmath.im(FORWARD[slope.id](mpmath.mpc(mpmath.mpf(x[i]), STEP), **dict(sample.params))) / STEP
                own = mpmath.mpf(float(made.value.ravel()[i])) + mpmath.mpf(float(low[i]))
                assert abs(own - true) <= radius[i] + abs(true) * mpmath.mpf(2) ** -100, (sample.name, x[i])
                compared += 1
    assert compared >= 30


def test_at_kinks_the_subgradient_of_minimum_norm() -> None:
    def at_zero(id: str, setting: str = "") -> set[float]:
        slope = next(s for s in SLOPES if s.id == id)
        sample = next(s for s in slope.samples() if s.name == f"float64-kinks{setting}")
        (made,) = slope.reference(sample)
        x, g = sample.arrays()
        return {float(v / w) for v, w in zip(made.value[x == 0], g[x == 0], strict=True)}

    assert at_zero("relu") == at_zero("abs") == {0.0}
    assert at_zero("elu", "-alpha=0.5") == {0.5}
    assert at_zero("leaky_relu", "-negative.slope=0.3") == {0.3}
    assert np.isinf(list(at_zero("sqrt"))).all()
