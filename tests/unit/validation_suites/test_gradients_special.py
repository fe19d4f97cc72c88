"""Slopes of further elementwise functions against multiprecision derivatives of the functions as they are defined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from validation_suites.training.gradients_pointwise import Slope
from validation_suites.training.gradients_special import SLOPES

m = mpmath


def within(low: float, high: float) -> Callable[[Any], Any]:
    return lambda x: min(max(x, m.mpf(low)), m.mpf(high))


def gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + m.tanh(m.sqrt(2 / m.pi) * (x + m.mpf(44715) / 1000000 * x**3)))


FORWARD: dict[str, Callable[..., Any]] = {
    "tan": m.tan, "asin": m.asin, "acos": m.acos, "asinh": m.asinh, "acosh": m.acosh, "atanh": m.atanh, "exp2": lambda x: m.mpf(2) ** x,
    "log2": lambda x: m.log(x) / m.log(2), "log10": lambda x: m.log(x) / m.log(10), "erfc": m.erfc, "erfcx": lambda x: m.exp(x * x) * m.erfc(x),
    "erfinv": m.erfinv, "ndtr": m.ncdf, "ndtri": lambda x: m.sqrt(2) * m.erfinv(2 * x - 1), "log_ndtr": lambda x: m.log(m.erfc(-x / m.sqrt(2)) / 2),
    "entr": lambda x: -x * m.log(x), "lgamma": m.loggamma, "digamma": m.digamma, "polygamma": lambda x, n: m.psi(n, x),
    "i0": lambda x: m.besseli(0, x), "i0e": lambda x: m.exp(-abs(x)) * m.besseli(0, x), "i1": lambda x: m.besseli(1, x),
    "i1e": lambda x: m.exp(-abs(x)) * m.besseli(1, x), "sinc": lambda x: m.sinpi(x) / (m.pi * x) if x else m.mpf(1), "logit": lambda x: m.log(x / (1 - x)),
    "relu6": within(0, 6), "hardtanh": within(-1, 1), "clamp": within(-1, 2), "hardsigmoid": lambda x: within(0, 6)(x + 3) / 6,
    "hardswish": lambda x: x * within(0, 6)(x + 3) / 6, "hardshrink": lambda x, lambd: x if abs(x) > lambd else m.mpf(0),
    "softshrink": lambda x, lambd: m.sign(x) * max(abs(x) - lambd, m.mpf(0)), "tanhshrink": lambda x: x - m.tanh(x),
    "threshold": lambda x: x if x > 0.5 else m.mpf(-1), "celu": lambda x, alpha: x if x > 0 else alpha * (m.exp(x / alpha) - 1), "gelu_tanh": gelu_tanh,
}  # fmt: skip


@pytest.mark.parametrize("slope", SLOPES, ids=lambda s: s.id)
def test_the_reference_is_the_derivative_in_forty_digits(slope: Slope) -> None:
    compared = 0
    for sample in (s for s in slope.samples() if "ordinary" in s.name or "sweep" in s.name):
        (made,) = slope.reference(sample)
        x, g = (a.astype(np.float64).ravel() for a in sample.arrays())
        with mpmath.workdps(80):
            for i in range(3, x.size, 61):
                slope_here = m.diff(lambda v, s=sample: FORWARD[slope.id](v, **dict(s.params)), m.mpf(x[i]))  # noqa: B023
                true = m.mpf(g[i]) * slope_here
                radius = np.broadcast_to(made.radius, made.shape).ravel()[i]
                low = 0.0 if made.low is None else made.low.ravel()[i]
                assert abs(m.mpf(float(made.value.ravel()[i])) + m.mpf(float(low)) - true) <= radius + abs(true) * m.mpf(10) ** -30, (sample.name, x[i])
                compared += 1
    assert compared >= 15


def test_at_kinks_the_subgradient_of_minimum_norm() -> None:
    def at(id: str, point: float, setting: str = "") -> set[float]:
        slope = next(s for s in SLOPES if s.id == id)
        (made,) = slope.reference(sample := next(s for s in slope.samples() if s.name == f"float64-kinks{setting}"))
        x, g = sample.arrays()
        return {round(float(v / w), 9) for v, w in zip(made.value[x == point], g[x == point], strict=True)}

    assert at("relu6", 0.0) == at("relu6", 6.0) == at("hardtanh", 1.0) == at("clamp", -1.0) == at("hardsigmoid", 3.0) == at("hardswish", -3.0) == {0.0}
    assert at("hardswish", 3.0) == at("celu", 0.0, "-alpha=0.5") == at("hardtanh", 0.5) == {1.0}
    assert at("softshrink", 0.5, "-lambd=0.5") == {0.0}
    assert at("i1", 0.0) == {0.5}
