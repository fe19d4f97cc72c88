"""Muon: momentum whose matrix is made nearly orthogonal by Newton-Schulz iterations in bfloat16."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.extended import expected_extended, extended
from csvkit_ml.references.monte_carlo import RUNS, Noisy
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.sampling import pairwise, tensor

STEPS = 6
QUINTIC, CUBIC = (3.4445, -4.775, 2.0315), (1.5, -0.5, 0.0)
UNIT = 2.0**-24
PLAIN: dict[str, Json] = {
    "momentum": 0.95, "nesterov": True, "weight_decay": 0.1, "ns_coefficients": QUINTIC, "ns_steps": 5, "eps": 1e-7, "adjust_lr_fn": None,
}  # fmt: skip
LIMIT = Scaled(
    c=8.0, c_hard=64.0, scale="root mean square change of the parameters in 16 evaluations with bfloat16's rounding errors, in u",
    rationale="The iterations are done in bfloat16 and carry their errors on, so the bound is the spread of the formula in that arithmetic; 8 of its"
    " root mean squares leave no room for another number of steps, other coefficients or another rate.",
    literature="Parker 1997 (Monte Carlo arithmetic); Higham 2008, ch. 8 (Newton-Schulz)",
)  # fmt: skip


def _samples() -> Iterable[Sample]:
    varied = {
        "shape": ((6, 4), (4, 9), (5, 5), (10, 3)), "momentum": (0.95, 0.5), "nesterov": (True, False), "weight_decay": (0.1, 0.0),
        "ns_steps": (5, 2), "ns_coefficients": (QUINTIC, CUBIC), "adjust_lr_fn": (None, "original", "match_rms_adamw"),
    }  # fmt: skip
    for i, row in enumerate(pairwise(varied)):
        shape = row.pop("shape")
        yield _sample(f"float32-{shape[0]}x{shape[1]}-{i}", shape, {**PLAIN, **row}, SampleClass.COVERING if i else SampleClass.ORDINARY)
    yield _sample("float32-one-row", (1, 7), PLAIN, SampleClass.EDGE)


def _sample(name: str, shape: tuple[int, int], hyper: dict[str, Json], why: SampleClass) -> Sample:
    """Two matrices of the same shape, one below the other, in two groups."""
    random = seed_for("muon", name)
    n, k = shape
    p, g = random.standard_normal((2 * n, k)), random.standard_normal((STEPS, 2 * n, k))
    how = params(**hyper, cuts=(n,), groups=(0, 1), lrs=(0.05, 0.2), missing=0)
    return Sample(name=name, dtype="float32", inputs=(tensor(p, "float32"), tensor(g, "float32")), params=how, why=why)


def orthogonalised(x: Noisy, sample: Sample) -> Noisy:
    """k times a x + (b x x' + c (x x')^2) x, from x / |x|; of the transpose where that has fewer rows (Jordan et al. 2024)."""
    a, b, c = sample.param("ns_coefficients")
    tall = x.shape[0] > x.shape[1]
    y: Any = x.transpose(1, 0) if tall else x
    y = y / max(float(np.sqrt((y.value**2).sum())), sample.param("eps"))
    for _ in range(sample.param("ns_steps")):
        gram = np.matmul(y, y.transpose(1, 0))
        y = a * y + np.matmul(b * gram + c * np.matmul(gram, gram), y)
    return cast(Noisy, y.transpose(1, 0) if tall else y)


def _rate(sample: Sample, lr: float, shape: tuple[int, ...]) -> float:
    """max(1, rows / columns)^(1/2) times the rate, or 0.2 max(rows, columns)^(1/2) times it."""
    if sample.param("adjust_lr_fn") == "match_rms_adamw":
        return lr * 0.2 * float(np.sqrt(max(shape)))
    return lr * float(np.sqrt(max(1.0, shape[0] / shape[1])))


def path(sample: Sample, u: float = 0.0, *names: str, forgetful: bool = False) -> Any:
    """Parameters after every step, [steps, 2 n, k]; `u`: size of the random errors in the iterations; `forgetful`: momentum is lost."""
    start, gradients = map(extended, sample.arrays())
    mu, decay, (cut,) = sample.param("momentum"), sample.param("weight_decay"), sample.param("cuts")
    made, random = np.zeros(gradients.shape, dtype=np.longdouble), seed_for("muon errors", sample.name, *names)
    for piece, lr in ((slice(0, cut), sample.param("lrs")[0]), (slice(cut, None), sample.param("lrs")[1])):
        p, buffer = start[piece], np.zeros_like(start[piece])
        for step, g in enumerate(gradients[:, piece]):
            buffer = mu * (0 * buffer if forgetful else buffer) + g
            given = g + mu * buffer if sample.param("nesterov") else buffer
            moved = orthogonalised(1.0 * Noisy((1 - mu) * given, u, random), sample).value
            p = p * (1 - lr * decay) - _rate(sample, lr, p.shape) * moved
            made[step, piece] = p
    return made


def _reference(sample: Sample) -> tuple[Expected, ...]:
    """The spread of a step reaches every element; the parameters themselves are rounded at every step."""
    value, u = path(sample), ROUNDINGS["bfloat16"].store
    squares = sum(((path(sample, u, str(k)) - value) ** 2 for k in range(RUNS)), np.zeros(()))
    size = np.sqrt(np.asarray(squares, dtype=np.float64) / RUNS) / UNIT
    typical = np.sqrt((size**2).mean(axis=-1, keepdims=True)) + 0 * size
    scale = np.maximum(size, typical) + STEPS * np.abs(value).astype(np.float64)
    return (expected_extended(value, dtype="float32", radius=2.0**-50 * scale, scale=scale, any_sign_of_zero=True),)


def _other(id: str, sentence: str, of: Callable[[Sample], Array | None]) -> Fault:
    return faults.computed(id, sentence, of)


def _late(sample: Sample) -> Array:
    start, g = sample.inputs
    late = Tensor.of(np.concatenate([g.array()[:1], g.array()[:-1]]))
    return np.asarray(path(replace(sample, inputs=(start, late))))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="muon", side=Side.TRAINING, area="optimisers", samples=_samples, reference=_reference, criterion=LIMIT,
        requirement="The library shall move matrices, step by step on given gradients, as the published formula of Muon says.",
        source="Jordan et al. 2024; Liu et al. 2025 (rate); PyTorch documentation, torch.optim.Muon",
        oracle="independent implementation of the formula in extended precision; spread of bfloat16 by Monte Carlo arithmetic",
        faults=(
            _other("state-lost", "The momentum is emptied before every step.", lambda s: np.asarray(path(s, forgetful=True))),
            _other("stale-gradient", "Every step uses the gradients of the step before.", _late),
            faults.other_params("one-step-fewer", "One iteration is left out.", ns_steps=lambda n: n - 1),
            faults.other_params("decay-ignored", "Weight decay is ignored.", weight_decay=0.0),
            faults.other_params("nesterov-ignored", "Nesterov's look-ahead is left out.", nesterov=False),
            faults.other_params("rate-not-adjusted", "The rate is adjusted in the other way.", adjust_lr_fn="match_rms_adamw"),
            faults.stale(), faults.one_element(),
        ),
    ),
)  # fmt: skip
