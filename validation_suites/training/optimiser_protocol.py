"""What optimisers and schedules promise besides their formulas: hooks around a step, reported rates, batch statistics of averaged weights; all exact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes

SOURCE = "PyTorch documentation, torch.optim"


def _cases() -> Iterable[Sample]:
    for n, steps in ((3, 4), (1, 1), (9, 7)):
        x = Tensor.of(seed_for("protocol", str(n)).integers(1, 9, (n,)), "float32")
        yield case(f"n{n}-steps{steps}", x, dtype="float32", steps=steps)


def stepped(sample: Sample) -> tuple[Any, ...]:
    """Rate 1, halved after every second step; hooks double the gradient before a step and add 1 after it: (weights, rates, answers)."""
    g, rate = sample.arrays()[0].astype(np.float64), 1.0
    w = np.zeros_like(g)
    weights, rates = [], []
    for i in range(sample.param("steps")):
        w = w - rate * 2 * g + 1
        rate = rate / 2 if i % 2 else rate
        weights.append(w)
        rates.append(rate)
    return np.array(weights), np.array(rates), yes(True, True, True)


def _late(sample: Sample) -> tuple[Any, ...]:
    weights, rates, answers = stepped(sample)
    return weights, np.concatenate([[1.0], rates[:-1]]), answers


def _no_hook(sample: Sample) -> tuple[Any, ...]:
    weights, rates, answers = stepped(sample)
    return weights - np.arange(1, len(weights) + 1)[:, None], rates, answers


def _batches() -> Iterable[Sample]:
    for n, count in ((4, 2), (8, 2), (2, 1)):
        x = Tensor.of(seed_for("update", str(n)).integers(-4, 5, (count, n, 3)) * 8.0, "float32")
        yield case(f"n{n}-batches{count}", x, dtype="float32", momentum=0.25)


def statistics(sample: Sample) -> tuple[Any, ...]:
    """Averages of the batches' means, as if each counted alike; the momentum and mode that the layer had; what it saw before is forgotten."""
    x = sample.arrays()[0].astype(np.float64)
    return x.mean(axis=1).mean(axis=0), np.array([len(x)]), yes(True, True)


def _last_batch(sample: Sample) -> tuple[Any, ...]:
    return sample.arrays()[0].astype(np.float64)[-1].mean(axis=0) + 1, *statistics(sample)[1:]


def _not_reset(sample: Sample) -> tuple[Any, ...]:
    mean, count, answers = statistics(sample)
    return mean, count + 1, answers


ROWS = (
    Guarantee(
        id="optimiser_hooks",
        area="optimisers",
        source=SOURCE,
        cases=_cases,
        truth=stepped,
        requirement="The library shall call hooks before and after each step of an optimiser, and report the rate that the schedule has set.",
        faults=(
            wrong("rate-late", "The reported rate is that of the step before.", _late),
            wrong("hook-lost", "The hook after the step is not run.", _no_hook),
            denied("order", "The hooks run in another order.", 2),
            denied("removed-called", "A hook that was removed is run.", 2, 1),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="averaged_batch_statistics",
        area="optimisers",
        source=f"{SOURCE}; Izmailov et al. 2018",
        cases=_batches,
        truth=statistics,
        requirement="The library shall compute running means anew for averaged weights, each batch counting alike, and keep momentum and mode.",
        faults=(
            wrong("last-batch", "The last batch decides.", _last_batch),
            wrong("not-reset", "What was counted before is kept.", _not_reset),
            denied("momentum-changed", "The momentum is not put back.", 2),
            faults.stale(),
        ),
    ),
)
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
