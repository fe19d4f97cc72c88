"""Schedules by a second route: the documented recursion in 50 digits, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from csvkit_ml.model.function import Function, Sample
from validation_suites.training import schedules

BY_ID = {f.id: f for f in schedules.FUNCTIONS}
Hyper = dict[str, Any]


def step(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    return lr * h["gamma"] if t % h["step_size"] == 0 else lr


def cosine(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """The difference of successive terms instead of their ratio: cos a - cos b = -2 sin((a + b) / 2) sin((a - b) / 2)."""
    half = mpmath.pi / (2 * h["T_max"])
    return lr - (base - h["eta_min"]) * mpmath.sin((2 * t - 1) * half) * mpmath.sin(half)


def multi_step(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    for _ in range(h["milestones"].count(t)):
        lr = lr * h["gamma"]
    return lr


def linear(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    return lr + base * (h["end_factor"] - h["start_factor"]) / h["total_iters"] if t <= h["total_iters"] else lr


def polynomial(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """base exp(power log(1 - t / total))."""
    return base * mpmath.exp(h["power"] * mpmath.log(1 - mpmath.mpf(t) / h["total_iters"])) if t < h["total_iters"] else mpmath.mpf(0)


ROUTES: dict[str, Callable[[Hyper, Any, Any, int], Any]] = {
    "step_lr": step, "cosine_annealing_lr": cosine, "multi_step_lr": multi_step, "linear_lr": linear, "polynomial_lr": polynomial,
    "constant_lr": lambda h, base, lr, t: base if t >= h["total_iters"] else lr,
    "exponential_lr": lambda h, base, lr, t: lr * h["gamma"],
}  # fmt: skip
STARTS: dict[str, Callable[[Hyper], Any]] = {"constant_lr": lambda h: h["factor"], "linear_lr": lambda h: h["start_factor"]}


@pytest.mark.parametrize(("function", "sample"), [pytest.param(f, s, id=f"{f.id}-{s.name}") for f in BY_ID.values() for s in f.samples()])
def test_rates_by_recursion(function: Function, sample: Sample) -> None:
    (made,) = function.reference(sample)
    assert made.low is not None
    with mpmath.workdps(50):
        h = {k: mpmath.mpf(v) if isinstance(v, float) else v for k, v in sample.params}
        for group, base in enumerate(sample.arrays()[0]):
            base = mpmath.mpf(float(base))
            lr = base * STARTS.get(function.id, lambda h: 1)(h)
            for t in range(sample.param("epochs") + 1):
                lr = ROUTES[function.id](h, base, lr, t) if t else lr
                own = mpmath.mpf(float(made.value[t, group])) + mpmath.mpf(float(made.low[t, group]))
                assert abs(own - lr) <= made.radius[t, group] + 2.0**-100 * abs(base), (t, group)  # type: ignore[index]


@pytest.mark.parametrize("function", BY_ID.values(), ids=BY_ID)
def test_limits_are_far_below_a_visible_difference(function: Function) -> None:
    for sample in function.samples():
        (made,) = function.reference(sample)
        assert made.scale.max() * 2.0**-53 <= 1e-10 * max(sample.arrays()[0].max(), 1.0)  # type: ignore[union-attr]
