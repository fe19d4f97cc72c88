"""Torch bindings: gradients of functions that combine elements, by every road: arithmetic, reductions, indexing."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import forward_mode, roads

FLOATS = ("float32", "float64")
ROADS = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp")


def product(name, of, operands=1, path="", with_upstream=True):
    path = path or name
    forms = roads(of, lambda p: operands, with_upstream)
    once = {"torch.func.jacfwd": forward_mode(of, lambda p: operands, with_upstream)}
    return Binding(function="grad_" + name, forms=forms, names=(*ROADS, "torch." + path), dtypes=FLOATS, aliases=once)


def named(binding, *names):
    return binding._replace(names=(*ROADS, *names))


def _sliced(t, p, x):
    at = [slice(None)] * x.dim()
    at[p["axis"]] = slice(p["start"], p["stop"], p["step"])
    return x[tuple(at)]


BINDINGS = (
    product("add", lambda t, p, a, b: a + b, 2),
    product("sub", lambda t, p, a, b: a - b, 2),
    product("mul", lambda t, p, a, b: a * b, 2),
    product("div", lambda t, p, a, b: a / b, 2),
    product("sum", lambda t, p, x: x.sum(dim=p["axis"])),
    product("mean", lambda t, p, x: x.mean(dim=p["axis"])),
    product("amax", lambda t, p, x: x.amax(dim=p["axis"])),
    product("prod", lambda t, p, x: x.prod(dim=p["axis"])),
    product("cumsum", lambda t, p, x: x.cumsum(dim=p["axis"])),
    product("logsumexp", lambda t, p, x: t.logsumexp(x, dim=-1)),
    product("gather", lambda t, p, x, at: t.gather(x, -1, at)),
    product("index_select", lambda t, p, x, at: t.index_select(x, 0, at)),
    product("select", lambda t, p, x: x.select(p["axis"], p["at"])),
    named(product("slice", _sliced), "torch.Tensor.__getitem__"),
    product("scatter_add", lambda t, p, x, source, at: t.scatter_add(x, -1, at, source), 2),
    product("embedding", lambda t, p, w, at: t.nn.functional.embedding(at, w, padding_idx=p["padding_idx"]), 1, "nn.functional.embedding"),
)
