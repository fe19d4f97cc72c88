"""Mixed precision: which operator runs in which format under autocast, and the arithmetic of the loss scale; all exact.

The loss scale is a power of two times whole factors, so that scaling and unscaling small whole numbers rounds nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes

AREA = "mixed precision"
SOURCE = "PyTorch documentation, torch.amp: operators that autocast to lower precision, to float32, and to the widest type; Micikevicius et al. 2018"
LOWER = ("matmul", "mm", "bmm", "addmm", "baddbmm", "linear", "conv1d", "conv2d", "conv3d", "addbmm", "einsum", "dot_attention")
WIDE = (
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "huber_loss",
    "l1_loss",
    "kl_div",
    "fft",
    "cdist",
    "prod",
    "trace",
)
WIDEST = ("cat", "stack", "index_copy")
UNCHANGED = ("add", "relu", "sum")


def _policy_cases() -> Iterable[Sample]:
    for place, (group, names) in enumerate((("lower", LOWER), ("wide", WIDE), ("widest", WIDEST), ("unchanged", UNCHANGED))):
        for name in names:
            yield case(f"{group}-{name.replace('_', '-')}", operator=name, policy=place)


def _policy(sample: Sample) -> tuple[Any, ...]:
    """Answers: (the result's format is the policy's, its values are those of operands given in that format, float64 is left alone)."""
    return (yes(True, True, True),)


def _scaling_cases() -> Iterable[Sample]:
    schedules: tuple[tuple[int, ...], ...] = ((0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 1, 1, 0), (1, 1, 1), (0, 0, 1, 0, 0, 0, 0, 0), (0,))
    for (i, overflow), (growth, backoff, interval) in itertools.product(
        enumerate(schedules), ((2.0, 0.5, 2), (4.0, 0.25, 3), (2.0, 0.5, 1))
    ):
        x = Tensor.of(seed_for("scaling", str(i)).integers(1, 9, (3,)), "float32")
        yield case(
            f"schedule{i}-grow{growth:g}-every{interval}",
            x,
            dtype="float32",
            overflow=overflow,
            growth=growth,
            backoff=backoff,
            interval=interval,
            start=1024.0,
        )


def scaling(sample: Sample, *, count_after_overflow: bool = False, skip: bool = True, backoff: bool = True) -> tuple[Any, ...]:
    """(scale after each step, parameter after each step): a step with an overflow is skipped and the scale falls; `interval` good ones let it grow."""
    x = sample.arrays()[0].astype(np.float64)
    scale, good, w = sample.param("start"), 0, np.zeros_like(x)
    scales, weights = [], []
    for bad in sample.param("overflow"):
        if bad:
            scale, good = scale * (sample.param("backoff") if backoff else 1), (good if count_after_overflow else 0)
            w = w if skip else np.full_like(w, -np.inf)
        else:
            w, good = w - x, good + 1
            if good == sample.param("interval"):
                scale, good = scale * sample.param("growth"), 0
        scales.append(scale)
        weights.append(w.copy())
    return np.array(scales), np.array(weights)


def _late_growth(sample: Sample) -> tuple[Any, ...]:
    later = params(**{**dict(sample.params), "interval": int(sample.param("interval")) + 1})
    return scaling(Sample(name="late", dtype=sample.dtype, inputs=sample.inputs, params=later))


def _unscaled_cases() -> Iterable[Sample]:
    for n, start in ((4, 1024.0), (9, 2.0), (33, 65536.0)):
        g = Tensor.of(np.concatenate([[3.0, 4.0], np.zeros(n - 2)]), "float32")
        yield case(f"n{n}-scale{start:g}", g, dtype="float32", start=start)


def _unscaled(sample: Sample) -> tuple[Any, ...]:
    """Gradients (3, 4, 0, ...) times the scale, unscaled, then clipped to norm 10 (no change); second unscaling refused; step not unscaled again."""
    g = sample.arrays()[0].astype(np.float64)
    return g, np.asarray(5.0), -g, yes(True, True)


def _clipped_before(sample: Sample) -> tuple[Any, ...]:
    """Clipped while still scaled."""
    g = sample.arrays()[0].astype(np.float64)
    return g / sample.param("start"), np.asarray(5.0 * sample.param("start")), -g / sample.param("start"), yes(True, True)


def _twice_unscaled(sample: Sample) -> tuple[Any, ...]:
    g = sample.arrays()[0].astype(np.float64)
    return g, np.asarray(5.0), -g / sample.param("start"), yes(True, True)


def _state_cases() -> Iterable[Sample]:
    for inside, cached in itertools.product((True, False), (True, False)):
        yield case(f"{'on' if inside else 'off'}-{'cached' if cached else 'uncached'}", enabled=inside, cached=cached)


def _state(sample: Sample) -> tuple[Any, ...]:
    """Answers: (inside as asked, off after it, nested off is off, cache as asked, dtype bfloat16, custom function sees float32, backward as forward)."""
    return (yes(sample.param("enabled"), False, False, sample.param("cached"), True, True, True),)


ROWS = (
    Guarantee(
        id="autocast_policy",
        area=AREA,
        source=SOURCE,
        cases=_policy_cases,
        truth=_policy,
        requirement="The library shall run each operator in the format of its documented policy, as if its operands had been given in it.",
        faults=(
            denied("format", "The result has another format.", 0),
            denied("values", "The values are not those of that format.", 0, 1),
            denied("double", "Double operands are narrowed.", 0, 2),
            wrong("off", "Autocast is without effect.", lambda s: (yes(False, False, False),)),
        ),
    ),
    Guarantee(
        id="loss_scaling",
        area=AREA,
        source=SOURCE,
        cases=_scaling_cases,
        truth=scaling,
        requirement="The library shall let the loss scale grow after the asked number of good steps, lower it after an overflow, and skip that step.",
        faults=(
            wrong("interval-off-by-one", "The scale grows a step late.", _late_growth),
            wrong("count-kept", "An overflow does not start the count anew.", lambda s: scaling(s, count_after_overflow=True)),
            wrong("not-skipped", "The step with an overflow is taken.", lambda s: scaling(s, skip=False)),
            wrong("no-backoff", "The scale does not fall.", lambda s: scaling(s, backoff=False)),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="loss_unscaling",
        area=AREA,
        source=SOURCE,
        cases=_unscaled_cases,
        truth=_unscaled,
        requirement="The library shall unscale gradients once, before they are clipped, and refuse to do it twice.",
        faults=(
            wrong("clipped-scaled", "Gradients are clipped while scaled.", _clipped_before),
            wrong("unscaled-twice", "The step unscales again.", _twice_unscaled),
            denied("twice-allowed", "Unscaling twice is not refused.", 3),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="autocast_state",
        area=AREA,
        source=SOURCE,
        cases=_state_cases,
        truth=_state,
        requirement="The library shall keep autocast's state to its region, nested regions and custom functions included.",
        faults=(
            denied("ignored", "The region is not what was asked.", 0),
            denied("leaks", "The state outlives the region.", 0, 1),
            denied("nested-ignored", "A nested region is ignored.", 0, 2),
            denied("cast-ignored", "A custom function sees the narrow format.", 0, 5),
        ),
    ),
)
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
