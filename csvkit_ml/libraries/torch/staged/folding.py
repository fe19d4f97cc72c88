"""Torch bindings: unfold, fold, max_unpool2d."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _how(p):
    return {"dilation": p["dilation"], "padding": p["padding"], "stride": p["stride"]}


def _unpool(t, p, x, index):
    fn = getattr(t.nn.functional, "max_unpool%dd" % len(p["kernel"]))
    return fn(x, index, p["kernel"], stride=p["stride"], output_size=tuple(p["sizes"]))


def _unpool_module(t, p, x, index):
    made = getattr(t.nn, "MaxUnpool%dd" % len(p["kernel"]))
    return made(p["kernel"], stride=p["stride"])(x, index, output_size=tuple(p["sizes"]))


def _unpooling(dims):
    return Binding(
        function="max_unpool%dd" % dims, forms={"plain": _unpool, "module": _unpool_module}, dtypes=("float32", "float64"),
        names=("torch.nn.functional.max_unpool%dd" % dims, "torch.nn.MaxUnpool%dd" % dims), modes=("inference-mode",),
    )  # fmt: skip


BINDINGS = (
    Binding(
        function="unfold",
        forms={
            "plain": lambda t, p, x: t.nn.functional.unfold(x, p["kernel"], **_how(p)),
            "module": lambda t, p, x: t.nn.Unfold(p["kernel"], **_how(p))(x),
        },
        names=("torch.nn.functional.unfold", "torch.nn.Unfold"),
        dtypes=FLOATS,
        layouts=("strided", "transposed", "offset", "channels-last"),
        modes=("inference-mode",),
    ),
    Binding(
        function="fold",
        forms={
            "plain": lambda t, p, x: t.nn.functional.fold(x, p["size"], p["kernel"], **_how(p)),
            "module": lambda t, p, x: t.nn.Fold(p["size"], p["kernel"], **_how(p))(x),
        },
        names=("torch.nn.functional.fold", "torch.nn.Fold"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="max_unpool2d",
        forms={"plain": _unpool, "module": _unpool_module},
        names=("torch.nn.functional.max_unpool2d", "torch.nn.MaxUnpool2d"),
        dtypes=("float32", "float64"),
        layouts=("strided", "transposed", "offset", "channels-last"),
        modes=("inference-mode",),
    ),
    _unpooling(1),
    _unpooling(3),
)
