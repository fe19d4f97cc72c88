"""SGD, Adam, AdamW: 50 steps on prescribed gradients, the parameters after every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Fault, Function, Json, Sample, Side
from csvkit_ml.references.optimiser_rules import adam, adamw, direction, moments, sgd
from csvkit_ml.references.trajectories import Hyper, Rule, State, expected_trajectory
from validation_suites import faults
from validation_suites import trajectory_faults as wrong
from validation_suites.sampling.trajectories import trajectories

ACCUMULATED = Scaled(
    c=2.0, c_hard=8.0, scale="accumulated bound of the rounding error of every operation so far, in u: about t (|p| + sum of |updates|)",
    rationale="The bound is computed with the trajectory (running error analysis): each operation adds u of its result and passes its operands' "
    "errors on, so averages that cancel, a division by sqrt(v) + eps and squares that underflow count with their true condition. c = 2 leaves a "
    "library twice the operations of the formula as published.",
    literature="Higham 2002, 2.2 and 3.3; Wilkinson 1986 (running error analysis)",
)  # fmt: skip


def optimiser(
    id: str, name: str, rule: Rule, samples: Callable[[], Iterable[Sample]], source: str, *more: Fault, wide_numbers: bool = True,
    kept: tuple[str, ...] = (), gradients_matter: bool = True,
) -> Function:  # fmt: skip
    """A function whose output `y` [steps, n] are the parameters after every step; `kept`: entries of the state that follow as outputs."""
    return Function(
        id=id, side=Side.TRAINING, area="optimisers",
        requirement=f"The library shall move parameters, step by step on given gradients, as the published formula of {name} says.",
        source=source, oracle="independent implementation of the formula in extended precision (2^-64)", samples=samples,
        reference=lambda sample: expected_trajectory(rule, sample, *kept, wide_numbers=wide_numbers), criterion=ACCUMULATED,
        faults=(*wrong.common(rule, kept, gradients_matter=gradients_matter), *more),
    )  # fmt: skip


def _eps_inside(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Adam with sqrt(v' + eps)."""
    m, v = moments(s, direction(p, g, h), h)
    b1, b2 = h["betas"]
    return p - h["lr"] / (1 - b1**t) * m / np.sqrt(v / (1 - b2**t) + h["eps"])


def _eps_before_correction(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Adam with eps added before the bias correction of v (another published form)."""
    m, v = moments(s, direction(p, g, h), h)
    b1, b2 = h["betas"]
    return p - h["lr"] * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + h["eps"])


def _uncorrected(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    m, v = moments(s, direction(p, g, h), h)
    return p - h["lr"] * m / (np.sqrt(v) + h["eps"])


SGD: Mapping[str, Json] = {"momentum": 0.9, "dampening": 0.0, "nesterov": False, "weight_decay": 0.0, "maximize": False}
ADAM: Mapping[str, Json] = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False, "maximize": False}
FLAGS: Mapping[str, Sequence[Json]] = {
    "amsgrad": (False, True), "maximize": (False, True), "weight_decay": (0.0, 0.1), "betas": ((0.9, 0.999), (0.5, 0.9)), "eps": (1e-8, 1e-3),
}  # fmt: skip


def decay_outweighs(h: Mapping[str, Any]) -> bool:
    """Gradients that vanish against a penalty which is normalised with them: the path then feeds on its own rounding errors."""
    return bool(h["weight_decay"]) and h["gradients"] in ("spread", "rare")


MAXIMISED = faults.other_params("minimised", "Maximising is ignored.", maximize=False)
UNDECAYED = faults.other_params("decay-ignored", "Weight decay is ignored.", weight_decay=0.0)


def _sgd_samples() -> Iterable[Sample]:
    varied = {"momentum": (0.9, 0.0), "dampening": (0.0, 0.4), "nesterov": (False, True), "weight_decay": (0.0, 0.1), "maximize": (False, True)}
    return trajectories("sgd", SGD, varied, lambda h: h["nesterov"] and (not h["momentum"] or h["dampening"]))


FUNCTIONS: tuple[Function, ...] = (
    optimiser("sgd", "stochastic gradient descent with momentum", sgd, _sgd_samples,
              "Sutskever, Martens, Dahl, Hinton 2013; PyTorch documentation, torch.optim.SGD (rate outside the buffer)",
              wrong.state_lost(sgd, wrong.has(momentum=True)), MAXIMISED, UNDECAYED,
              faults.other_params("nesterov-ignored", "Nesterov's look-ahead is left out.", nesterov=False),
              faults.other_params("dampening-ignored", "Dampening is ignored.", dampening=0.0),
              wrong.other_rule("first-step-dampened", "Dampening applies to the first step as well.",
                               lambda s, p, g, t, h: sgd({"buffer": s.setdefault("buffer", 0 * g)} if t == 1 else s, p, g, t, h),
                               wrong.has(dampening=True, momentum=True))),
    optimiser("adam", "Adam", adam, lambda: trajectories("adam", ADAM, FLAGS, decay_outweighs),
              "Kingma and Ba 2015, algorithm 1; Reddi, Kale, Kumar 2018 (AMSGrad); PyTorch documentation, torch.optim.Adam",
              wrong.state_lost(adam), wrong.late_count(adam), MAXIMISED, UNDECAYED,
              wrong.other_rule("eps-inside-root", "eps is added inside the square root.", _eps_inside, wrong.has(amsgrad=False)),
              wrong.other_rule("eps-uncorrected", "eps is added before the bias correction.", _eps_before_correction, wrong.has(amsgrad=False)),
              wrong.other_rule("bias-uncorrected", "The averages' bias is not corrected.", _uncorrected, wrong.has(amsgrad=False)),
              wrong.other_rule("decay-decoupled", "Weight decay is taken off the parameters.", adamw, wrong.has(weight_decay=True)),
              faults.other_params("amsgrad-ignored", "The largest v is not kept.", amsgrad=False)),
    optimiser("adamw", "AdamW", adamw, lambda: trajectories("adamw", {**ADAM, "weight_decay": 0.01}, FLAGS),
              "Loshchilov and Hutter 2019, algorithm 2; PyTorch documentation, torch.optim.AdamW",
              wrong.state_lost(adamw), wrong.late_count(adamw), MAXIMISED, UNDECAYED,
              wrong.other_rule("decay-coupled", "Weight decay is added to the gradients.", adam, wrong.has(weight_decay=True)),
              wrong.other_rule("eps-inside-root", "eps is added inside the square root.", _eps_inside, wrong.has(amsgrad=False)),
              faults.other_params("amsgrad-ignored", "The largest v is not kept.", amsgrad=False)),
)  # fmt: skip
