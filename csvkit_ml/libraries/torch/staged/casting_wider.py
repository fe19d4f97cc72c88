"""Torch bindings: conversion to and from unsigned integers of more than eight bits."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.casting import PLAIN

BINDINGS = (
    Binding(
        function="cast_unsigned",
        forms={
            "plain": lambda t, p, x: x.to(getattr(t, p["to"])),
            "copy": lambda t, p, x: t.empty(x.shape, dtype=getattr(t, p["to"])).copy_(x),
        },
        names=("torch.Tensor.to", "torch.Tensor.copy_"), dtypes=(*PLAIN, "uint16", "uint32", "uint64"), layouts=("strided",), since="2.3",
    ),
)  # fmt: skip
