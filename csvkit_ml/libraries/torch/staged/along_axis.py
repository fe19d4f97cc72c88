"""Torch bindings: functions along one axis."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _cumsum_out(t, p, x):
    return t.cumsum(x, dim=p["axis"], out=t.empty(x.shape, dtype=x.dtype))


BINDINGS = (
    Binding(
        function="cumsum",
        forms={
            "plain": lambda t, p, x: t.cumsum(x, dim=p["axis"]),
            "method": lambda t, p, x: x.cumsum(p["axis"]),
            "inplace": lambda t, p, x: x.clone().cumsum_(p["axis"]),
            "out": _cumsum_out,
        },
        names=("torch.cumsum", "torch.Tensor.cumsum", "torch.Tensor.cumsum_"),
        dtypes=(*FLOATS, "int64"),
        modes=("inference-mode",),
    ),
    Binding(
        function="argmax",
        forms={
            "plain": lambda t, p, x: t.argmax(x, dim=p["axis"], keepdim=p["keepdims"]),
            "max-indices": lambda t, p, x: t.max(x, dim=p["axis"], keepdim=p["keepdims"]).indices,
        },
        names=("torch.argmax", "torch.max"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
)
