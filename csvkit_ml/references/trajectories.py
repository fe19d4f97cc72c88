"""Trajectories of optimisers on prescribed gradients: one rule a step, tensors and groups apart, every step's parameters kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Json, Sample
from csvkit_ml.references.extended import Long, extended
from csvkit_ml.references.running_error import ARITHMETIC, Rounded, expected_rounded, hyperparameter, in_format, rounded

State = dict[str, Any]
Hyper = Mapping[str, Any]
Rule = Callable[[State, Any, Any, int, Hyper], Any]
"""(state of one tensor, parameters, gradients, number of the step from 1, hyperparameters) -> parameters; the state is updated in place.

Written with numpy's functions, so that it runs on plain extended arrays and on `Rounded` ones alike.
"""


def hyperparameters(sample: Sample, group: int, lift: Callable[[float], Any]) -> dict[str, Any]:
    """Parameters of a sample with the group's learning rate as `lr`; floats lifted, except zeros, which switch a term off."""
    values: dict[str, Json] = dict(sample.params)
    values["lr"] = values.pop("lrs")[group]  # type: ignore[index]
    return {k: _lifted(v, lift) for k, v in values.items()}


def _lifted(value: Any, lift: Callable[[float], Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(_lifted(v, lift) for v in value)
    return lift(value) if isinstance(value, float) and value != 0 else value


def given(sample: Sample, tensor: int, step: int) -> bool:
    """Whether a tensor has a gradient at a step (counted from 0): the last one misses every `missing`-th."""
    every, last = sample.param("missing"), len(sample.param("cuts"))
    return not every or tensor < last or (step + 1) % every != 0


def stretches(sample: Sample) -> list[tuple[slice, int, int]]:
    """(parameters, group, a tensor) of neighbouring tensors that are stepped alike; the rules are elementwise, so they go in one."""
    ends, groups = (0, *sample.param("cuts"), sample.inputs[0].shape[0]), sample.param("groups")
    last = len(groups) - 1
    found: list[tuple[slice, int, int]] = []
    for i, group in enumerate(groups):
        alike = found and found[-1][1] == group and not (sample.param("missing") and i == last)
        begin = found.pop()[0].start if alike else ends[i]
        found.append((slice(begin, ends[i + 1]), group, i))
    return found


def trajectory(rule: Rule, sample: Sample, *kept: str) -> tuple[Long, ...]:
    """Parameters after every step, [steps, n], in extended precision without error bounds (what seeded faults are made of)."""
    return tuple(values for values, _ in _run(rule, sample, extended, np.longdouble, kept))


def expected_trajectory(rule: Rule, sample: Sample, *kept: str, wide_numbers: bool = True) -> tuple[Expected, ...]:
    """Parameters after every step, [steps, n]; scale = bound of the accumulated rounding error in u.

    Args:
        kept: entries of the state that are outputs too, after every step.
        wide_numbers: arithmetic of the hyperparameters alone (powers of beta, step sizes) is done in double; False = in the data's format.

    Raises:
        SuiteError: the sample is so ill-conditioned that nothing can be said about a finite parameter.
    """
    lift = hyperparameter if wide_numbers else lambda number: in_format(number, sample.dtype)
    made = _run(rule, sample, lambda a: rounded(a, sample.dtype), lift, kept)
    by = ARITHMETIC[sample.dtype]
    return tuple(expected_rounded(Rounded(v, e, by), dtype=sample.dtype, name=f"y{i}" if i else "y") for i, (v, e) in enumerate(made))


def _run(
    rule: Rule, sample: Sample, data: Callable[[Any], Any], lift: Callable[[float], Any], kept: tuple[str, ...]
) -> list[tuple[Long, Long]]:
    """(values, errors), [steps, n] each, of the parameters and what else is kept; nothing has been kept of a tensor before its first step."""
    start, gradients = sample.arrays()[:2]
    made = [(np.zeros(gradients.shape, dtype=np.longdouble), np.zeros(gradients.shape, dtype=np.longdouble)) for _ in range(1 + len(kept))]
    with np.errstate(all="ignore"):
        for piece, group, tensor in stretches(sample):
            hyper, p, taken = hyperparameters(sample, group, lift), data(start[piece]), 0
            state: State = {}
            for step, g in enumerate(gradients[:, piece]):
                if given(sample, tensor, step):
                    taken += 1
                    p = rule(state, p, data(g), taken, hyper)
                for (values, errors), x in zip(made, (p, *(state.get(k, 0.0) for k in kept)), strict=True):
                    values[step, piece] = x.value if isinstance(x, Rounded) else x
                    errors[step, piece] = x.error if isinstance(x, Rounded) else 0
    return made
