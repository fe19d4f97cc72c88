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
    plain: Mapping[str, Json], varied: Mapping[str, Sequence[Any]], *, epochs: int = 60, edges: Sequence[Mapping[str, Json]] = (),
    long: int = 5,
) -> Iterable[Sample]:
    """The plain setting, all pairs of the varied ones, settings at the edge, `long` times as many epochs; base rates [groups] are the input."""
    yield schedule_sample("plain", plain, epochs, BASE)
    for i, row in enumerate(pairwise({**varied, "base": (BASE, (1.0,), (1e-8, 10.0, 1e-3))})):
        hyper = {**plain, **{k: row[k] for k in varied}}
        yield schedule_sample(f"covering-{i}", hyper, epochs, row["base"], why=SampleClass.COVERING)
    for i, edge in enumerate(edges):
        yield schedule_sample(f"edge-{i}", {**plain, **edge}, epochs, BASE, why=SampleClass.EDGE)
    yield schedule_sample("long", plain, long * epochs, BASE, why=SampleClass.CONDITIONED)


def schedule_sample(name: str, hyper: Mapping[str, Json], epochs: int, base: Sequence[float], *, why: SampleClass = SampleClass.ORDINARY) -> Sample:
    """One schedule over `epochs` epochs."""
    return Sample(name=name, dtype="float64", inputs=(Tensor.of(np.array(base), "float64"),), params=params(**hyper, epochs=epochs), why=why)


def late(closed: Closed, *more: Closed) -> Fault:
    """Rates of the epoch before."""
    before = [lambda h, base, t, one=one: one(h, base, max(t - 1, 0)) for one in (closed, *more)]
    return faults.computed("epoch-off-by-one", "Every rate comes an epoch late.", lambda s: rates(before[0], s, *before[1:]))


def first_group(closed: Closed, *more: Closed) -> Fault:
    """All groups get the first one's rate."""
    return faults.computed(
        "group-rate-ignored", "All groups get the first group's rate.",
        lambda s: rates(lambda h, base, t: closed(h, base, t)[:1], s, *more) if s.inputs[0].shape[0] > 1 else None,
    )  # fmt: skip


def constant() -> Fault:
    """The schedule is never stepped."""
    return faults.changed("never-stepped", "The rates stay as they are after construction.", lambda a: np.broadcast_to(a[:1], a.shape).copy())


def schedule(
    id: str, formula: str, closed: Closed, recursion: Recursion | None, samples: Callable[[], Iterable[Sample]], source: str, *more: Fault,
    also: tuple[Closed, ...] = (),
) -> Function:  # fmt: skip
    """A function whose output `y` [epochs + 1, groups] are the rates from before the first epoch on; `also`: what is scheduled with them."""
    return Function(
        id=id, side=Side.TRAINING, area="schedules", requirement=f"The library shall give each parameter group at each epoch t the rate {formula}.",
        source=source, oracle="closed form in extended precision (2^-64)", samples=samples,
        reference=lambda sample: expected_rates(closed, recursion, sample, *also), criterion=CRITERION,
        faults=(late(closed, *also), constant(), first_group(closed, *also), faults.one_element(), faults.relative(1e-9), *more),
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


def _multi_step(h: Hyper, base: Any, t: int) -> Any:
    return base * h["gamma"] ** sum(m <= t for m in h["milestones"])


def _multi_step_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    return lr * h["gamma"] ** h["milestones"].count(t) if t in h["milestones"] else lr


def constant_lr(h: Hyper, base: Any, t: int) -> Any:
    """base factor before epoch `total_iters`, base from then on."""
    return base * h["factor"] if t < h["total_iters"] else base


def constant_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """The factor taken off again."""
    return lr * (1 / h["factor"]) if t == h["total_iters"] else lr


def linear_lr(h: Hyper, base: Any, t: int) -> Any:
    """base (start + (end - start) min(t, total) / total)."""
    total, start, end = h["total_iters"], h["start_factor"], h["end_factor"]
    return base * (start + (end - start) * min(t, total) / total)


def linear_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """Documented ratio of successive terms."""
    total, start, end = h["total_iters"], h["start_factor"], h["end_factor"]
    return lr * (1 + (end - start) / (total * start + (t - 1) * (end - start))) if t <= total else lr


def exponential_lr(h: Hyper, base: Any, t: int) -> Any:
    """base gamma^t."""
    return base * h["gamma"] ** t


def exponential_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """One factor an epoch."""
    return lr * h["gamma"]


def polynomial_lr(h: Hyper, base: Any, t: int) -> Any:
    """base (1 - min(t, total) / total)^power."""
    left = (base * 0 + t) / h["total_iters"]
    return base * (1 - left) ** h["power"] if t < h["total_iters"] else 0 * base


def polynomial_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """Ratio of successive terms."""
    total = h["total_iters"]
    if t >= total:
        return 0 * base
    return lr * ((1 - (base * 0 + t) / total) / (1 - (base * 0 + (t - 1)) / total)) ** h["power"]


SOURCE = "PyTorch documentation, torch.optim.lr_scheduler"
SPANS = {"total_iters": (20, 1, 60)}
NEVER = ({"total_iters": 500},)
LINEAR = {"start_factor": 0.25, "end_factor": 1.0, "total_iters": 20}

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
    schedule("multi_step_lr", "base gamma^(number of milestones <= t)", _multi_step, _multi_step_recursion,
             lambda: schedule_samples({"milestones": (10, 30, 45), "gamma": 0.1},
                                      {"milestones": ((10, 30, 45), (1,), (20, 20, 40), (40, 10, 25)), "gamma": (0.1, 0.97)}, edges=({"milestones": (500,)},)),
             f"{SOURCE}.MultiStepLR",
             faults.computed("milestone-missed", "The rate drops after the milestone.", lambda s: rates(lambda h, b, t: _multi_step(h, b, t - 1), s))),
    schedule("constant_lr", "base factor for t < total, base then", constant_lr, constant_recursion,
             lambda: schedule_samples({"factor": 0.25, "total_iters": 20}, {"factor": (0.25, 1 / 3, 1.0), **SPANS}, edges=NEVER),
             f"{SOURCE}.ConstantLR", faults.other_params("end-off-by-one", "The factor holds an epoch too long.", total_iters=lambda n: n + 1)),
    schedule("linear_lr", "base (start + (end - start) min(t, total) / total)", linear_lr, linear_recursion,
             lambda: schedule_samples(LINEAR, {"start_factor": (0.25, 1e-3, 1.0), "end_factor": (1.0, 0.1), **SPANS}, edges=NEVER),
             f"{SOURCE}.LinearLR", faults.other_params("end-off-by-one", "The end comes an epoch late.", total_iters=lambda n: n + 1),
             faults.other_params("end-ignored", "The end factor is ignored.", end_factor=1.0)),
    schedule("exponential_lr", "base gamma^t", exponential_lr, exponential_recursion,
             lambda: schedule_samples({"gamma": 0.95}, {"gamma": (0.95, 0.5, 1.0)}, edges=({"gamma": 1.01},)), f"{SOURCE}.ExponentialLR",
             faults.other_params("other-gamma", "gamma is off by 1e-4.", gamma=lambda g: g * (1 - 1e-4))),
    schedule("polynomial_lr", "base (1 - min(t, total) / total)^power", polynomial_lr, polynomial_recursion,
             lambda: schedule_samples({"total_iters": 50, "power": 1.0}, {"total_iters": (50, 7, 60), "power": (1.0, 2.0, 0.5)}, edges=({"total_iters": 1},)),
             f"{SOURCE}.PolynomialLR", faults.other_params("power-ignored", "The decay is linear.", power=1.0),
             faults.other_params("end-off-by-one", "The end comes an epoch late.", total_iters=lambda n: n + 1)),
)  # fmt: skip
