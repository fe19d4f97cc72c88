"""Torch bindings: conversion between dtypes."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

PLAIN = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
METHODS = {
    "float32": "float", "float64": "double", "float16": "half", "bfloat16": "bfloat16", "int64": "long", "int32": "int", "int16": "short",
    "int8": "char", "uint8": "byte", "bool": "bool",
}  # fmt: skip


def _dtype(t, p):
    return getattr(t, p["to"])


FORMS = {
    "plain": lambda t, p, x: x.to(_dtype(t, p)),
    "method": lambda t, p, x: getattr(x, METHODS[p["to"]])(),
    "type": lambda t, p, x: x.type(_dtype(t, p)),
    "like": lambda t, p, x: x.to(t.empty(0, dtype=_dtype(t, p))),
    "copy": lambda t, p, x: t.empty(x.shape, dtype=_dtype(t, p)).copy_(x),
    "as-tensor": lambda t, p, x: t.as_tensor(x, dtype=_dtype(t, p)),
}
NAMES = (
    "torch.Tensor.to", "torch.Tensor.type", "torch.Tensor.copy_", "torch.as_tensor", "torch.Tensor.float", "torch.Tensor.double",
    "torch.Tensor.half", "torch.Tensor.long", "torch.Tensor.int", "torch.Tensor.short", "torch.Tensor.char", "torch.Tensor.byte",
    "torch.Tensor.bool",
)  # fmt: skip

BINDINGS = (
    Binding(function="cast", forms=FORMS, names=NAMES, dtypes=PLAIN, modes=("inference-mode",)),
    Binding(
        function="cast_bfloat16",
        forms=FORMS,
        names=(*NAMES, "torch.Tensor.bfloat16"),
        dtypes=(*PLAIN, "bfloat16"),
        modes=("inference-mode",),
    ),
    Binding(
        function="narrow_round_trip",
        forms={
            "plain": lambda t, p, x: x.to(_dtype(t, p)).to(x.dtype),
            "copy": lambda t, p, x: t.empty(x.shape, dtype=x.dtype).copy_(t.empty(x.shape, dtype=_dtype(t, p)).copy_(x)),
        },
        names=("torch.Tensor.to", "torch.Tensor.copy_"),
        dtypes=("float32", "float64"),
        modes=("inference-mode",),
    ),
)
