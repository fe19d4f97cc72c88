"""Torch bindings: gradients through steps of optimisers in their differentiable form."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.optimisers import made

CLASSES = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adamax": "Adamax", "nadam": "NAdam", "radam": "RAdam", "rmsprop": "RMSprop", "adagrad": "Adagrad",
    "adadelta": "Adadelta", "asgd": "ASGD", "rprop": "Rprop",
}  # fmt: skip


def _optimiser(t, p, groups):
    hyper = {k: tuple(v) if isinstance(v, list) else v for k, v in p.items() if k not in ("optimiser", "rate", "machine_eps")}
    return made(getattr(t.optim, CLASSES[p["optimiser"]]), groups, {**hyper, "lr": p["rate"], "differentiable": True})


def _stepped(t, p, leaves, split):
    """Parameters as results of the leaf, in one tensor or in two."""
    whole = leaves[0].clone()
    parts = [whole[:4].clone(), whole[4:].clone()] if split else [whole]
    optimiser = _optimiser(t, p, parts)
    for g in leaves[1:]:
        for part, grad in zip(parts, [g[:4], g[4:]] if split else [g]):  # noqa: B905 - Python 3.9
            part.grad = grad
        optimiser.step()
    return t.cat(parts)


def _leaves(tensors):
    return [x.detach().clone().requires_grad_(True) for x in tensors]


def _zeros(t, gradients, leaves):
    """What does not depend on an operand at all has no gradient."""
    return [t.zeros_like(leaf) if g is None else g for g, leaf in zip(gradients, leaves)]  # noqa: B905 - Python 3.9


def _backward(split):
    def form(t, p, start, first, second, weights):
        leaves = _leaves((start, first, second))
        y = _stepped(t, p, leaves, split)
        (y * weights).sum().backward()
        return [y.detach(), *_zeros(t, [leaf.grad for leaf in leaves], leaves)]

    return form


def _by_function(t, p, start, first, second, weights):
    leaves = _leaves((start, first, second))
    y = _stepped(t, p, leaves, False)
    return [y.detach(), *_zeros(t, t.autograd.grad(y, leaves, weights, allow_unused=True), leaves)]


def _binding(name, kind):
    return Binding(
        function=name + "_step_gradient", forms={"plain": _backward(False), "two-tensors": _backward(True), "function": _by_function},
        names=("torch.optim.Optimizer.step", "torch.optim." + kind), dtypes=("float32", "float64"), layouts=(), since="2.1",
    )  # fmt: skip


BINDINGS = tuple(_binding(name, kind) for name, kind in CLASSES.items())
