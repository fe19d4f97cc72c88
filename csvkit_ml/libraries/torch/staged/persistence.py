"""Torch bindings: checkpoints by every format and road, and training around frozen parts."""

from __future__ import annotations

import io
import os
import tempfile

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
NAMES = ("weight", "bias", "running.mean")
BUFFERS = ("first", "second", "third")


def _through_memory(t, value, **how):
    buffer = io.BytesIO()
    t.save(value, buffer, **how)
    buffer.seek(0)
    return t.load(buffer, weights_only=True)


def _through_file(t, value, **how):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        t.save(value, path)
        loaded = t.load(path, weights_only=True, **how)
        return [x.clone() for x in loaded.values()]


def _named(tensors):
    return {NAMES[i]: x for i, x in enumerate(tensors)}


def _holder(t, tensors, fill):
    """A module with one buffer a tensor."""
    module = t.nn.Module()
    for i, x in enumerate(tensors):
        module.register_buffer(BUFFERS[i], x.clone() if fill else t.zeros_like(x))
    return module


def _state_dict(t, p, *xs):
    target = _holder(t, xs, False)
    target.load_state_dict(_through_memory(t, _holder(t, xs, True).state_dict()), strict=True)
    return [target.first, target.second, target.third]


def _assigned(t, p, *xs):
    target = _holder(t, xs, False)
    target.load_state_dict(_through_memory(t, _holder(t, xs, True).state_dict()), strict=True, assign=True)
    return [target.first, target.second, target.third]


def _views(t, p, *xs):
    """Views into one storage: saved once, restored as views."""
    base = t.cat([x.reshape(-1) for x in xs])
    at, views = 0, []
    for x in xs:
        views.append(base[at : at + x.numel()].reshape(x.shape))
        at += x.numel()
    return _through_memory(t, views)


def _reversed_views(t, p, *xs):
    """Stored with the axes reversed: strides are part of what is saved."""
    def turned(x):
        return x.permute(tuple(reversed(range(x.dim()))))

    return _through_memory(t, [turned(turned(x).contiguous()) for x in xs])


def _optimiser(t, p, *xs):
    """As entries of an optimiser's state."""
    leaves = [t.zeros(x.shape, requires_grad=True) for x in xs]
    source = t.optim.SGD(leaves, lr=0.1, momentum=0.9)
    state = source.state_dict()
    state["state"] = {i: {"momentum_buffer": x} for i, x in enumerate(xs)}
    loaded = _through_memory(t, state)["state"]
    return [loaded[i]["momentum_buffer"] for i in range(len(xs))]


def _network(t, p, weight, bias, mean, variance, head, head_bias):
    first, norm, last = t.nn.Linear(6, 9), t.nn.BatchNorm1d(9, affine=False), t.nn.Linear(9, 3)
    model = t.nn.Sequential(first, norm, last).to(weight.dtype)
    with t.no_grad():
        first.weight.copy_(weight)
        first.bias.copy_(bias)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        last.weight.copy_(head)
        last.bias.copy_(head_bias)
    return model


def _train(t, p, model, chosen, forward, x, target):
    kind = {"sgd": t.optim.SGD, "adam": t.optim.Adam, "adamw": t.optim.AdamW}[p["optimiser"]]
    more = {"momentum": 0.9} if p["optimiser"] == "sgd" else {}
    optimiser = kind(chosen, lr=0.05, weight_decay=p["decay"], **more)
    for _ in range(p["steps"]):
        optimiser.zero_grad()
        ((forward(x) - target) ** 2).mean().backward()
        optimiser.step()
    return model


def _kept(t, model, head, head_bias):
    first, norm, last = model
    moved = t.stack([(last.weight != head).any(), (last.bias != head_bias).any()])
    return [first.weight, first.bias, norm.running_mean, norm.running_var, moved]


def _frozen(freeze):
    """`freeze(t, model)` gives (parameters for the optimiser, forward)."""

    def form(t, p, x, weight, bias, mean, variance, head, head_bias, target):
        model = _network(t, p, weight, bias, mean, variance, head, head_bias)
        model.train()
        model[1].eval()
        chosen, forward = freeze(t, model)
        return _kept(t, _train(t, p, model, chosen, forward, x, target), head, head_bias)

    return form


def _by_flag(t, model):
    model[0].requires_grad_(False)
    return list(model.parameters()), model


def _by_parameter(t, model):
    for parameter in model[0].parameters():
        parameter.requires_grad = False
    return [q for q in model.parameters() if q.requires_grad], model


def _by_exclusion(t, model):
    """Gradients are computed but the optimiser does not own the parameters."""
    return list(model[2].parameters()), model


def _by_no_grad(t, model):
    def forward(x):
        with t.no_grad():
            features = model[1](model[0](x))
        return model[2](features)

    return list(model.parameters()), forward


def _by_detach(t, model):
    return list(model.parameters()), lambda x: model[2](model[1](model[0](x)).detach())


def _by_group(t, model):
    """Two parameter groups, the frozen one never gets a gradient."""
    model[0].requires_grad_(False)
    return [{"params": list(model[0].parameters())}, {"params": list(model[2].parameters()), "lr": 0.01}], model


BINDINGS = (
    Binding(
        function="checkpoint",
        forms={
            "plain": lambda t, p, *xs: list(_through_memory(t, _named(xs)).values()),
            "file": lambda t, p, *xs: _through_file(t, _named(xs)),
            "mapped": lambda t, p, *xs: _through_file(t, _named(xs), mmap=True),
            "legacy-format": lambda t, p, *xs: _through_memory(t, list(xs), _use_new_zipfile_serialization=False),
            "state-dict": _state_dict,
            "assigned": _assigned,
            "views": _views,
            "strided": _reversed_views,
            "optimiser-state": _optimiser,
        },
        names=("torch.save", "torch.load", "torch.nn.Module.state_dict", "torch.nn.Module.load_state_dict"),
        dtypes=("float32", "float64", "float16", "bfloat16", "bool", "int8", "uint8", "int16", "int32", "int64"),
    ),
    Binding(
        function="frozen_parameters",
        forms={
            "plain": _frozen(_by_flag),
            "filtered": _frozen(_by_parameter),
            "excluded": _frozen(_by_exclusion),
            "no-grad": _frozen(_by_no_grad),
            "detached": _frozen(_by_detach),
            "groups": _frozen(_by_group),
        },
        names=("torch.nn.Module.requires_grad_", "torch.Tensor.requires_grad", "torch.no_grad", "torch.Tensor.detach"),
        dtypes=FLOATS,
        layouts=(),
    ),
)
