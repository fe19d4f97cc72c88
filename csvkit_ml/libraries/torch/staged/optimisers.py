"""Torch bindings: optimisers on prescribed gradients, in every implementation, resumed half way, with and without closure."""

from __future__ import annotations

import functools
import inspect
import io

from csvkit_ml.libraries.binding import Binding, NotSupported

FLOATS = ("float32", "float64")
_OF_TRAJECTORY = ("lrs", "cuts", "groups", "missing", "machine_eps")


def _cut(p, x):
    """Tensors of a sample: stretches of its first axis."""
    ends = [0] + p["cuts"] + [x.shape[0]]
    return [x[ends[i] : ends[i + 1]] for i in range(len(ends) - 1)]


def _leaves(p, x):
    """Parameters as views into x: the optimiser writes there, in whatever layout x has."""
    return [piece.requires_grad_(True) for piece in _cut(p, x)]


def _differentiable_leaves(p, x):
    """Parameters that are results themselves, as a step which is differentiated through needs them."""
    return [piece.clone() for piece in _cut(p, x.clone().requires_grad_(True))]


def _leaves_for(implementation):
    return _differentiable_leaves if implementation == "differentiable" else _leaves


def _groups(p, leaves):
    members = [[leaf for i, leaf in enumerate(leaves) if p["groups"][i] == group] for group in range(len(p["lrs"]))]
    return [{"params": members[i], "lr": lr} for i, lr in enumerate(p["lrs"]) if members[i]]


def _hyper(p):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in p.items() if k not in _OF_TRAJECTORY}


def _give(p, leaves, row, step):
    at = 0
    for i, leaf in enumerate(leaves):
        missing = p["missing"] and i == len(leaves) - 1 and (step + 1) % p["missing"] == 0
        leaf.grad = None if missing else row[at : at + leaf.shape[0]]
        at += leaf.shape[0]


def _reloaded(t, optimiser, fresh):
    """The state through a file's bytes into a new optimiser, which starts with other rates."""
    buffer = io.BytesIO()
    t.save(optimiser.state_dict(), buffer)
    buffer.seek(0)
    fresh.load_state_dict(t.load(buffer, weights_only=True))
    return fresh


def _state(t, optimiser, leaf, key):
    """An entry of the state, zeros before the first step."""
    return optimiser.state[leaf][key] if leaf in optimiser.state else t.zeros_like(leaf)


def trajectory(make, resume=False, closure=False, leaves_of=_leaves, kept=()):
    """A form: parameters after every step, [steps, n], then what is kept in the state. `make(t, groups, hyperparameters)` gives the optimiser."""

    def form(t, p, x, g):
        leaves = leaves_of(p, x.detach())
        optimiser, rows = make(t, _groups(p, leaves), _hyper(p)), []
        for step in range(len(g)):
            if resume and step == len(g) // 2:
                others = [dict(group, lr=0.25) for group in _groups(p, leaves)]
                optimiser = _reloaded(t, optimiser, make(t, others, _hyper(p)))
            if closure:
                optimiser.step(functools.partial(_give, p, leaves, g[step], step))
            else:
                _give(p, leaves, g[step], step)
                optimiser.step()
            rows.append([leaves] + [[_state(t, optimiser, leaf, key) for leaf in leaves] for key in kept])
            rows[-1] = [t.cat([x.detach() for x in tensors]) for tensors in rows[-1]]
        return [t.stack([row[i] for row in rows]) for i in range(1 + len(kept))]

    return form


def made(kind, groups, arguments):
    """An optimiser. Raises NotSupported for arguments, or a fused implementation, that this version does not have."""
    unknown = sorted(set(arguments) - set(inspect.signature(kind).parameters))
    if unknown:
        raise NotSupported("%s without %s" % (kind.__name__, ", ".join(unknown)))
    try:
        return kind(groups, **arguments)
    except RuntimeError as e:
        if arguments.get("fused") and "supported devices" in str(e):
            raise NotSupported(str(e)) from e
        raise


def _forms(name, kept, *implementations):
    """Default, for-loop and the other implementations of a class of torch.optim; resumed in the default one and each other."""

    def make(**how):
        return lambda t, groups, hyper: made(getattr(t.optim, name), groups, {**hyper, **how})

    def form(implementation=None, **more):
        how = {} if implementation is None else {"foreach": False} if implementation == "for-loop" else {implementation: True}
        return trajectory(make(**how), leaves_of=_leaves_for(implementation), kept=kept, **more)

    forms = {"plain": form(), "resumed": form(resume=True), "closure": form(closure=True)}
    for implementation in implementations:
        forms[implementation] = form(implementation)
        if implementation in ("foreach", "fused"):
            forms[implementation + "-resumed"] = form(implementation, resume=True)
    return forms


def optimiser(function, name, *implementations, kept=(), since=""):
    """Binding of a class of torch.optim whose parameters are named as the function's; `kept`: keys of its state that are outputs too."""
    return Binding(
        function=function,
        forms=_forms(name, kept, *implementations),
        names=("torch.optim." + name, "torch.optim.Optimizer.step", "torch.optim.Optimizer.state_dict", "torch.optim.Optimizer.load_state_dict"),
        dtypes=FLOATS,
        since=since,
    )


def differentiable(function, name):
    """Binding of the form through which autograd may differentiate."""

    def make(t, groups, hyper):
        return made(getattr(t.optim, name), groups, {**hyper, "differentiable": True})

    return Binding(
        function=function,
        forms={"plain": trajectory(make, leaves_of=_differentiable_leaves), "resumed": trajectory(make, resume=True, leaves_of=_differentiable_leaves)},
        names=("torch.optim." + name,),
        dtypes=FLOATS,
        layouts=(),
    )


BINDINGS = (
    optimiser("sgd", "SGD", "for-loop", "foreach", "fused", "differentiable"),
    optimiser("adam", "Adam", "for-loop", "foreach", "fused"),
    optimiser("adamw", "AdamW", "for-loop", "foreach", "fused"),
    differentiable("adam_differentiable", "Adam"),
    differentiable("adamw_differentiable", "AdamW"),
)
