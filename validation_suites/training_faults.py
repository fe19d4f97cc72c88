"""A small network trained in numpy, and what can go wrong when training is repeated or resumed: source of the seeded faults.

Two layers with a sigmoid and dropout between them, squared error, mini-batches in a drawn order, a rate that halves every other step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Function, Results, Sample, seed_for
from csvkit_ml.model.tensor import Array

INPUTS, HIDDEN, OUTPUTS = 6, 9, 3
PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS
RATE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What must be the same for two runs to be the same; every field is one way for them not to be."""

    weights: int = 0
    """Stream of the initial weights."""
    order: int = 0
    """Stream of the order of the data."""
    masks: int = 0
    """Stream of the dropout masks from `since` on."""
    ulp_at: int = -1
    """Step at which one gradient is rounded otherwise."""
    since: int = 0
    """Step before which nothing goes wrong: where training was interrupted."""
    state_lost: bool = False
    """The optimiser starts anew there."""
    count_lost: bool = False
    """Its steps are counted anew."""
    rate_lost: bool = False
    """The schedule starts anew."""
    narrow: bool = False
    """The parameters go through float16."""
    batch_again: bool = False
    """The batch before is trained on once more."""


Run = tuple[Array, Array, Array]
"""Loss of every step, parameters, optimiser's state; all flat."""
SAME = Circumstances()


def trained(sample: Sample, c: Circumstances = SAME) -> Run:
    """Training on x [N, 6] and targets [N, 3] in the sample's dtype."""
    x, target = sample.arrays()
    kind = x.dtype
    theta = [_draw(sample, "weights", c.weights, s).astype(kind) / kind.type(3) for s in ((HIDDEN, INPUTS), (HIDDEN,), (OUTPUTS, HIDDEN), (OUTPUTS,))]
    state = [[np.zeros_like(p), np.zeros_like(p)] for p in theta]
    order = np.argsort(_draw(sample, "order", c.order, (len(x),)))
    curve, count = [], 0
    for step in range(int(sample.param("steps"))):
        resumed = step == c.since and step > 0
        if resumed and c.state_lost:
            state = [[np.zeros_like(p), np.zeros_like(p)] for p in theta]
        if resumed and c.narrow:
            theta = [p.astype(np.float16).astype(kind) for p in theta]
        count = 1 if resumed and c.count_lost else count + 1
        at = step - 1 if resumed and c.batch_again else step
        rows = order[np.arange(at * int(sample.param("batch")), (at + 1) * int(sample.param("batch"))) % len(x)]
        mask = _draw(sample, f"mask {step}", c.masks if step >= c.since else 0, (len(rows), HIDDEN)) > _threshold(sample)
        loss, gradients = _gradients(theta, x[rows], target[rows], mask * kind.type(1 / (1 - float(sample.param("p")))))
        if step == c.ulp_at:
            gradients[0] = np.nextafter(gradients[0], kind.type(9))
        past = step - c.since if c.rate_lost and step >= c.since else step
        theta = [_step(sample, p, g, s, count, kind.type(RATE * 0.5 ** (past // 2))) for p, g, s in zip(theta, gradients, state, strict=True)]
        curve.append(loss)
    kept = [m for s in state for m in (s if sample.param("optimiser") != "sgd" else s[:1])]
    return np.array(curve, dtype=kind), np.concatenate([p.ravel() for p in theta]), np.concatenate([m.ravel() for m in kept])


def _draw(sample: Sample, what: str, stream: int, shape: tuple[int, ...]) -> Array:
    return np.asarray(seed_for("training", sample.name, what, str(stream)).standard_normal(shape))


def _threshold(sample: Sample) -> float:
    """Of a normal variate that is exceeded with probability 1 - p."""
    return {0.0: -np.inf, 0.25: -0.674, 0.5: 0.0}[float(sample.param("p"))]


def _gradients(theta: list[Array], x: Array, target: Array, mask: Array) -> tuple[Any, list[Array]]:
    w, b, v, d = theta
    h = 1 / (1 + np.exp(-(x @ w.T + b)))
    hidden = h * mask
    error = hidden @ v.T + d - target
    back = 2 * error / error.size
    slope = (back @ v) * mask * h * (1 - h)
    return (error**2).mean(), [slope.T @ x, slope.sum(0), back.T @ hidden, back.sum(0)]


def _step(sample: Sample, p: Array, g: Array, state: list[Array], count: int, rate: Any) -> Array:
    if sample.param("optimiser") == "sgd":
        state[0] = 0.9 * state[0] + g if count > 1 else g
        return np.asarray((p - rate * state[0]).astype(p.dtype))
    state[0], state[1] = (0.9 * state[0] + 0.1 * g).astype(p.dtype), (0.999 * state[1] + 0.001 * g * g).astype(p.dtype)
    decayed = p * (1 - rate * 0.01) if sample.param("optimiser") == "adamw" else p
    m, v = state[0] / (1 - 0.9**count), state[1] / (1 - 0.999**count)
    return np.asarray((decayed - rate * m / (np.sqrt(v) + 1e-8)).astype(p.dtype))


def bits(a: Array, b: Array) -> Array:
    """Bits in which two arrays of one floating-point dtype differ, as integers; 0 where they are the same."""
    kind = np.dtype(f"i{a.dtype.itemsize}")
    return np.asarray(np.ascontiguousarray(a).view(kind) ^ np.ascontiguousarray(b).view(kind)).astype(np.int64)


def other(id: str, sentence: str, change: Callable[[Sample], Circumstances | None]) -> Fault:
    """Training under other circumstances: the results hold the bits in which it then differs."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        c = change(sample)
        if c is None:
            return None
        once, again = trained(sample), trained(sample, c)
        found = tuple(bits(a, b)[-r.size :] for a, b, r in zip(once, again, results[:3], strict=True))
        return (*found, *results[3:]) if any(f.any() for f in found) else None

    return Fault(id=id, sentence=sentence, apply=apply)


def at_interruption(**how: Any) -> Callable[[Sample], Circumstances | None]:
    """Something goes wrong where the sample says that training is interrupted."""
    return lambda s: replace(SAME, since=int(s.param("stop")), **how)


def flag_down(id: str, sentence: str, which: int) -> Fault:
    """One of the flags of the last output is false."""

    def apply(function: Function, sample: Sample, results: Results) -> Results:
        flags = results[-1].copy()
        flags[which] = False
        return (*results[:-1], flags)

    return Fault(id=id, sentence=sentence, apply=apply)
