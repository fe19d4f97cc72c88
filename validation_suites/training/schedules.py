"""Learning-rate schedules with a closed form: the rates of every epoch, for two parameter groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Fault, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.schedules import Closed, Hyper, Recursion, cosine_of_half_turns, expected_rates, rates
from validation_suites import faults
from validation_suites.sampling import pairwise

BASE = (0.1, 0.003)
CRITERION = Scaled(
    c=2.0, c_hard=8.0, scale="bound of the rounding error of the closed form or of the documented recursion, whichever is larger, in u",
    rationale="Rates are doubles. A recursion passes on the error of every epoch before, divided by the factor it has shrunk by since; c = 2 leaves "
    "a library twice the operations.",
    literature="Higham 2002, 3.3 (running error analysis)",
)  # fmt: skip


def schedule_samples(
    plain: Mapping[str, Json], varied: Mapping[str, Sequence[Any]], *, epochs: int = 60, edges: Sequence[Mapping[str, Json]] = ()
) -> Iterable[Sample]:
    """The plain setting, all pairs of the varied ones, and settings at the edge; base rates [groups] are the input."""
    yield schedule_sample("plain", plain, epochs, BASE)
    for i, row in enumerate(pairwise({**varied, "base": (BASE, (1.0,), (1e-8, 10.0, 1e-3))})):
        hyper = {**plain, **{k: row[k] for k in varied}}
        yield schedule_sample(f"covering-{i}", hyper, epochs, row["base"], why=SampleClass.COVERING)
    for i, edge in enumerate(edges):
        yield schedule_sample(f"edge-{i}", {**plain, **edge}, epochs, BASE, why=SampleClass.EDGE)
    yield schedule_sample("long", plain, 5 * epochs, BASE, why=SampleClass.CONDITIONED)


def schedule_sample(name: str, hyper: Mapping[str, Json], epochs: int, base: Sequence[float], *, why: SampleClass = SampleClass.ORDINARY) -> Sample:
    """One schedule over `epochs` epochs."""
    return Sample(name=name, dtype="float64", inputs=(Tensor.of(np.array(base), "float64"),), params=params(**hyper, epochs=epochs), why=why)


def late(closed: Closed, by: int = 1) -> Fault:
    """Rates of the epoch before."""
    return faults.computed(
        "epoch-off-by-one", "Every rate comes an epoch late.", lambda s: rates(lambda h, base, t: closed(h, base, max(t - by, 0)), s)
    )


def first_group(closed: Closed) -> Fault:
    """All groups get the first one's rate."""
    return faults.computed(
        "group-rate-ignored", "All groups get the first group's rate.",
        lambda s: rates(lambda h, base, t: closed(h, base[:1] + 0 * base, t), s) if s.inputs[0].shape[0] > 1 else None,
    )  # fmt: skip


def constant() -> Fault:
    """The schedule is never stepped."""
    return faults.changed("never-stepped", "The rates stay as they are after construction.", lambda a: np.broadcast_to(a[:1], a.shape).copy())


def schedule(
    id: str, formula: str, closed: Closed, recursion: Recursion | None, samples: Callable[[], Iterable[Sample]], source: str, *more: Fault,
) -> Function:  # fmt: skip
    """A function whose output `y` [epochs + 1, groups] are the rates from before the first epoch on."""
    return Function(
        id=id, side=Side.TRAINING, area="schedules", requirement=f"The library shall give each parameter group at each epoch t the rate {formula}.",
        source=source, oracle="closed form in extended precision (2^-64)", samples=samples,
        reference=lambda sample: expected_rates(closed, recursion, sample), criterion=CRITERION,
        faults=(late(closed), constant(), first_group(closed), faults.one_element(), faults.relative(1e-9), *more),
    )  # fmt: skip


def _step(h: Hyper, base: Any, t: int) -> Any:
    return base * h["gamma"] ** (t // h["step_size"])


def _step_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    return lr * h["gamma"] if t % h["step_size"] == 0 else lr


def _cosine(h: Hyper, base: Any, t: int) -> Any:
    return h["eta_min"] + (base - h["eta_min"]) * (1 + cosine_of_half_turns((base * 0 + t) / h["T_max"])) / 2


def _cosine_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """Documented ratio of successive terms; upwards from the minimum by the first difference."""
    turn = base * 0 + 1.0
    if (t - 1 - h["T_max"]) % (2 * h["T_max"]) == 0:
        return lr + (base - h["eta_min"]) * (1 - cosine_of_half_turns(turn / h["T_max"])) / 2
    ratio = (1 + cosine_of_half_turns(turn * t / h["T_max"])) / (1 + cosine_of_half_turns(turn * (t - 1) / h["T_max"]))
    return ratio * (lr - h["eta_min"]) + h["eta_min"]


SOURCE = "PyTorch documentation, torch.optim.lr_scheduler"

FUNCTIONS: tuple[Function, ...] = (
    schedule("step_lr", "base gamma^floor(t / step_size)", _step, _step_recursion,
             lambda: schedule_samples({"step_size": 10, "gamma": 0.1}, {"step_size": (10, 1, 7), "gamma": (0.1, 0.97, 1.0)}, edges=({"step_size": 100},)),
             f"{SOURCE}.StepLR",
             faults.computed("step-off-by-one", "The rate drops one epoch before the step is full.", lambda s: rates(lambda h, b, t: _step(h, b, t + 1), s))),
    schedule("cosine_annealing_lr", "eta_min + (base - eta_min)(1 + cos(pi t / T_max)) / 2", _cosine, _cosine_recursion,
             lambda: schedule_samples({"T_max": 50, "eta_min": 0.0}, {"T_max": (50, 7, 60), "eta_min": (0.0, 1e-4)}, edges=({"T_max": 1}, {"T_max": 2})),
             f"Loshchilov and Hutter 2017 (SGDR), equation 5; {SOURCE}.CosineAnnealingLR",
             faults.other_params("minimum-ignored", "eta_min is ignored.", eta_min=0.0),
             faults.other_params("period-off-by-one", "The minimum comes an epoch late.", T_max=lambda n: n + 1)),
)  # fmt: skip
