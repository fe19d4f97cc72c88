"""Torch bindings: minimum and maximum, limits, choice by condition, replacement, interpolation."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, INTEGERS, called

NUMBERS = (*FLOATS, *INTEGERS)


def _clamp(t, p, x):
    return t.clamp(x, min=p["low"], max=p["high"])


def _one_sided(t, p, x):
    """clamp_min and clamp_max, where there is one limit."""
    if p["high"] is None:
        return t.clamp_min(x, p["low"])
    return t.clamp_max(x, p["high"]) if p["low"] is None else _clamp(t, p, x)


def _filled(p):
    return {"nan": p["nan"], "posinf": p["posinf"], "neginf": p["neginf"]}


def _with_value(name):
    """addcmul and addcdiv."""
    return Binding(
        function=name,
        forms={
            "plain": lambda t, p, x, y, z: getattr(t, name)(x, y, z, value=p["value"]),
            "method": lambda t, p, x, y, z: getattr(x, name)(y, z, value=p["value"]),
            "out": lambda t, p, x, y, z: getattr(t, name)(x, y, z, value=p["value"], out=t.empty(0, dtype=x.dtype)),
            "inplace": lambda t, p, x, y, z: getattr(
                x.expand(t.broadcast_shapes(x.shape, y.shape, z.shape)).clone(), name + "_"
            )(y, z, value=p["value"]),
        },
        names=("torch." + name, "torch.Tensor." + name, "torch.Tensor." + name + "_"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    )  # fmt: skip


BINDINGS = (
    called("minimum", also="min", inplace=False, dtypes=NUMBERS),
    called("maximum", also="max", inplace=False, dtypes=NUMBERS),
    called("fmin", inplace=False, dtypes=NUMBERS),
    called("fmax", inplace=False, dtypes=NUMBERS),
    Binding(
        function="clamp",
        forms={
            "plain": _clamp,
            "clip": lambda t, p, x: t.clip(x, min=p["low"], max=p["high"]),
            "method": lambda t, p, x: x.clamp(p["low"], p["high"]),
            "inplace": lambda t, p, x: x.clone().clamp_(p["low"], p["high"]),
            "out": lambda t, p, x: t.clamp(x, min=p["low"], max=p["high"], out=t.empty(x.shape, dtype=x.dtype)),
            "one-sided": _one_sided,
        },
        names=("torch.clamp", "torch.clip", "torch.Tensor.clamp", "torch.Tensor.clamp_", "torch.clamp_min", "torch.clamp_max"),
        dtypes=(*FLOATS, "int8", "int32", "int64", "uint8"),
        modes=("inference-mode",),
    ),
    Binding(
        function="clamp_tensors",
        forms={
            "plain": lambda t, p, x, low, high: t.clamp(x, low, high),
            "method": lambda t, p, x, low, high: x.clip(low, high),
            "in-turn": lambda t, p, x, low, high: t.clamp_max(t.clamp_min(x, low), high),
        },
        names=("torch.clamp", "torch.Tensor.clip", "torch.clamp_min", "torch.clamp_max"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="where",
        forms={
            "plain": lambda t, p, c, x, y: t.where(c, x, y),
            "method": lambda t, p, c, x, y: x.where(c, y),
            "out": lambda t, p, c, x, y: t.where(c, x, y, out=t.empty(0, dtype=x.dtype)),
            "number": lambda t, p, c, x, y: t.where(c, x, y.item() if y.dim() == 0 and x.dim() else y),
        },
        names=("torch.where", "torch.Tensor.where"),
        dtypes=(*NUMBERS, "bool"),
        modes=("inference-mode",),
    ),
    Binding(
        function="nan_to_num",
        forms={
            "plain": lambda t, p, x: t.nan_to_num(x, **_filled(p)),
            "method": lambda t, p, x: x.nan_to_num(**_filled(p)),
            "inplace": lambda t, p, x: x.clone().nan_to_num_(**_filled(p)),
            "out": lambda t, p, x: t.nan_to_num(x, **_filled(p), out=t.empty(x.shape, dtype=x.dtype)),
        },
        names=("torch.nan_to_num", "torch.Tensor.nan_to_num", "torch.Tensor.nan_to_num_"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    called("lerp"),
    _with_value("addcmul"),
    _with_value("addcdiv"),
)
