"""Schedules that come back or are made of others, by other formulas in 50 digits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from validation_suites.training import schedules_composed, schedules_cyclic

BY_ID = {f.id: f for module in (schedules_cyclic, schedules_composed) for f in module.FUNCTIONS}
Hyper = dict[str, Any]


def down(x: Any) -> Any:
    """From 1 to 0 along a cosine: the square of a cosine of half the angle."""
    return mpmath.cos(mpmath.pi * mpmath.mpf(x) / 2) ** 2


def restarts(h: Hyper, base: Any, t: int) -> Any:
    starts, length = [0], h["T_0"]
    while starts[-1] + length <= t:
        starts.append(starts[-1] + length)
        length *= h["T_mult"]
    return h["eta_min"] + (base - h["eta_min"]) * down(mpmath.mpf(t - starts[-1]) / length)


def height(h: Hyper, t: int) -> Any:
    up, total = h["step_size_up"], h["step_size_up"] + h["step_size_down"]
    within, cycle = t % total, t // total
    share = Fraction(within, up) if within <= up else Fraction(total - within, total - up)
    damping = {"triangular": 1, "triangular2": mpmath.mpf(2) ** -cycle, "exp_range": mpmath.mpf(h["gamma"]) ** t}[h["mode"]]
    return mpmath.mpf(share.numerator) / share.denominator * damping


def one_cycle(h: Hyper, t: int, levels: tuple[Any, Any, Any]) -> Any:
    """Levels: first, top, last."""
    rise, total = h["pct_start"] * h["total_steps"] - 1, h["total_steps"] - 1
    points = [(0, levels[0]), (rise, levels[1])]
    points += [(2 * rise, levels[0])] if h["three_phase"] else []
    points += [(total, levels[2])]
    for (a, x), (b, y) in zip(points, points[1:], strict=False):
        if t <= b:
            done = mpmath.mpf(t - a) / (b - a)
            return y + (x - y) * (1 - done if h["anneal_strategy"] == "linear" else down(done))
    raise AssertionError(t)


def part(name: str, how: Hyper, t: int) -> Any:
    """Factor of a part at its own epoch."""
    done = mpmath.mpf(min(t, how.get("total_iters", 1))) / how.get("total_iters", 1)
    if name == "LinearLR":
        return (1 - done) * how["start_factor"] + done * how["end_factor"]
    if name == "PolynomialLR":
        return (1 - done) ** how["power"]
    return (how["factor"] if done < 1 else 1) if name == "ConstantLR" else mpmath.fprod([how["gamma"]] * t)


def sequential(h: Hyper, base: Any, t: int) -> Any:
    begins = [0, *h["milestones"]]
    i = max(k for k, begin in enumerate(begins) if begin <= t)
    return base * part(h["parts"][i][0], dict(h["parts"][i][1]), t - begins[i])


ROUTES: dict[str, tuple[Callable[[Hyper, Any, int], Any], ...]] = {
    "cosine_annealing_warm_restarts": (restarts,),
    "cyclic_lr": (
        lambda h, base, t: base * (1 + (h["max_lr"] - 1) * height(h, t)),
        lambda h, base, t: h["max_momentum"] + (h["base_momentum"] - h["max_momentum"]) * height(h, t),
    ),
    "one_cycle_lr": (
        lambda h, base, t: base * one_cycle(h, t, (1 / h["div_factor"], mpmath.mpf(1), 1 / (h["div_factor"] * h["final_div_factor"]))),
        lambda h, base, t: one_cycle(h, t, (h["max_momentum"], h["base_momentum"], h["max_momentum"])),
    ),
    "lambda_lr": (lambda h, base, t: base * h["factors"][t % len(h["factors"])],),
    "multiplicative_lr": (lambda h, base, t: base * prod(h["factors"][k % len(h["factors"])] for k in range(1, t + 1)),),
    "sequential_lr": (sequential,),
    "chained_scheduler": (lambda h, base, t: base * prod(part(name, dict(how), t) for name, how in h["parts"]),),
    "swa_lr": (
        lambda h, base, t: (
            h["swa_lr"] if t >= h["anneal_epochs"] else h["swa_lr"] + (base - h["swa_lr"])
            * (1 - mpmath.mpf(t) / h["anneal_epochs"] if h["anneal_strategy"] == "linear" else down(mpmath.mpf(t) / h["anneal_epochs"]))
        ),
    ),
}  # fmt: skip


def exact(value: Any) -> Any:
    return tuple(exact(v) for v in value) if isinstance(value, tuple) else mpmath.mpf(value) if isinstance(value, float) else value


def cases() -> list[Any]:
    return [pytest.param(f, s, id=f"{f.id}-{s.name}") for f in BY_ID.values() if f.id in ROUTES for s in f.samples() if s.name != "long"]


@pytest.mark.parametrize(("function", "sample"), cases())
def test_rates_by_a_second_route(function: Function, sample: Sample) -> None:
    with mpmath.workdps(50):
        h = {k: exact(v) for k, v in sample.params}
        for made, route in zip(function.reference(sample), ROUTES[function.id], strict=True):
            assert made.low is not None
            base = mpmath.mpf(float(sample.arrays()[0][-1]))
            for t in range(sample.param("epochs") + 1):
                own = mpmath.mpf(float(made.value[t, -1])) + mpmath.mpf(float(made.low[t, -1]))
                assert abs(own - route(h, base, t)) <= made.radius[t, -1] + 2.0**-100, t  # type: ignore[index]


def test_a_plateau_by_counting_epochs_since_the_best() -> None:
    """No cooldown, absolute threshold, whole metrics: the rate is reduced whenever patience + 1 epochs have passed without a better one."""
    function, seen = BY_ID["reduce_lr_on_plateau"], 0
    for sample in function.samples():
        p = dict(sample.params)
        if p["cooldown"] or p["threshold_mode"] != "abs" or p["min_lr"]:
            continue
        seen += 1
        sign, base = (1 if p["mode"] == "min" else -1), sample.arrays()[0][0]
        values = [sign * float(m) for m in sample.arrays()[1]]
        reductions, since, best = 0, 0, float("inf")
        for t, value in enumerate(values):
            better = value < best - p["threshold"]
            best, since = (value, t + 1) if better else (best, since)
            if t + 1 - since > p["patience"]:
                since = t + 1
                reductions += base * p["factor"] ** reductions * (1 - p["factor"]) > p["eps"]
            assert np.isclose(function.reference(sample)[0].value[t + 1, 0], base * p["factor"] ** reductions, rtol=1e-13, atol=0), (sample.name, t)
    assert seen
