"""Schedules made of others, of a user's factors, of a metric; annealing to the rate of weight averaging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.running_error import DOUBLE, Rounded, expected_rounded, hyperparameter, rounded
from csvkit_ml.references.schedules import Closed, Hyper, Recursion, cosine_of_half_turns, rates
from validation_suites import faults
from validation_suites.sampling import pairwise
from validation_suites.training.schedules import (
    BASE,
    CRITERION,
    SOURCE,
    constant_lr,
    constant_recursion,
    exponential_lr,
    exponential_recursion,
    linear_lr,
    linear_recursion,
    polynomial_lr,
    polynomial_recursion,
    schedule,
    schedule_samples,
)  # fmt: skip

FACTORS = (1.0, 0.5, 2.0, 0.9, 0.3, 1.7)
"""What a user's function gives for epoch t: the entry t mod 6."""
PARTS: Mapping[str, tuple[Closed, Recursion]] = {
    "ConstantLR": (constant_lr, constant_recursion), "LinearLR": (linear_lr, linear_recursion),
    "ExponentialLR": (exponential_lr, exponential_recursion), "PolynomialLR": (polynomial_lr, polynomial_recursion),
}  # fmt: skip
WARM_UP = ("LinearLR", (("start_factor", 0.1), ("end_factor", 1.0), ("total_iters", 5)))
HELD = ("ConstantLR", (("factor", 0.5), ("total_iters", 4)))
DECAY = ("ExponentialLR", (("gamma", 0.9),))
POWER = ("PolynomialLR", (("total_iters", 20), ("power", 2.0)))


def _factor(h: Hyper, t: int) -> Any:
    return h["factors"][t % len(h["factors"])]


def _lambda(h: Hyper, base: Any, t: int) -> Any:
    return base * _factor(h, t)


def _multiplicative(h: Hyper, base: Any, t: int) -> Any:
    for k in range(1, t + 1):
        base = base * _factor(h, k)
    return base


def _part(h: Hyper, i: int) -> tuple[Closed, Recursion, Hyper]:
    name, how = h["parts"][i]
    return (*PARTS[name], dict(how))


def _turn(h: Hyper, t: int) -> tuple[int, int]:
    """(which schedule, its epoch)."""
    i = sum(m <= t for m in h["milestones"])
    return i, t - (h["milestones"][i - 1] if i else 0)


def _sequential(h: Hyper, base: Any, t: int) -> Any:
    """Schedule i, counted from its milestone, from the i-th milestone on."""
    i, own = _turn(h, t)
    closed, _, how = _part(h, i)
    return closed(how, base, own)


def _sequential_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    i, own = _turn(h, t)
    closed, recursion, how = _part(h, i)
    return recursion(how, base, lr, own) if own else closed(how, base, 0)


def _count_goes_on(h: Hyper, base: Any, t: int) -> Any:
    closed, _, how = _part(h, _turn(h, t)[0])
    return closed(how, base, t)


def _chained(h: Hyper, base: Any, t: int) -> Any:
    """Factors of all schedules multiplied."""
    for i in range(len(h["parts"])):
        closed, _, how = _part(h, i)
        base = closed(how, base, t)
    return base


def _chained_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    for i in range(len(h["parts"])):
        _, recursion, how = _part(h, i)
        lr = recursion(how, base, lr, t)
    return lr


def _swa(h: Hyper, base: Any, t: int) -> Any:
    """From base to swa_lr over `anneal_epochs` by cosine or line, then there (Izmailov et al. 2018)."""
    if t >= h["anneal_epochs"]:
        return 0 * base + h["swa_lr"]
    done = (base * 0 + t) / h["anneal_epochs"]
    share = done if h["anneal_strategy"] == "linear" else (1 - cosine_of_half_turns(done)) / 2
    return h["swa_lr"] * share + base * (1 - share)


def _swa_recursion(h: Hyper, base: Any, lr: Any, t: int) -> Any:
    """The base recovered from the rate before, (lr - share swa_lr) / (1 - share)."""
    if t >= h["anneal_epochs"]:
        return 0 * base + h["swa_lr"]

    def share(k: int) -> Any:
        done = (base * 0 + k) / h["anneal_epochs"]
        return done if h["anneal_strategy"] == "linear" else (1 - cosine_of_half_turns(done)) / 2

    begin = (lr - share(t - 1) * h["swa_lr"]) / (1 - share(t - 1))
    return h["swa_lr"] * share(t) + begin * (1 - share(t))


ANNEALED: Mapping[str, Sequence[Json]] = {
    "swa_lr": (0.05, 1e-4, 2.0), "anneal_epochs": (10, 1, 60), "anneal_strategy": ("cos", "linear"),
}  # fmt: skip
PLATEAU: Mapping[str, Json] = {
    "mode": "min", "factor": 0.5, "patience": 3, "threshold": 1e-2, "threshold_mode": "rel", "cooldown": 0, "min_lr": 0.0, "eps": 1e-8,
}  # fmt: skip


def _plateau_samples() -> Iterable[Sample]:
    varied = {"mode": ("min", "max"), "threshold_mode": ("rel", "abs"), "patience": (3, 0), "cooldown": (0, 4), "min_lr": (0.0, 1e-3), "factor": (0.5, 0.1)}
    for i, row in enumerate(pairwise({**varied, "metrics": ("falling", "noisy", "flat", "nan")})):
        how = {**PLATEAU, **{k: row[k] for k in varied}}
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _plateau_sample(f"{row['metrics']}-{i}", how, row["metrics"], why)
    yield _plateau_sample("smallest-change", {**PLATEAU, "eps": 0.01}, "flat", SampleClass.EDGE)


def _plateau_sample(name: str, how: Mapping[str, Json], kind: str, why: SampleClass) -> Sample:
    """Base rates [groups] and one metric an epoch, in multiples of 1/8 so that no comparison is close."""
    t, random = np.arange(60), seed_for("plateau", name)
    noise = random.integers(-4, 5, 60) / 8
    metrics = {"falling": 40.0 - t, "noisy": 20 + 4 * noise, "flat": np.where(t < 5, 10.0 - t, 5.0), "nan": np.where(t % 4 == 1, np.nan, 30 + noise)}[kind]
    metrics = -metrics if how["mode"] == "max" else metrics
    return Sample(name=name, dtype="float64", inputs=(Tensor.of(np.array(BASE)), Tensor.of(metrics)), params=params(**how, epochs=60), why=why)


def _plateau_counts(sample: Sample) -> list[bool]:
    """For every epoch whether the rates are to be reduced. NaN is never better.

    Better = below best (1 - threshold) or above best (1 + threshold), as documented; so a negative metric "improves" by standing still.
    """
    p: dict[str, Any] = dict(sample.params)
    sign = -1.0 if p["mode"] == "max" else 1.0
    best, bad, cooling, found = sign * np.inf, 0, 0, []
    for metric in sample.arrays()[1]:
        goal = best * (1 - sign * p["threshold"]) if p["threshold_mode"] == "rel" else best - sign * p["threshold"]
        best, bad = (metric, 0) if sign * metric < sign * goal else (best, bad + 1)
        cooling, bad = (cooling - 1, 0) if cooling else (0, bad)
        found.append(bad > p["patience"])
        if found[-1]:
            cooling, bad = p["cooldown"], 0
    return found


def _plateau_rates(sample: Sample, reductions: Sequence[bool], base: Any, lift: Any) -> list[Any]:
    """Rates before the first epoch and after each: times factor, not below min_lr, unless that changes no more than eps."""
    factor, least, rows = lift(sample.param("factor")), sample.param("min_lr"), [base]
    for reduce in reductions:
        lower = np.maximum(rows[-1] * factor, lift(least) if least else 0.0)
        gone = rows[-1] - lower
        enough = (gone.value if isinstance(gone, Rounded) else gone) > sample.param("eps")
        rows.append(np.where(enough, lower, rows[-1]) if reduce else rows[-1])
    return rows


def _plateau(sample: Sample) -> tuple[Expected, ...]:
    rows = _plateau_rates(sample, _plateau_counts(sample), rounded(sample.arrays()[0], "float64"), hyperparameter)
    number = Rounded(np.stack([r.value for r in rows]), np.stack([r.error for r in rows]), DOUBLE)
    return (expected_rounded(number, dtype="float64"),)


def _plateau_late(sample: Sample) -> Array:
    """Reduced an epoch after it was due."""
    counts = _plateau_counts(sample)
    return np.stack(_plateau_rates(sample, [False, *counts[:-1]], sample.arrays()[0].astype(np.longdouble), np.longdouble))


def _parts_swapped() -> Fault:
    return faults.other_params("parts-swapped", "The parts are taken in another order.", parts=lambda parts: (*parts[1:], parts[0]))


def _sequences() -> Iterable[Sample]:
    varied = {"parts": ((WARM_UP, DECAY, POWER), (HELD, POWER, DECAY), (DECAY, WARM_UP, HELD)), "milestones": ((5, 30), (1, 2), (20, 40))}
    return schedule_samples({"parts": (WARM_UP, DECAY, POWER), "milestones": (5, 30)}, varied, epochs=50, edges=({"milestones": (5, 500)},), long=2)


FUNCTIONS: tuple[Function, ...] = (
    schedule("lambda_lr", "base f(t) of a user's function f", _lambda, None,
             lambda: schedule_samples({"factors": FACTORS}, {"factors": (FACTORS, (1.0,), (0.25, 3.0))}),
             f"{SOURCE}.LambdaLR", faults.other_params("factors-shifted", "f is asked for the next epoch.", factors=lambda f: (*f[1:], f[0]))),
    schedule("multiplicative_lr", "base f(1) f(2) ... f(t) of a user's function f", _multiplicative, None,
             lambda: schedule_samples({"factors": FACTORS}, {"factors": (FACTORS, (0.95,), (0.25, 3.0))}, long=2), f"{SOURCE}.MultiplicativeLR",
             faults.computed("first-factor-counted", "f(0) is multiplied in as well.",
                             lambda s: rates(lambda h, b, t: _multiplicative(h, b, t) * (_factor(h, 0) if t else 1) * (1 + 1e-6), s))),
    schedule("sequential_lr", "of the schedule whose turn it is, counted from its milestone", _sequential, _sequential_recursion, _sequences,
             f"{SOURCE}.SequentialLR", _parts_swapped(),
             faults.other_params("milestone-off-by-one", "The milestones come an epoch late.", milestones=lambda m: tuple(k + 1 for k in m)),
             faults.computed("count-goes-on", "Every schedule is asked for the epoch of the whole.",
                             lambda s: rates(_count_goes_on, s))),
    schedule("chained_scheduler", "with the factors of all schedules multiplied", _chained, _chained_recursion,
             lambda: schedule_samples({"parts": (WARM_UP, DECAY)}, {"parts": ((WARM_UP, DECAY), (HELD, POWER), (WARM_UP, HELD, DECAY), (DECAY,))},
                                      epochs=40, long=2),
             f"{SOURCE}.ChainedScheduler", faults.other_params("first-part-only", "Only the first schedule is stepped.", parts=lambda parts: parts[:1])),
    schedule("swa_lr", "annealed from base to swa_lr over anneal_epochs by cosine or line", _swa, _swa_recursion,
             lambda: schedule_samples({"swa_lr": 0.05, "anneal_epochs": 10, "anneal_strategy": "cos"}, ANNEALED, edges=({"anneal_epochs": 0},)),
             "Izmailov et al. 2018; PyTorch documentation, torch.optim.swa_utils.SWALR",
             faults.other_params("line-for-cosine", "The way is a line.", anneal_strategy="linear"),
             faults.other_params("end-off-by-one", "The end comes an epoch late.", anneal_epochs=lambda n: n + 1)),
    Function(
        id="reduce_lr_on_plateau", side=Side.TRAINING, area="schedules",
        requirement="The library shall multiply each rate by the factor, not below its least, once the metric has not improved for over `patience` epochs.",
        source=f"{SOURCE}.ReduceLROnPlateau", oracle="the documented rules, rates in extended precision (2^-64)", samples=_plateau_samples, reference=_plateau,
        criterion=CRITERION,
        faults=(faults.one_element(), faults.relative(1e-9), faults.computed("an-epoch-late", "Reduced an epoch after it was due.", _plateau_late),
                faults.other_params("patience-off-by-one", "One more bad epoch is waited for.", patience=lambda n: n + 1),
                faults.other_params("cooldown-ignored", "There is no rest after a reduction.", cooldown=0),
                faults.other_params("minimum-ignored", "The least rate is ignored.", min_lr=0.0),
                faults.other_params("other-mode", "Larger is better is taken for smaller is better.", mode=lambda m: "min" if m == "max" else "max")),
    ),
)  # fmt: skip
