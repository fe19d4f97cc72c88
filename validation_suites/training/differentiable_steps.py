"""Gradients through two steps of an optimiser, by where it started and by the gradients that it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.adaptive_rules import adadelta, adagrad, adamax, asgd, nadam, radam, rmsprop, rprop
from csvkit_ml.references.duals import Dual, constant, variable
from csvkit_ml.references.extended import U, expected_extended
from csvkit_ml.references.optimiser_rules import adam, adamw, sgd
from csvkit_ml.references.trajectories import Rule
from validation_suites import faults
from validation_suites.training.optimisers import ADAM, SGD
from validation_suites.training.optimisers_adaptive import ADADELTA, ADAGRAD, ADAMAX, ASGD, NADAM, RADAM, RMSPROP, RPROP

DTYPES = ("float32", "float64")
RULES: Mapping[str, tuple[Rule, Mapping[str, Json], Mapping[str, Json]]] = {
    "sgd": (sgd, SGD, {"nesterov": True, "weight_decay": 0.1}),
    "adam": (adam, ADAM, {"amsgrad": True, "weight_decay": 0.1, "eps": 1e-3}),
    "adamw": (adamw, {**ADAM, "weight_decay": 0.01}, {"maximize": True, "betas": (0.5, 0.9), "eps": 1e-3}),
    "adamax": (adamax, ADAMAX, {"betas": (0.5, 0.9), "weight_decay": 0.1}),
    "nadam": (nadam, NADAM, {"momentum_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    "radam": (radam, RADAM, {"betas": (0.5, 0.9), "maximize": True}),
    "rmsprop": (rmsprop, RMSPROP, {"centered": True, "momentum": 0.9, "eps": 1e-3}),
    "adagrad": (adagrad, {**ADAGRAD, "initial_accumulator_value": 0.5}, {"lr_decay": 0.1, "weight_decay": 0.1}),
    "adadelta": (adadelta, {**ADADELTA, "eps": 1e-3}, {"rho": 0.5, "maximize": True}),
    "asgd": (asgd, ASGD, {"lambd": 0.1, "alpha": 1.0}),
    "rprop": (rprop, RPROP, {"etas": (0.25, 1.5)}),
}
"""By class: one step's formula, its usual setting, and what another setting changes."""
RATE = 0.0625


def _samples(name: str) -> Iterable[Sample]:
    """(parameters [n], gradients of two steps [n] each, weights of the result [n]); gradients are far from zero, where roots are steep."""
    for i, (dtype, other) in enumerate((d, o) for d in DTYPES for o in (False, True)):
        r = seed_for("differentiable", name, dtype, str(other))
        g = r.choice([-1.0, 1.0], (2, 9)) * r.uniform(0.3, 2.0, (2, 9))
        operands = (r.standard_normal(9), *g, r.standard_normal(9))
        _, plain, change = RULES[name]
        hyper = {**plain, **(change if other else {})}
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        inputs = tuple(Tensor.of(a, dtype) for a in operands)
        how = params(**hyper, optimiser=name, rate=RATE)
        yield Sample(name=f"{dtype}-{'other' if other else 'usual'}", dtype=dtype, inputs=inputs, params=how, why=why)


def moved(sample: Sample, by: int, *, detached: bool = False) -> Dual:
    """Parameters after two steps, differentiated by one operand; `detached`: the state after the first step counts as constant."""
    values = sample.arrays()[:3]
    start, *given = (variable(a) if i == by else constant(a) for i, a in enumerate(values))
    hyper = {**dict(sample.params), "lr": sample.param("rate")}
    rule, p = RULES[sample.param("optimiser")][0], start
    state: dict[str, Any] = {}
    for t, g in enumerate(given, 1):
        p = rule(state, p, g, t, hyper)
        if detached:
            state = {k: constant(v.value) if isinstance(v, Dual) else v for k, v in state.items()}
    return p


def reference(sample: Sample) -> tuple[Expected, ...]:
    """(parameters after two steps, then the gradients of their weighted sum by start, first and second gradients)."""
    weights = np.abs(sample.arrays()[3].astype(np.longdouble)), sample.arrays()[3].astype(np.longdouble)
    made = [moved(sample, i) for i in range(3)]
    p = sample.arrays()[0].astype(np.longdouble)
    size = np.abs(p) + np.abs(made[0].value) + np.abs(made[0].value - p)
    parts = [(made[0].value, size), *((m.slope * weights[1], m.size * weights[0]) for m in made)]
    spread = 1 / (1 - max(sample.param("betas"))) if "betas" in dict(sample.params) else 1.0
    return tuple(
        expected_extended(np.asarray(v), dtype=sample.dtype, name=f"y{i}" if i else "y", radius=64 * U * np.asarray(s, dtype=np.float64), scale=s * spread,
                          any_sign_of_zero=True)
        for i, (v, s) in enumerate(parts)
    )  # fmt: skip


def _gradients(change: Any) -> Any:
    """A change of the three gradients."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        first, *others = (e.value for e in reference(sample))
        made = [np.asarray(g) for g in change(sample, others)]
        return None if all(np.array_equal(a, b) for a, b in zip(made, others, strict=True)) else (first, *made)

    return compute


def _state_constant(sample: Sample, _: Any) -> list[Array]:
    weights = sample.arrays()[3].astype(np.float64)
    return [np.asarray((moved(sample, i, detached=True).slope * weights).astype(np.float64)) for i in range(3)]


STEPS = Scaled(
    c=16.0, c_hard=256.0, scale="sum of the magnitudes of the derivative's terms through both steps, times 1 / (1 - beta) where averages are corrected",
    rationale="Two steps of about a dozen operations in the data's format; a bias correction 1 - beta loses the digits that beta shares with 1.",
    literature="Higham 2002, 3.3; Griewank and Walther 2008, ch. 3", wide_accumulation=False,
)  # fmt: skip


def _function(name: str) -> Function:
    return Function(
        id=f"{name}_step_gradient", side=Side.TRAINING, area="optimisers",
        requirement=f"The library shall differentiate through steps of {name}, by the parameters before and by every gradient that was given.",
        source="PyTorch documentation, torch.optim, `differentiable`; the formula's paper; Griewank and Walther 2008",
        oracle="forward-mode derivatives of the formula in extended precision (2^-64)", samples=lambda: _samples(name), reference=reference,
        criterion=STEPS,
        faults=(
            faults.one_element(), faults.stale(),
            faults.computed("gradient-off", "Gradients are off by a relative 0.0001.", _gradients(lambda s, g: [a * (1 + 1e-4) for a in g])),
            faults.computed("detached", "Nothing depends on the parameters before.", _gradients(lambda s, g: [0 * g[0], g[1], g[2]])),
            *OF_SIZE * (name != "rprop"), *OF_STATE * (name not in ("rprop", "asgd")),
        ),
    )  # fmt: skip


OF_SIZE = (
    faults.computed("first-step-detached", "Nothing depends on the first gradient.", _gradients(lambda s, g: [g[0], 0 * g[1], g[2]])),
    faults.computed("steps-exchanged", "The gradients of both steps are exchanged.", _gradients(lambda s, g: [g[0], g[2], g[1]])),
)
OF_STATE = (faults.computed("state-constant", "The optimiser's state counts as constant.", _gradients(_state_constant)),)
FUNCTIONS: tuple[Function, ...] = tuple(_function(name) for name in RULES)
