"""Torch bindings: the adaptive optimisers."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.optimisers import optimiser

WAYS = ("for-loop", "foreach", "differentiable")

BINDINGS = (
    optimiser("adagrad", "Adagrad", *WAYS, "fused"),
    optimiser("adadelta", "Adadelta", *WAYS),
    optimiser("adamax", "Adamax", *WAYS),
    optimiser("nadam", "NAdam", *WAYS),
    optimiser("radam", "RAdam", *WAYS),
    optimiser("rmsprop", "RMSprop", *WAYS),
    optimiser("rprop", "Rprop", *WAYS),
    optimiser("asgd", "ASGD", *WAYS, kept=("ax",)),
)
