"""Torch bindings: DistributedDataParallel on two forked ranks."""

from __future__ import annotations

import contextlib
from typing import Any

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.collectives import on_ranks

FLOATS = ("float32", "float64")
NAMES = ("torch.nn.parallel.DistributedDataParallel",)


def _network(t, theta):
    """Two layers and a rectifier with the given weights."""
    w, b, v, d = theta
    model = t.nn.Sequential(t.nn.Linear(w.shape[1], w.shape[0]), t.nn.ReLU(), t.nn.Linear(v.shape[1], v.shape[0])).to(w.dtype)
    with t.no_grad():
        for q, given in zip(model.parameters(), theta):  # noqa: B905 - Python 3.9
            q.copy_(given)
    return model


def _loss(model, x, target):
    return ((model(x) - target) ** 2).sum() / (2 * len(x))


def _by_rank(t, answers):
    return [t.stack(list(y)) for y in zip(*answers)]  # noqa: B905 - Python 3.9


def _gradients(passes=1, hook=False, single=False, **how):
    """A single replica's own road to the mean is that of a loss on all rows."""

    def form(t, p, x, target, *theta):
        def run(d, rank):
            model = t.nn.parallel.DistributedDataParallel(_network(t, theta), **how)
            if hook:
                from torch.distributed.algorithms.ddp_comm_hooks import default_hooks

                model.register_comm_hook(None, default_hooks.allreduce_hook)
            for _ in range(passes):
                model.zero_grad()
                _loss(model, x[rank], target[rank]).backward()
            return [q.grad for q in model.parameters()]

        return _by_rank(t, on_ranks(t, run, x))

    return form


def _accumulating_views(t, p, x, target, *theta):
    """The gradients of the first pass are left in the buckets and the second is added; halved, as both passes are the same."""

    def run(d, rank):
        model = t.nn.parallel.DistributedDataParallel(_network(t, theta), gradient_as_bucket_view=True)
        for _ in range(2):
            _loss(model, x[rank], target[rank]).backward()
        return [q.grad / 2 for q in model.parameters()]

    return _by_rank(t, on_ranks(t, run, x))


def _module(t, forward, **parts):
    """A module of the given parameters; plain tensors are its buffers."""
    made: Any = type("Replica", (t.nn.Module,), {"forward": forward})
    model = made()
    for name, part in parts.items():
        if isinstance(part, t.nn.Parameter):
            setattr(model, name, part)
        else:
            model.register_buffer(name, part)
    return model


def _branching(t, one, other):
    """A module that takes one of two branches as it is told, and never the third."""

    def forward(self, x, which):
        return t.nn.functional.linear(x, self.one if which == 0 else self.other)

    parts = {"one": one.clone(), "other": other.clone(), "third": t.ones_like(one)}
    return _module(t, forward, **{n: t.nn.Parameter(v) for n, v in parts.items()})


def _unused(passes=1, **how):
    def form(t, p, x, one, other):
        def run(d, rank):
            model = t.nn.parallel.DistributedDataParallel(_branching(t, one, other), find_unused_parameters=True, **how)
            for k in range(passes):
                model.zero_grad()
                model(x[rank], (rank + passes - 1 - k) % 2).sum().backward()
            third = model.module.third.grad
            return [model.module.one.grad, model.module.other.grad, t.tensor(third is None or not bool(third.any()))]

        return _by_rank(t, on_ranks(t, run, x))

    return form


def _accumulated(**how):
    def form(t, p, x, target, *theta):
        def run(d, rank):
            model = t.nn.parallel.DistributedDataParallel(_network(t, theta), **how)
            pieces = list(zip(x[rank].chunk(p["parts"]), target[rank].chunk(p["parts"])))  # noqa: B905 - Python 3.9
            held = []
            for k, (a, b) in enumerate(pieces):
                last = k == len(pieces) - 1
                if last:
                    held = [q.grad.clone() for q in model.parameters()]
                with contextlib.nullcontext() if last else model.no_sync():
                    _loss(model, a, b).backward()
            return [*held, *(q.grad for q in model.parameters())]

        return _by_rank(t, on_ranks(t, run, x))

    return form


def _counting(t, weight, buffer):
    def forward(self, x):
        self.seen += x
        return (self.weight * x).sum()

    return _module(t, forward, weight=t.nn.Parameter(weight.clone()), seen=buffer.clone())


def _buffers(backward):
    def form(t, p, x, weight, buffer):
        def run(d, rank):
            model = t.nn.parallel.DistributedDataParallel(_counting(t, weight[rank], buffer[rank]), broadcast_buffers=p["broadcast"])
            for row in x[rank]:
                y = model(row)
                if backward:
                    y.backward()
            return [model.module.weight, model.module.seen]

        return _by_rank(t, on_ranks(t, run, x))

    return form


def _trained(set_to_none=True, optimiser="SGD", **how):
    def form(t, p, x, target, w, b):
        def run(d, rank):
            layer = t.nn.Linear(w.shape[1], w.shape[0]).to(w.dtype)
            layer.load_state_dict({"weight": w, "bias": b})
            model = t.nn.parallel.DistributedDataParallel(layer, **how)
            moves = t.optim.SGD(model.parameters(), lr=p["rate"], momentum=p["momentum"])
            data = t.utils.data.TensorDataset(x, target)
            shard = t.utils.data.DistributedSampler(data, shuffle=False)
            for k, (a, c) in enumerate(t.utils.data.DataLoader(data, batch_size=p["batch"], sampler=shard)):
                if k == p["steps"]:
                    break
                moves.zero_grad(set_to_none=set_to_none)
                _loss(model, a, c).backward()
                moves.step()
            return list(layer.parameters())

        return _by_rank(t, on_ranks(t, run, x))

    return form


def _binding(function, plain, names=NAMES, **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    return Binding(function=function, forms={"plain": plain, **forms}, names=names, dtypes=FLOATS, layouts=())


BINDINGS = (
    _binding(
        "data_parallel_gradients",
        _gradients(),
        bucket_views=_gradients(2, gradient_as_bucket_view=True),
        views_kept=_accumulating_views,
        static_graph=_gradients(3, static_graph=True),
        find_unused=_gradients(2, find_unused_parameters=True),
        small_buckets=_gradients(2, bucket_cap_mb=1e-5),
        hook=_gradients(hook=True),
    ),
    _binding("data_parallel_unused", _unused(), turns=_unused(2), bucket_views=_unused(gradient_as_bucket_view=True)),
    _binding("data_parallel_accumulation", _accumulated(), bucket_views=_accumulated(gradient_as_bucket_view=True)),
    _binding("data_parallel_buffers", _buffers(True), forward_only=_buffers(False)),
    _binding(
        "data_parallel_training",
        _trained(),
        (*NAMES, "torch.utils.data.DistributedSampler"),
        kept_zeros=_trained(False, gradient_as_bucket_view=True),
    ),
)
