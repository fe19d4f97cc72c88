"""Adagrad, Adadelta, Adamax, NAdam, RAdam, RMSprop, Rprop, averaged SGD: parameters after every step on prescribed gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample
from csvkit_ml.references.adaptive_rules import adadelta, adagrad, adamax, asgd, nadam, radam, rmsprop, rprop
from csvkit_ml.references.trajectories import Hyper, State
from validation_suites import faults
from validation_suites import trajectory_faults as wrong
from validation_suites.sampling.trajectories import trajectories
from validation_suites.training.optimisers import MAXIMISED, UNDECAYED, decay_outweighs, optimiser

Plain = Mapping[str, Json]
Varied = Mapping[str, Sequence[Json]]
DOCUMENTED = "PyTorch documentation, torch.optim"
COMMON: Plain = {"weight_decay": 0.0, "maximize": False}
SWITCHES: Varied = {"weight_decay": (0.0, 0.1), "maximize": (False, True)}
BETAS: Varied = {"betas": ((0.9, 0.999), (0.5, 0.9)), "eps": (1e-8, 1e-3)}
DECOUPLED: Varied = {"decoupled_weight_decay": (False, True)}
ACCUMULATOR: Varied = {"lr_decay": (0.0, 0.1), "initial_accumulator_value": (0.0, 0.5), "eps": (1e-10, 1e-3)}
AVERAGES: Varied = {"alpha": (0.99, 0.9), "eps": (1e-8, 1e-3), "momentum": (0.0, 0.9), "centered": (False, True)}
SIZES: Varied = {"maximize": (False, True), "etas": ((0.5, 1.2), (0.3, 1.5)), "step_sizes": ((1e-6, 50.0), (1e-3, 0.2))}
ADAGRAD: Plain = {**COMMON, "lr_decay": 0.0, "initial_accumulator_value": 0.0, "eps": 1e-10}
ADADELTA: Plain = {**COMMON, "rho": 0.9, "eps": 1e-6}
ADAMAX: Plain = {**COMMON, "betas": (0.9, 0.999), "eps": 1e-8}
NADAM: Plain = {**ADAMAX, "momentum_decay": 4e-3, "decoupled_weight_decay": False}
RADAM: Plain = {**ADAMAX, "decoupled_weight_decay": False}
RMSPROP: Plain = {**COMMON, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False}
RPROP: Plain = {"maximize": False, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0)}
ASGD: Plain = {**COMMON, "lambd": 1e-4, "alpha": 0.75, "t0": 1e6}
DECAY_COUPLED = faults.other_params("decay-coupled", "Decoupled weight decay goes through the gradients.", decoupled_weight_decay=False)


def _coupled(h: Mapping[str, Any]) -> bool:
    return not h["decoupled_weight_decay"] and decay_outweighs(h)


def _asgd_samples() -> Iterable[Sample]:
    """Without infinities: lambda p may be added to the gradient or taken off p, which differs once p is infinite."""
    varied = {**SWITCHES, "lambd": (1e-4, 0.1), "alpha": (0.75, 1.0), "t0": (1e6, 0.0, 10.0)}
    return trajectories("asgd", ASGD, varied, nonfinite=False)


def _unrectified(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Adam from the first step on, no rectification."""
    b1, b2 = h["betas"]
    s["m"], s["v"] = b1 * s.get("m", 0 * g) + (1 - b1) * g, b2 * s.get("v", 0 * g) + (1 - b2) * g * g
    return p - h["lr"] / (1 - b1**t) * s["m"] * np.sqrt(1 - b2**t) / (np.sqrt(s["v"]) + h["eps"])


def _centre_kept(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    return rmsprop(s, p, g, t, {**h, "centered": False})


def _backtracking(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Rprop that takes the step although the sign has changed."""
    s["before"] = s.get("seen", 0 * g)
    moved = rprop(s, p, g, t, h)
    s["seen"] = -g if h["maximize"] else g
    return np.where(s["before"] == 0, p - np.sign(s["seen"]) * s["size"], moved)


FUNCTIONS: tuple[Function, ...] = (
    optimiser("adagrad", "Adagrad", adagrad,
              lambda: trajectories("adagrad", ADAGRAD, {**SWITCHES, **ACCUMULATOR}, decay_outweighs),
              f"Duchi, Hazan, Singer 2011; {DOCUMENTED}.Adagrad", wrong.state_lost(adagrad), MAXIMISED, UNDECAYED,
              faults.other_params("rate-kept", "The rate does not decay.", lr_decay=0.0),
              faults.other_params("accumulator-from-zero", "The initial accumulator is ignored.", initial_accumulator_value=0.0)),
    optimiser("adadelta", "Adadelta", adadelta, lambda: trajectories("adadelta", ADADELTA, {**SWITCHES, "rho": (0.9, 0.5), "eps": (1e-6, 1e-3)}),
              f"Zeiler 2012, algorithm 1; {DOCUMENTED}.Adadelta", wrong.state_lost(adadelta), MAXIMISED, UNDECAYED,
              faults.other_params("other-rho", "Another rho.", rho=lambda r: r + 0.05)),
    optimiser("adamax", "Adamax", adamax, lambda: trajectories("adamax", ADAMAX, {**SWITCHES, **BETAS}, decay_outweighs),
              f"Kingma and Ba 2015, algorithm 2; {DOCUMENTED}.Adamax", wrong.state_lost(adamax), wrong.late_count(adamax), MAXIMISED, UNDECAYED),
    optimiser("nadam", "NAdam", nadam, lambda: trajectories("nadam", NADAM, {**SWITCHES, **BETAS, **DECOUPLED, "momentum_decay": (4e-3, 0.1)}, _coupled),
              f"Dozat 2016; {DOCUMENTED}.NAdam", wrong.state_lost(nadam), wrong.late_count(nadam), MAXIMISED, UNDECAYED,
              faults.other_params("momentum-constant", "The momentum's schedule is ignored.", momentum_decay=0.0)),
    optimiser("radam", "RAdam", radam, lambda: trajectories("radam", RADAM, {**SWITCHES, **BETAS, **DECOUPLED}, _coupled),
              f"Liu et al. 2020, algorithm 2; {DOCUMENTED}.RAdam", wrong.state_lost(radam), wrong.late_count(radam), MAXIMISED, UNDECAYED,
              wrong.other_rule("unrectified", "The variance is not rectified.", _unrectified, wrong.has(weight_decay=False, maximize=False))),
    optimiser("rmsprop", "RMSprop", rmsprop, lambda: trajectories("rmsprop", RMSPROP, {**SWITCHES, **AVERAGES}, decay_outweighs),
              f"Tieleman and Hinton 2012; Graves 2013 (centred); {DOCUMENTED}.RMSprop", wrong.state_lost(rmsprop), MAXIMISED, UNDECAYED,
              wrong.other_rule("centre-kept", "The mean's square is not taken off.", _centre_kept, wrong.has(centered=True)),
              faults.other_params("momentum-ignored", "Momentum is ignored.", momentum=0.0)),
    optimiser("rprop", "Rprop", rprop, lambda: trajectories("rprop", RPROP, SIZES, nonfinite=False),
              f"Riedmiller and Braun 1993; {DOCUMENTED}.Rprop", wrong.state_lost(rprop), MAXIMISED,
              wrong.other_rule("step-not-skipped", "The step is taken although the sign has changed.", _backtracking),
              faults.other_params("step-unlimited", "The largest step size is ignored.", step_sizes=lambda s: (s[0], 1e30)), gradients_matter=False),
    optimiser("asgd", "averaged stochastic gradient descent, and their average", asgd, _asgd_samples,
              f"Polyak and Juditsky 1992; Bottou 2010; {DOCUMENTED}.ASGD", MAXIMISED, UNDECAYED,
              wrong.other_rule("rate-kept", "The rate does not decay.", lambda s, p, g, t, h: asgd(s, p, g, t, {**h, "alpha": 0.0}), kept=("average",)),
              faults.other_params("never-averaged", "The average is the last value.", t0=1e6), kept=("average",)),
)  # fmt: skip
