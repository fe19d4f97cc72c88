"""Torch bindings: gradients of functions that combine elements, by every road; reductions, indexing, pooling, normalisation, losses."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import roads

FLOATS = ("float32", "float64")
ROADS = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp")


def _product(name, of, operands=1, path="", with_upstream=True):
    path = path or name
    forms = roads(of, lambda p: operands, with_upstream)
    return Binding(function="grad_" + name, forms=forms, names=(*ROADS, "torch." + path), dtypes=FLOATS)


def _loss(name, of):
    return _product(name, of, 1, "nn.functional." + name, False)


def _batch_norm(t, p, x, w, b, mean, variance):
    return t.nn.functional.batch_norm(x, mean.clone(), variance.clone(), w, b, training=p["training"], eps=p["eps"])


def _pool(kind):
    return lambda t, p, x: getattr(t.nn.functional, kind)(x, p["kernel"], stride=p["stride"])


BINDINGS = (
    _product("add", lambda t, p, a, b: a + b, 2),
    _product("sub", lambda t, p, a, b: a - b, 2),
    _product("mul", lambda t, p, a, b: a * b, 2),
    _product("div", lambda t, p, a, b: a / b, 2),
    _product("sum", lambda t, p, x: x.sum(dim=p["axis"])),
    _product("mean", lambda t, p, x: x.mean(dim=p["axis"])),
    _product("amax", lambda t, p, x: x.amax(dim=p["axis"])),
    _product("prod", lambda t, p, x: x.prod(dim=p["axis"])),
    _product("cumsum", lambda t, p, x: x.cumsum(dim=p["axis"])),
    _product("logsumexp", lambda t, p, x: t.logsumexp(x, dim=-1)),
    _product("gather", lambda t, p, x, at: t.gather(x, -1, at)),
    _product("index_select", lambda t, p, x, at: t.index_select(x, 0, at)),
    _product("scatter_add", lambda t, p, x, source, at: t.scatter_add(x, -1, at, source), 2),
    _product("embedding", lambda t, p, w, at: t.nn.functional.embedding(at, w, padding_idx=p["padding_idx"]), 1, "nn.functional.embedding"),
    _product("linear", lambda t, p, x, w, b: t.nn.functional.linear(x, w, b), 3, "nn.functional.linear"),
    _product("bmm", lambda t, p, a, b: t.bmm(a, b), 2),
    _product("max_pool2d", _pool("max_pool2d"), 1, "nn.functional.max_pool2d"),
    _product("avg_pool2d", _pool("avg_pool2d"), 1, "nn.functional.avg_pool2d"),
    _product("batch_norm", _batch_norm, 3, "nn.functional.batch_norm"),
    _product(
        "scaled_dot_product_attention",
        lambda t, p, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=p["causal"]),
        3,
        "nn.functional.scaled_dot_product_attention",
    ),
    _loss("l1_loss", lambda t, p, x, y: t.nn.functional.l1_loss(x, y, reduction=p["reduction"])),
    _loss("smooth_l1_loss", lambda t, p, x, y: t.nn.functional.smooth_l1_loss(x, y, reduction=p["reduction"], beta=p["beta"])),
    _loss("nll_loss", lambda t, p, x, y, w: t.nn.functional.nll_loss(x, y, weight=w, reduction=p["reduction"])),
    _loss("binary_cross_entropy", lambda t, p, x, y: t.nn.functional.binary_cross_entropy(x, y, reduction=p["reduction"])),
)
