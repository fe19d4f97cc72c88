"""Seeded faults of optimisers: state lost, steps miscounted, gradients slightly off, formulas of the neighbouring optimiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Sample
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.trajectories import Hyper, Rule, State, trajectory
from validation_suites import faults

Kept = tuple[str, ...]
"""Entries of the state that are outputs too."""


def other_rule(id: str, sentence: str, rule: Rule, when: Callable[[Sample], bool] = lambda sample: True, kept: Kept = ()) -> Fault:
    """Every step taken by another rule, on the samples where it matters."""
    return faults.computed(id, sentence, lambda sample: trajectory(rule, sample, *kept) if when(sample) else None)


def state_lost(rule: Rule, when: Callable[[Sample], bool] = lambda sample: True, kept: Kept = ()) -> Fault:
    """Averages and buffers start afresh at every step; the count of steps goes on."""
    def forgetful(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
        s.clear()
        return rule(s, p, g, t, h)

    return other_rule("state-lost", "The optimiser's buffers are emptied before every step.", forgetful, when, kept)


def late_count(rule: Rule) -> Fault:
    """The step counter is one ahead."""
    return other_rule("count-off-by-one", "The first step is counted as the second.", lambda s, p, g, t, h: rule(s, p, g, t + 1, h))


def gradients_off(rule: Rule, amount: float = 1e-4, kept: Kept = ()) -> Fault:
    """The gradients of every second step are off (of every step would leave scale-invariant optimisers unchanged)."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        start, g, *more = sample.inputs
        factor = np.where(np.arange(g.shape[0]) % 2, 1.0, 1.0 + amount).reshape(-1, *[1] * (len(g.shape) - 1))
        if g.shape[0] < 2:
            return None
        off = Tensor.of(g.array().astype(np.float64) * factor, "float64")
        return trajectory(rule, replace(sample, inputs=(start, off, *more)), *kept)

    return faults.computed("gradient-off", f"Every second gradient is off by a relative {amount:g}.", compute)


def one_step_late(rule: Rule, kept: Kept = ()) -> Fault:
    """Every step uses the gradients of the step before (not cleared, not recomputed)."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        start, g, *more = sample.inputs
        if g.shape[0] < 2:
            return None
        late = Tensor.of(np.concatenate([g.array()[:1], g.array()[:-1]]))
        return trajectory(rule, replace(sample, inputs=(start, late, *more)), *kept)

    return faults.computed("stale-gradient", "Every step uses the gradients of the step before.", compute)


def rate_of_first_group(rule: Rule, kept: Kept = ()) -> Fault:
    """All groups are stepped at the first group's rate."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        rates = sample.param("lrs")
        if len(set(sample.param("groups"))) < 2 or len(set(rates)) == 1:
            return None
        same = {**dict(sample.params), "lrs": (rates[0],) * len(rates)}
        return trajectory(rule, replace(sample, params=tuple(sorted(same.items()))), *kept)

    return faults.computed("group-rate-ignored", "The second parameter group is stepped at the first group's rate.", compute)


def common(rule: Rule, kept: Kept = (), *, gradients_matter: bool = True) -> tuple[Fault, ...]:
    """What every optimiser's cases must reject; `gradients_matter`: their size, not only their sign."""
    size = (gradients_off(rule, kept=kept),) if gradients_matter else ()
    return (*size, one_step_late(rule, kept), rate_of_first_group(rule, kept), faults.stale(), faults.one_element())


def has(**settings: object) -> Callable[[Sample], bool]:
    """Whether a sample's parameters are all switched on (True) or off (False)."""
    return lambda sample: all(bool(sample.param(k)) == v for k, v in settings.items())
