"""Adafactor on matrices and vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from csvkit_ml.model.function import Function, Json, Sample, SampleClass, params, seed_for
from csvkit_ml.references.row_rules import adafactor
from csvkit_ml.references.trajectories import Hyper, State
from validation_suites import faults
from validation_suites import trajectory_faults as wrong
from validation_suites.sampling import pairwise, tensor
from validation_suites.training.optimisers import MAXIMISED, UNDECAYED, optimiser

PLAIN: Mapping[str, Json] = {"beta2_decay": -0.8, "eps": (None, 1e-3), "d": 1.0, "weight_decay": 0.0, "maximize": False}
MACHINE_EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def _samples() -> Iterable[Sample]:
    varied = {"shape": ((9, 7), (12, 5), (30,)), "beta2_decay": (-0.8, -0.5), "eps": ((None, 1e-3), (1e-3, 0.5)), "d": (1.0, 2.0), "weight_decay": (0.0, 0.1),
              "maximize": (False, True), "scale": (1.0, 1e-6), "dtype": ("float32", "float64")}  # fmt: skip
    for i, row in enumerate(pairwise(varied)):
        name = f"{row['dtype']}-{'x'.join(map(str, row['shape']))}-{i}"
        hyper = {k: row[k] for k in PLAIN}
        yield _sample(name, row["dtype"], hyper, row["shape"], row["scale"], SampleClass.COVERING if i else SampleClass.ORDINARY)
    yield _sample("float32-one-element", "float32", PLAIN, (2, 1), 1.0, SampleClass.EDGE)
    yield _sample("float32-zero", "float32", PLAIN, (6, 5), 0.0, SampleClass.SPECIAL)


def _sample(name: str, dtype: str, hyper: Mapping[str, Json], shape: tuple[int, ...], scale: float, why: SampleClass) -> Sample:
    """Two tensors, split along the first axis, in two groups; 30 steps."""
    random = seed_for("adafactor", name)
    p, g = random.standard_normal(shape), scale * random.standard_normal((30, *shape))
    how = params(**hyper, cuts=(shape[0] // 2,), groups=(0, 1), lrs=(0.05, 0.5), missing=0, machine_eps=MACHINE_EPS[dtype])
    return Sample(name=name, dtype=dtype, inputs=(tensor(p, dtype), tensor(g, dtype)), params=how, why=why)


def _unfactored(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """The second moment of every element of a matrix by itself."""
    moved = adafactor(s, p.reshape(-1), g.reshape(-1), t, h)
    return moved.reshape(p.shape)


def _matrices(sample: Sample) -> bool:
    return len(sample.inputs[0].shape) > 1


FUNCTIONS: tuple[Function, ...] = (
    optimiser("adafactor", "Adafactor", adafactor, _samples, "Shazeer and Stern 2018, algorithms 4 and 5; PyTorch documentation, torch.optim.Adafactor",
              wrong.state_lost(adafactor), wrong.late_count(adafactor), MAXIMISED, UNDECAYED,
              wrong.other_rule("unfactored", "The second moment is not factored.", _unfactored, _matrices),
              faults.other_sample("rate-absolute", "The rate is not relative to the size of the parameters.",
                                  lambda s: replace(s, params=params(**{**dict(s.params), "eps": (s.param("eps")[0], 10.0)}))),
              faults.other_params("update-unclipped", "The update is not clipped.", d=1e9)),
)  # fmt: skip
