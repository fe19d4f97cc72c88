"""Torch bindings: the logarithm of a sum of exponentials."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _axes(p, x):
    return tuple(range(x.dim())) if p["axes"] is None else p["axes"]


def _out(t, p, x):
    y = t.logsumexp(x, _axes(p, x), keepdim=p["keepdims"])
    return t.logsumexp(x, _axes(p, x), keepdim=p["keepdims"], out=t.empty_like(y))


BINDINGS = (
    Binding(
        function="logsumexp",
        forms={
            "plain": lambda t, p, x: t.logsumexp(x, _axes(p, x), keepdim=p["keepdims"]),
            "method": lambda t, p, x: x.logsumexp(_axes(p, x), keepdim=p["keepdims"]),
            "special": lambda t, p, x: t.special.logsumexp(x, _axes(p, x), keepdim=p["keepdims"]),
            "out": _out,
        },
        names=("torch.logsumexp", "torch.Tensor.logsumexp", "torch.special.logsumexp"),
        dtypes=("float32", "float64", "float16", "bfloat16"),
        modes=("inference-mode", "requires-grad"),
    ),
)
