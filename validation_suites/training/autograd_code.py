"""Gradients through code that was scripted, recorded, exported or compiled, as by hand and exact; and what anomaly detection promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes

AREA = "automatic differentiation"
INPUTS, HIDDEN, OUTPUTS = 3, 7, 2


def _networks() -> Iterable[Sample]:
    """Data [n, 3], targets [n, 2], weight [7, 3], bias [7], weight [2, 7], bias [2]: whole numbers; n a power of two."""
    for dtype in ("float32", "float64"):
        for n in (8, 1):
            shapes = ((n, INPUTS), (n, OUTPUTS), (HIDDEN, INPUTS), (HIDDEN,), (OUTPUTS, HIDDEN), (OUTPUTS,))
            made = (seed_for("code", dtype, str(n), str(i)).integers(-3, 4, s) for i, s in enumerate(shapes))
            yield case(f"{dtype}-n{n}", *(Tensor.of(v.astype(np.float64), dtype) for v in made), dtype=dtype)


def _gradients(sample: Sample, *, cut: bool = True, summed: bool = False) -> tuple[Array, ...]:
    """Of the squared error, summed over outputs and averaged over rows, for data and weights."""
    x, target, w, b, v, d = (a.astype(np.float64) for a in sample.arrays())
    raw = x @ w.T + b
    back = 2 * (np.maximum(raw, 0) @ v.T + d - target) / (1 if summed else len(x))
    slope = (back @ v) * ((raw > 0) if cut else 1)
    return slope @ w, slope.T @ x, slope.sum(0), back.T @ np.maximum(raw, 0), back.sum(0)


def gradients(sample: Sample) -> tuple[Any, ...]:
    return _gradients(sample)


def _bias_lost(sample: Sample) -> tuple[Any, ...]:
    made = list(gradients(sample))
    made[2] = np.zeros_like(made[2])
    return tuple(made)


def _detached(sample: Sample) -> tuple[Any, ...]:
    """Data count as constants."""
    x, *made = gradients(sample)
    return (np.zeros_like(x), *made)


def _squares() -> Iterable[Sample]:
    for dtype in ("float32", "float64"):
        for n in (9, 1):
            x = seed_for("anomaly", dtype, str(n)).integers(1, 9, n).astype(np.float64)
            yield case(f"{dtype}-n{n}", Tensor.of(x, dtype), dtype=dtype)


def anomalies(sample: Sample) -> tuple[Any, ...]:
    """Gradient of the sum of squares with the mode on; answers: not-a-number refused with it, not without it, not where it is told not to look."""
    return 2 * sample.arrays()[0].astype(np.float64), yes(True, True, True)


def _row(id: str, requirement: str, source: str, cases: Callable[[], Iterable[Sample]], truth: Any, *more: Any) -> Function:
    return Guarantee(
        id=id, area=AREA, requirement=requirement, source=source, cases=cases, truth=truth, faults=(faults.relative(1e-4, "gradient-off"), *more)
    ).function()


FUNCTIONS: tuple[Function, ...] = (
    replace(_row("gradients_through_code",
         "The library shall return through scripted, recorded, exported and compiled code the gradients of the code itself, for data and weights.",
         "PyTorch documentation, torch.jit, torch.export, torch.compile, torch.fx", _networks, gradients,
         wrong("cut-lost", "The rectifier passes every gradient.", lambda s: _gradients(s, cut=False)),
         wrong("sum-for-mean", "The divisor of the mean is lost.", lambda s: _gradients(s, summed=True)),
         wrong("bias-lost", "The first bias gets no gradient.", _bias_lost), wrong("detached", "Data get no gradient.", _detached), faults.stale()),
         lengthy=True),
    _row("autograd_anomaly",
         "The library shall refuse a backward pass that makes a NaN where anomaly detection is on, and change nothing else.",
         "PyTorch documentation, torch.autograd.detect_anomaly, set_detect_anomaly", _squares, anomalies,
         denied("nan-passed", "A NaN is not refused.", 1), denied("always-on", "A NaN is refused without the mode.", 1, 1),
         denied("look-ignored", "The mode looks although it is told not to.", 1, 2), faults.stale()),
)  # fmt: skip
