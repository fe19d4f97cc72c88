"""The trajectories of the adaptive optimisers against scalar loops in 60 digits, written from the papers' algorithms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample, SampleClass
from tests.unit.validation_suites.test_optimisers import column, gradients_of, watched
from validation_suites.training import optimisers_adaptive

BY_ID = {f.id: f for f in optimisers_adaptive.FUNCTIONS}
Hyper = dict[str, Any]
Taken = Callable[[list[Any], Any, int], Any]


def weighted(b: Any, terms: list[Any]) -> Any:
    """(1 - b) sum b^(t - i) x_i: a decaying average by its sum instead of by recursion."""
    return (1 - b) * mpmath.fsum(b ** (len(terms) - 1 - i) * x for i, x in enumerate(terms))


def descend(h: Hyper, p: Any, gradients: Iterator[Any], step: Taken) -> Iterator[Any]:
    """p -= step(all gradients so far, p, t), gradients with the penalty's."""
    seen: list[Any] = []
    decoupled = h.get("decoupled_weight_decay", False)
    for g in gradients:
        if g is not None:
            seen.append((-g if h["maximize"] else g) if decoupled else gradients_of({"weight_decay": 0, **h}, p, g))
            p = p * (1 - h["lr"] * h["weight_decay"]) if decoupled else p
            p = p - step(seen, p, len(seen))
        yield p


def adagrad(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    def step(g: list[Any], p: Any, t: int) -> Any:
        total = h["initial_accumulator_value"] + mpmath.fsum(x * x for x in g)
        return h["lr"] * g[-1] / ((1 + (t - 1) * h["lr_decay"]) * (mpmath.sqrt(total) + h["eps"])) if g[-1] else 0

    return descend(h, p, gradients, step)


def adadelta(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    steps: list[Any] = []

    def step(g: list[Any], p: Any, t: int) -> Any:
        past = weighted(h["rho"], [x * x for x in steps])
        steps.append(mpmath.sqrt((past + h["eps"]) / (weighted(h["rho"], [x * x for x in g]) + h["eps"])) * g[-1])
        return h["lr"] * steps[-1]

    return descend(h, p, gradients, step)


def adamax(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    b1, b2 = h["betas"]

    def step(g: list[Any], p: Any, t: int) -> Any:
        largest = max(b2 ** (t - 1 - i) * (abs(x) + h["eps"]) for i, x in enumerate(g))
        return h["lr"] * weighted(b1, g) / (1 - b1**t) / largest

    return descend(h, p, gradients, step)


def nadam(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    b1, b2 = h["betas"]

    def mu(k: int) -> Any:
        return b1 * (1 - mpmath.power(mpmath.mpf(0.96), k * h["momentum_decay"]) / 2)

    def step(g: list[Any], p: Any, t: int) -> Any:
        product = mpmath.fprod(mu(k) for k in range(1, t + 1))
        mean = mu(t + 1) * weighted(b1, g) / (1 - product * mu(t + 1)) + (1 - mu(t)) * g[-1] / (1 - product)
        return h["lr"] * mean / (mpmath.sqrt(weighted(b2, [x * x for x in g]) / (1 - b2**t)) + h["eps"])

    return descend(h, p, gradients, step)


def radam(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    b1, b2 = h["betas"]

    def step(g: list[Any], p: Any, t: int) -> Any:
        longest = 2 / (1 - b2) - 1
        rho = longest - 2 * t * b2**t / (1 - b2**t)
        mean = weighted(b1, g) / (1 - b1**t)
        if rho <= 5:
            return h["lr"] * mean
        r = mpmath.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
        return h["lr"] * mean * r * mpmath.sqrt(1 - b2**t) / (mpmath.sqrt(weighted(b2, [x * x for x in g])) + h["eps"])

    return descend(h, p, gradients, step)


def rmsprop(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    past: list[Any] = []

    def step(g: list[Any], p: Any, t: int) -> Any:
        centre = weighted(h["alpha"], g) if h["centered"] else 0
        past.append(g[-1] / (mpmath.sqrt(weighted(h["alpha"], [x * x for x in g]) - centre**2) + h["eps"]))
        return h["lr"] * mpmath.fsum(mpmath.mpf(h["momentum"]) ** (t - 1 - i) * x for i, x in enumerate(past))

    return descend(h, p, gradients, step)


def rprop(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    size, before = h["lr"], mpmath.mpf(0)

    def step(g: list[Any], p: Any, t: int) -> Any:
        nonlocal size, before
        turned = g[-1] * before
        size = size * (h["etas"][1] if turned > 0 else h["etas"][0] if turned < 0 else 1)
        size = min(max(size, h["step_sizes"][0]), h["step_sizes"][1])
        before = mpmath.mpf(0) if turned < 0 else g[-1]
        return mpmath.sign(before) * size

    return descend(h, p, gradients, step)


def asgd(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    def step(g: list[Any], p: Any, t: int) -> Any:
        eta = h["lr"] / (1 + h["lambd"] * h["lr"] * (t - 1)) ** h["alpha"]
        return eta * (h["lambd"] * p + g[-1])

    return descend(h, p, gradients, step)


ROUTES: dict[str, Callable[..., Iterator[Any]]] = {
    "adagrad": adagrad, "adadelta": adadelta, "adamax": adamax, "nadam": nadam, "radam": radam, "rmsprop": rmsprop, "rprop": rprop, "asgd": asgd,
}  # fmt: skip


def cases() -> list[Any]:
    """Single precision differs in the data and the limits only, so fewer of its samples are recomputed."""
    chosen = [(f, s) for f in BY_ID.values() for s in f.samples() if s.dtype == "float64" or s.why is not SampleClass.COVERING]
    return [pytest.param(f, s, id=f"{f.id}-{s.name}") for f, s in chosen if "nonfinite" not in s.name and "33000" not in s.name]


@pytest.mark.parametrize(("function", "sample"), cases())
def test_trajectory_by_a_second_route(function: Function, sample: Sample) -> None:
    made = function.reference(sample)[0]
    n = sample.inputs[0].shape[0]
    assert made.low is not None
    with mpmath.workdps(60):
        for index in {0, n - 1}:
            h, p, gradients = column(sample, index)
            for t, true in enumerate(islice(ROUTES[function.id](h, p, gradients), watched(sample))):
                own = mpmath.mpf(float(made.value[t, index])) + mpmath.mpf(float(made.low[t, index]))
                assert abs(own - true) <= made.radius[t, index] + 2.0**-106 * abs(own), (t, index)  # type: ignore[index]


def test_the_average_is_the_mean_of_what_follows() -> None:
    """Averages from step t0 + 1 on: the mean of the parameters since then."""
    function = BY_ID["asgd"]
    sample = next(s for s in function.samples() if s.param("t0") == 10.0 and not s.param("missing"))
    path, average = function.reference(sample)
    steps = sample.inputs[1].shape[0]
    assert np.allclose(average.value[11:], [path.value[11 : t + 1].mean(axis=0) for t in range(11, steps)], rtol=1e-9, atol=1e-12)
    assert np.array_equal(average.value[:11], path.value[:11])
