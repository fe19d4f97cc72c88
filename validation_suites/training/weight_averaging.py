"""Averages of a model's parameters over training: equal weights (SWA) and exponentially decaying ones (EMA)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import extended
from csvkit_ml.references.running_error import ARITHMETIC, Rounded, expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, pairwise

SOURCE = "PyTorch documentation, torch.optim.swa_utils.AveragedModel"


def _samples() -> Iterable[Sample]:
    """Parameters [updates, n] of a model as it is trained."""
    rows = pairwise({"dtype": ("float32", "float64"), "decay": (None, 0.999, 0.5), "updates": (30, 2, 1), "n": (33, 1, 16), "offset": (0.0, 100.0)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{'equal' if r['decay'] is None else r['decay']}-updates{r['updates']}-n{r['n']}-offset{r['offset']:g}"
        path = normal(r["dtype"], (r["updates"], r["n"]), "averaging", name, offset=r["offset"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=(path,), params=params(decay=r["decay"]), why=why)
    large = normal("float32", (3, 40_000), "averaging", "large")
    yield Sample(name="float32-n40000", dtype="float32", inputs=(large,), params=params(decay=0.9), why=SampleClass.EDGE)


def _equal(average: Any, p: Any, k: int) -> Any:
    return average + (p - average) / (k + 1)


def averages(sample: Sample, data: Any, lift: Any) -> list[Any]:
    """Average after each update: the first is a copy; a += (p - a) / (k + 1), or a = d a + (1 - d) p."""
    path, decay = sample.arrays()[0], sample.param("decay")
    d = None if decay is None else lift(decay)
    rows = [data(path[0])]
    for k, p in enumerate(path[1:], start=1):
        rows.append(_equal(rows[-1], data(p), k) if d is None else d * rows[-1] + (1 - d) * data(p))
    return rows


def _averages(sample: Sample) -> tuple[Expected, ...]:
    rows = averages(sample, lambda a: rounded(a, sample.dtype), hyperparameter)
    number = Rounded(np.stack([r.value for r in rows]), np.stack([r.error for r in rows]), ARITHMETIC[sample.dtype])
    return (expected_rounded(number, dtype=sample.dtype),)


def _first_not_copied(sample: Sample) -> Array | None:
    """The first update is averaged with zeros."""
    path, decay = extended(sample.arrays()[0]), sample.param("decay")
    if decay is None:
        return np.stack([path[: k + 1].sum(axis=0) / (k + 2) for k in range(len(path))])
    return np.stack([row - decay ** np.longdouble(k + 1) * path[0] for k, row in enumerate(averages(sample, extended, np.longdouble))])


def _count_late(sample: Sample) -> Array | None:
    """Equal weights, the number of models counted one too high."""
    path = extended(sample.arrays()[0])
    if sample.param("decay") is not None or len(path) < 2:
        return None
    rows = [path[0]]
    for k, p in enumerate(path[1:], start=2):
        rows.append(_equal(rows[-1], p, k))
    return np.stack(rows)


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="averaged_model", side=Side.TRAINING, area="weight averaging",
        requirement="The library shall keep, update after update, the mean of a model's parameters so far, or their decaying average from a copy on.",
        source=f"Izmailov et al. 2018; Polyak and Juditsky 1992; {SOURCE}", oracle="definition in extended precision (2^-64)", samples=_samples,
        reference=_averages,
        criterion=Scaled(c=2.0, c_hard=8.0, scale="accumulated bound of the rounding error of every update so far, in u: about t |a|",
                         rationale="Each update rounds three times relative to the values it combines; earlier errors decay with their weight.",
                         literature="Higham 2002, 3.3 (running error analysis)"),
        faults=(faults.relative(1e-4), faults.one_element(), faults.stale(),
                faults.other_params("other-decay", "The decay is off by 1e-3.", decay=lambda d: None if d is None else d * (1 - 1e-3)),
                faults.computed("first-not-copied", "The first update is averaged with zeros.", _first_not_copied),
                faults.computed("count-off-by-one", "The number of averaged models is counted one too high.", _count_late)),
    ),
)  # fmt: skip
