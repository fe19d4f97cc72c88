"""Torch bindings: gradients of normalisations and of reductions along the last axis."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _layer(name, of, operands):
    return bound(name, of, operands, "nn.functional." + name)


def _deviation(t, p, x):
    return (t.std if p["root"] else t.var)(x, dim=-1, correction=p["correction"])


_var = bound("var", _deviation)

BINDINGS = (
    _layer("group_norm", lambda t, p, x, w, b: t.nn.functional.group_norm(x, p["groups"], w, b, eps=p["eps"]), 3),
    _layer("instance_norm", lambda t, p, x, w, b: t.nn.functional.instance_norm(x, weight=w, bias=b, eps=p["eps"]), 3),
    _layer("rms_norm", lambda t, p, x, w: t.nn.functional.rms_norm(x, w.shape, w, eps=p["eps"]), 2),
    bound("log_softmax", lambda t, p, x: t.log_softmax(x, dim=-1)),
    bound("cumprod", lambda t, p, x: t.cumprod(x, dim=-1)),
    _var._replace(names=(*_var.names, "torch.std")),
    bound("vector_norm", lambda t, p, x: t.linalg.vector_norm(x, p["p"], dim=-1), 1, "linalg.vector_norm"),
)
