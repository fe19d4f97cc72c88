"""The trajectories of the optimisers against scalar loops in 60 digits, written from the papers' algorithms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Expected, Function, Sample, SampleClass
from validation_suites.training import optimisers, optimisers_differentiable

BY_ID = {f.id: f for module in (optimisers, optimisers_differentiable) for f in module.FUNCTIONS}
Hyper = dict[str, Any]


def gradients_of(h: Hyper, p: Any, g: Any) -> Any:
    return (-g if h["maximize"] else g) + h["weight_decay"] * p


def sgd(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    buffer = None
    for g in gradients:
        if g is not None:
            d = gradients_of(h, p, g)
            buffer = d if buffer is None else h["momentum"] * buffer + (1 - h["dampening"]) * d
            p = p - h["lr"] * (d + h["momentum"] * buffer if h["nesterov"] else buffer if h["momentum"] else d)
        yield p


def adam(h: Hyper, p: Any, gradients: Iterator[Any], decoupled: bool = False) -> Iterator[Any]:
    """Averages by their sums (1 - b) sum b^(t - i) g_i instead of by recursion."""
    (b1, b2), seen, largest = h["betas"], [], mpmath.mpf(0)
    for g in gradients:
        if g is not None:
            if decoupled:
                p = p - h["lr"] * h["weight_decay"] * p
            seen.append((-g if h["maximize"] else g) if decoupled else gradients_of(h, p, g))
            t = len(seen)
            mean = (1 - b1) * mpmath.fsum(b1 ** (t - 1 - i) * d for i, d in enumerate(seen)) / (1 - b1**t)
            square = (1 - b2) * mpmath.fsum(b2 ** (t - 1 - i) * d**2 for i, d in enumerate(seen))
            largest = max(largest, square)
            p = p - h["lr"] * mean / (mpmath.sqrt((largest if h["amsgrad"] else square) / (1 - b2**t)) + h["eps"])
        yield p


def adamw(h: Hyper, p: Any, gradients: Iterator[Any]) -> Iterator[Any]:
    return adam(h, p, gradients, decoupled=True)


ROUTES: dict[str, Callable[..., Iterator[Any]]] = {
    "sgd": sgd, "adam": adam, "adamw": adamw, "adam_differentiable": adam, "adamw_differentiable": adamw,
}  # fmt: skip


def exact(value: Any) -> Any:
    return [exact(v) for v in value] if isinstance(value, tuple) else mpmath.mpf(value) if isinstance(value, float) else value


def column(sample: Sample, index: int) -> tuple[Hyper, Any, Iterator[Any]]:
    """Hyperparameters, start and gradients (None = missing) of one parameter."""
    start, gradients = sample.arrays()
    tensor = int(np.searchsorted(sample.param("cuts"), index, side="right"))
    h = {k: exact(v) for k, v in sample.params}
    h["lr"] = h["lrs"][sample.param("groups")[tensor]]
    every, last = sample.param("missing"), tensor == len(sample.param("cuts"))
    row = (None if every and last and (t + 1) % every == 0 else mpmath.mpf(float(g)) for t, g in enumerate(gradients[:, index]))
    return h, mpmath.mpf(float(start[index])), row


def watched(sample: Sample) -> int:
    """Steps to compare: all of one sample, the first of the others."""
    return 50 if sample.name == "float64-plain" else 12


def useful(sample: Sample, made: Expected) -> None:
    """A limit that has grown past u times hundreds of operations a step would no longer tell arithmetic from error."""
    reach = np.abs(made.value).max(axis=0) + np.abs(sample.arrays()[0])
    assert (made.scale <= 200 * sample.inputs[1].shape[0] * np.maximum(reach, 1e-30)).all()


def cases() -> list[Any]:
    """Single precision differs in the data and the limits only, so fewer of its samples are recomputed."""
    chosen = [(f, s) for f in BY_ID.values() for s in f.samples() if s.dtype == "float64" or s.why is not SampleClass.COVERING]
    return [pytest.param(f, s, id=f"{f.id}-{s.name}") for f, s in chosen if "nonfinite" not in s.name and "33000" not in s.name]


@pytest.mark.parametrize(("function", "sample"), cases())
def test_trajectory_by_a_second_route(function: Function, sample: Sample) -> None:
    (made,) = function.reference(sample)
    n = sample.inputs[0].shape[0]
    assert made.low is not None
    useful(sample, made)
    with mpmath.workdps(60):
        for index in {0, 2 * n // 5, n - 1}:
            h, p, gradients = column(sample, index)
            for t, true in enumerate(islice(ROUTES[function.id](h, p, gradients), watched(sample))):
                own = mpmath.mpf(float(made.value[t, index])) + mpmath.mpf(float(made.low[t, index]))
                assert abs(own - true) <= made.radius[t, index] + 2.0**-106 * abs(own), (t, index)  # type: ignore[index]
