"""Optimisers in the form through which autograd may differentiate: the same trajectories, all arithmetic in the data's format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from csvkit_ml.model.function import Fault, Function, Json, Sample, SampleClass
from csvkit_ml.references.optimiser_rules import adam, adamw
from csvkit_ml.references.trajectories import Rule
from validation_suites import faults
from validation_suites import trajectory_faults as wrong
from validation_suites.sampling.trajectories import DTYPES, trajectory_sample
from validation_suites.training.optimisers import ADAM, optimiser


def _samples(id: str, plain: Mapping[str, Json], switch: str) -> Iterable[Sample]:
    for dtype in DTYPES:
        yield trajectory_sample(id, f"{dtype}-plain", dtype, plain, why=SampleClass.ORDINARY)
        yield trajectory_sample(id, f"{dtype}-{switch}-from0", dtype, {**plain, switch: True}, start=0.0, steps=20, why=SampleClass.COVERING)
        yield trajectory_sample(id, f"{dtype}-missing", dtype, {**plain, "maximize": True}, missing=3, steps=20, why=SampleClass.COVERING)
        yield trajectory_sample(id, f"{dtype}-one-step", dtype, plain, n=5, steps=1, why=SampleClass.EDGE)


def _differentiable(id: str, name: str, rule: Rule, plain: Mapping[str, Any], switch: str, source: str, *more: Fault) -> Function:
    return optimiser(
        f"{id}_differentiable", f"{name}, in its differentiable form", rule, lambda: _samples(id, plain, switch),
        f"{source}; PyTorch documentation, `differentiable`", wrong.state_lost(rule), *more, wide_numbers=False,
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _differentiable("adam", "Adam", adam, ADAM, "amsgrad", "Kingma and Ba 2015, algorithm 1", wrong.late_count(adam)),
    _differentiable("adamw", "AdamW", adamw, {**ADAM, "weight_decay": 0.01}, "amsgrad", "Loshchilov and Hutter 2019, algorithm 2",
                    wrong.late_count(adamw), faults.other_params("decay-ignored", "Weight decay is ignored.", weight_decay=0.0)),
)  # fmt: skip
