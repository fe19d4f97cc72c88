"""Adafactor, sparse gradients and averaged models against loops in 60 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Expected, Function, Sample
from tests.unit.validation_suites.test_optimisers import exact
from validation_suites.training import optimisers_adafactor, optimisers_sparse, weight_averaging

(ADAFACTOR,) = optimisers_adafactor.FUNCTIONS
(AVERAGED,) = weight_averaging.FUNCTIONS
number = np.vectorize(lambda v: mpmath.mpf(float(v)), otypes=[object])
root = np.vectorize(mpmath.sqrt, otypes=[object])
STEPS = 8


def agree(made: Expected, step: int, where: Any, true: Any) -> None:
    assert made.low is not None
    own = number(made.value[step][where]) + number(made.low[step][where])
    radius = np.broadcast_to(made.radius, made.shape)[step][where]
    assert (np.abs(own - true) <= radius + 2.0**-106 * np.abs(own)).all(), step


def size(x: Any) -> Any:
    return mpmath.sqrt(mpmath.fsum(v * v for v in x.ravel()) / x.size)


def adafactor(h: dict[str, Any], lr: Any, p: Any, gradients: Any) -> Any:
    """Documented sums of rows and columns; averages over t by their explicit weights."""
    seen: list[tuple[Any, Any]] = []
    least, smallest = h["eps"][0] or h["machine_eps"], h["eps"][1]
    for t, g in enumerate(gradients, start=1):
        g = -g if h["maximize"] else g
        new = mpmath.mpf(t) ** h["beta2_decay"]
        seen = [((1 - new) * w, square) for w, square in seen] + [(new, g * g)]
        v = sum(w * square for w, square in seen)
        if g.ndim > 1:
            mean = np.maximum(v.sum(axis=0, keepdims=True).sum(axis=1, keepdims=True) / g.size, least)
            v = v.sum(axis=1, keepdims=True) / g.shape[1] * (v.sum(axis=0, keepdims=True) / g.shape[0]) / mean
        update = g / np.maximum(root(v), least)
        step = max(smallest, size(p)) * min(lr, 1 / mpmath.sqrt(mpmath.mpf(t)))
        p = p * (1 - lr * h["weight_decay"]) - step * update / max(1, size(update) / h["d"])
        yield p


@pytest.mark.parametrize("sample", [s for s in ADAFACTOR.samples() if "zero" not in s.name], ids=lambda s: s.name)
def test_adafactor_by_its_documented_sums(sample: Sample) -> None:
    (made,) = ADAFACTOR.reference(sample)
    with mpmath.workdps(60):
        h = {k: exact(v) for k, v in sample.params}
        start, gradients = (number(a) for a in sample.arrays())
        (cut,) = sample.param("cuts")
        for lr, where in zip(h["lrs"], (slice(0, cut), slice(cut, None)), strict=True):
            for step, true in enumerate(adafactor(h, lr, start[where], gradients[:STEPS, where])):
                agree(made, step, where, true)


def sparse_step(id: str, h: dict[str, Any], state: dict[str, Any], g: Any, t: int) -> Any:
    """Change of one element that has an entry."""
    g, lr = (-g if h["maximize"] else g), h["lrs"][0]
    if id == "sgd_sparse":
        return lr * g
    if id == "adagrad_sparse":
        state["v"] = state.get("v", h["initial_accumulator_value"]) + g * g
        return lr / (1 + (t - 1) * h["lr_decay"]) * g / (mpmath.sqrt(state["v"]) + h["eps"])
    b1, b2 = h["betas"]
    state["m"], state["v"] = b1 * state.get("m", 0) + (1 - b1) * g, b2 * state.get("v", 0) + (1 - b2) * g * g
    return lr * mpmath.sqrt(1 - b2**t) / (1 - b1**t) * state["m"] / (mpmath.sqrt(state["v"]) + h["eps"])


@pytest.mark.parametrize(("function", "sample"), [pytest.param(f, s, id=f"{f.id}-{s.name}") for f in optimisers_sparse.FUNCTIONS for s in f.samples()])
def test_sparse_gradients_entry_by_entry(function: Function, sample: Sample) -> None:
    (made,) = function.reference(sample)
    start, index, values = sample.arrays()
    with mpmath.workdps(60):
        h = {k: exact(v) for k, v in sample.params}
        p, states = number(start[:, :1]), [dict[str, Any]() for _ in start]
        for t, rows in enumerate(index[:STEPS], start=1):
            for row in set(rows.tolist()):
                g = mpmath.fsum(float(values[t - 1, k, 0]) for k in range(len(rows)) if rows[k] == row)
                p[row, 0] -= sparse_step(function.id, h, states[row], g, t)
            agree(made, t - 1, (slice(None), slice(0, 1)), p)


@pytest.mark.parametrize("sample", [s for s in AVERAGED.samples() if "40000" not in s.name], ids=lambda s: s.name)
def test_averages_by_their_weights(sample: Sample) -> None:
    """Sum of all models with explicit weights: 1 / k, or d^(k - 1 - i) (1 - d), and d^(k - 1) for the first."""
    (made,) = AVERAGED.reference(sample)
    with mpmath.workdps(60):
        path, d = number(sample.arrays()[0][:, :3]), exact(sample.param("decay"))
        for k in range(1, len(path) + 1):
            weights = [1 / mpmath.mpf(k)] * k if d is None else [d ** (k - 1), *((1 - d) * d ** (k - 1 - i) for i in range(1, k))]
            agree(made, k - 1, slice(0, 3), sum(w * p for w, p in zip(weights, path[:k], strict=True)))
