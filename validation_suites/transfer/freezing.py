"""Freezing parts of a network: what must not move, and what moves all the same (traps, asserted as they are documented)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.running_error import expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, uniform
from validation_suites.training.autograd import whole
from validation_suites.training.losses_pointwise import RUNNING

DTYPES = ("float32", "float64")
OPTIMISERS = ("sgd", "adam", "adamw", "adamax", "nadam", "radam", "adagrad", "adadelta", "rmsprop", "rprop", "asgd", "adafactor", "lbfgs")
DECAYING = ("sgd", "adam", "adamw", "adamax", "nadam", "radam", "adagrad", "adadelta", "rmsprop", "asgd", "adafactor")
UNTOUCHED = Exact(rationale="What is not trained keeps every bit.", literature="ISO 13485, 4.1.6; IEEE 754-2019, 5.5")
POWERS = Exact(rationale="Rates are powers of two and data small integers: every step is exact.", literature="IEEE 754-2019, 4.3")
SOURCE = "PyTorch documentation, autograd mechanics (locally disabling gradient computation); torch.optim"


def _as_bool(*values: bool) -> Any:
    return np.array(values)


def _frozen_samples() -> Iterable[Sample]:
    """Input [N, 6]; frozen weight [9, 6] and bias [9]; head weight [3, 9] and bias [3]; targets [N, 3]."""
    rows = [(o, d, s) for i, o in enumerate(OPTIMISERS) for d, s in ((0.0, 1), (0.1, 4)) if o in DECAYING or d == 0]
    for i, (optimiser, decay, steps) in enumerate(rows):
        dtype = DTYPES[i % 2]
        name = f"{dtype}-{optimiser}-decay{decay:g}-steps{steps}"
        inputs = tuple(normal(dtype, s, "freezing", name, str(j)) for j, s in enumerate(((8, 6), (9, 6), (9,), (3, 9), (3,), (8, 3))))
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=inputs, params=params(optimiser=optimiser, decay=decay, steps=steps), why=why)


def _frozen(sample: Sample) -> tuple[Expected, ...]:
    """The frozen weight and bias as they were; yes: the head moved, the frozen part has no gradient, the optimiser counts no step for it."""
    weight, bias = (t.array() for t in sample.inputs[1:3])
    kept = (exactly(weight, dtype=sample.dtype), exactly(bias, dtype=sample.dtype, name="y1"))
    return (*kept, exactly(_as_bool(True, True, True), dtype="bool", name="y2"))


def _late_samples() -> Iterable[Sample]:
    """Weights and an earlier gradient; a rate and decay that are powers of two."""
    for i, r in enumerate(pairwise({"dtype": DTYPES, "cleared": ("none", "zero"), "decay": (0.25, 0.0), "momentum": (0.0, 0.5)})):
        name = f"{r['dtype']}-cleared-{r['cleared']}-decay{r['decay']:g}-momentum{r['momentum']:g}"
        inputs = tuple(Tensor.of(whole((4, 5), "late", name, part), r["dtype"]) for part in "wg")
        p = params(cleared=r["cleared"], decay=r["decay"], momentum=r["momentum"], rate=0.5)
        yield Sample(name=name, dtype=r["dtype"], inputs=inputs, params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _late(sample: Sample) -> tuple[Expected, ...]:
    """One step is made with g, gradients are cleared, the weight is frozen, one step more.

    With no gradient nothing happens; with one of zeros decay and momentum go on: v = m v + 0 + decay w, w = w - rate v.
    """
    w, g = (a.astype(np.float64) for a in sample.arrays())
    rate, decay, momentum = (sample.param(n) for n in ("rate", "decay", "momentum"))
    velocity = g + decay * w
    w = w - rate * velocity
    if sample.param("cleared") == "zero":
        w = w - rate * (momentum * velocity + decay * w)
    return (replace(exactly(w, dtype=sample.dtype), any_sign_of_zero=True),)


def _statistics_samples() -> Iterable[Sample]:
    """Batch [N, C], weight, bias, running mean and variance [C]."""
    rows = pairwise({"dtype": DTYPES, "mode": ("training", "evaluation", "revived"), "momentum": (0.1, 0.5), "shape": ((16, 5), (2, 3), (65, 4))})
    for i, r in enumerate(rows):
        n, c = r["shape"]
        name = f"{r['dtype']}-{r['mode']}-{n}x{c}-momentum{r['momentum']:g}"
        x, w, b, mean = (normal(r["dtype"], s, "statistics", name, str(j)) for j, s in enumerate(((n, c), (c,), (c,), (c,))))
        variance = uniform(r["dtype"], (c,), "statistics", name, low=0.5, high=2.0)
        p = params(mode=r["mode"], momentum=r["momentum"])
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, w, b, mean, variance), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _statistics(sample: Sample) -> tuple[Expected, ...]:
    """(1 - m) old + m new of the batch's mean and unbiased variance where training mode is on; weight and bias as they were."""
    x, w, b, mean, variance = (rounded(a, sample.dtype) for a in sample.arrays())
    n, m = x.value.shape[0], hyperparameter(sample.param("momentum"))
    if sample.param("mode") != "evaluation":
        batch: Any = x.sum(axis=0) / n
        d: Any = x - batch
        mean, variance = mean * (1 - m) + batch * m, variance * (1 - m) + (d * d).sum(axis=0) / (n - 1) * m
    return tuple(expected_rounded(v, dtype=sample.dtype, name=f"y{i}" if i else "y") for i, v in enumerate((mean, variance, w, b)))


def _head_samples() -> Iterable[Sample]:
    """Input [N, 6], body [9, 6], old head [3, 9], new head [4, 9], targets [N, 4]."""
    for i, r in enumerate(pairwise({"dtype": DTYPES, "optimiser": ("sgd", "adam", "adamw"), "added": (False, True)})):
        name = f"{r['dtype']}-{r['optimiser']}-{'added' if r['added'] else 'forgotten'}"
        inputs = tuple(normal(r["dtype"], s, "head", name, str(j)) for j, s in enumerate(((8, 6), (9, 6), (3, 9), (4, 9), (8, 4))))
        p = params(optimiser=r["optimiser"], added=r["added"])
        yield Sample(name=name, dtype=r["dtype"], inputs=inputs, params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _head(sample: Sample) -> tuple[Expected, ...]:
    """The old head as it was; yes or no: the new head got a gradient (always), it moved (if its group was added), the body moved (always)."""
    old = exactly(sample.inputs[2].array(), dtype=sample.dtype)
    return old, exactly(_as_bool(True, bool(sample.param("added")), True), dtype="bool", name="y1")


def _stepped(which: int, id: str, sentence: str) -> Fault:
    """One output took a small step."""

    def apply(function: Function, sample: Sample, results: Results) -> Results:
        moved = (results[which] * results[which].dtype.type(1 - 1e-3)).astype(results[which].dtype)
        return tuple(moved if i == which else r for i, r in enumerate(results))

    return Fault(id=id, sentence=sentence, apply=apply)


def _answered(which: int, place: int, id: str, sentence: str) -> Fault:
    """One answer is the opposite."""

    def apply(function: Function, sample: Sample, results: Results) -> Results:
        answer = results[which].copy()
        answer[place] = ~answer[place]
        return tuple(answer if i == which else r for i, r in enumerate(results))

    return Fault(id=id, sentence=sentence, apply=apply)


def _function(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], criterion: Any,
    *more: Fault, oracle: str = "exact: what was there before",
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.TRAINING, area="transfer learning", requirement=requirement, source=SOURCE, oracle=oracle, samples=samples, reference=reference,
        criterion=criterion, faults=(faults.one_element(), faults.stale(), *more),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "transfer_frozen_unchanged",
        "The library shall leave frozen parameters unchanged bit for bit under every optimiser, with no gradient and no counted step for them, and train "
        "the head.",
        _frozen_samples, _frozen, UNTOUCHED, _stepped(0, "weight-decayed", "Weight decay reaches the frozen weight."),
        _stepped(1, "bias-moved", "The frozen bias takes a step."), _answered(2, 0, "head-not-trained", "The head did not move."),
        _answered(2, 1, "gradient-kept", "The frozen part has a gradient."), _answered(2, 2, "stale-state", "The optimiser counts steps of the frozen part."),
    ),
    _function(
        "transfer_late_freeze",
        "The library shall skip a weight that is frozen in the middle of training if its gradient is None, and go on with decay and momentum if the "
        "gradient is zero (a trap: a maker clears gradients with set_to_none=True).",
        _late_samples, _late, POWERS, faults.other_params("zero-for-none", "A cleared gradient counts as zero.", cleared="zero"),
        faults.other_params("none-for-zero", "A gradient of zeros is skipped.", cleared="none"),
        faults.other_params("momentum-lost", "The momentum is lost.", momentum=0.0), faults.relative(1e-4), oracle="exact arithmetic of the formula",
    ),
    _function(
        "transfer_batch_norm_statistics",
        "The library shall update the running statistics of a batch normalisation with frozen weight and bias in training mode, also when train() revives "
        "it (a trap: a maker calls eval() on the layer after each train()), and leave them alone in evaluation mode.",
        _statistics_samples, _statistics, RUNNING, faults.relative(1e-4),
        faults.other_params("frozen-too", "Frozen parameters freeze the statistics, too.", mode="evaluation"),
        faults.other_params("updated-in-evaluation", "Evaluation mode updates the statistics.", mode="training"),
        faults.other_params("momentum-ignored", "Another momentum.", momentum=0.2), _stepped(2, "weight-moved", "The frozen weight moved."),
        oracle="definition in extended precision (2^-64) with running error bounds",
    ),
    _function(
        "transfer_new_head",
        "The library shall train a head that replaced another after the optimiser was built only once its parameters are added to the optimiser (a trap: "
        "the new head gets gradients all the same, and training goes on without an error).",
        _head_samples, _head, UNTOUCHED, _answered(1, 1, "opposite", "The new head is trained without being added, or not although it was."),
        _answered(1, 0, "no-gradient", "The new head gets no gradient."), _answered(1, 2, "body-still", "The body is not trained any more."),
        _stepped(0, "old-head-moved", "The old head is trained."),
    ),
)  # fmt: skip
