"""Torch bindings: pooling."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")


def _max_arguments(p):
    return {k: p[k] for k in ("stride", "padding", "dilation", "ceil_mode")}


def _avg_arguments(p):
    return {k: p[k] for k in ("stride", "padding", "ceil_mode", "count_include_pad")}


BINDINGS = (
    Binding(
        function="max_pool2d",
        forms={
            "plain": lambda t, p, x: t.nn.functional.max_pool2d(x, p["kernel"], **_max_arguments(p)),
            "module": lambda t, p, x: t.nn.MaxPool2d(p["kernel"], **_max_arguments(p))(x),
            "with-indices": lambda t, p, x: t.nn.functional.max_pool2d(x, p["kernel"], return_indices=True, **_max_arguments(p))[0],
        },
        names=("torch.nn.functional.max_pool2d", "torch.max_pool2d", "torch.nn.MaxPool2d"),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="avg_pool2d",
        forms={
            "plain": lambda t, p, x: t.nn.functional.avg_pool2d(x, p["kernel"], **_avg_arguments(p)),
            "module": lambda t, p, x: t.nn.AvgPool2d(p["kernel"], **_avg_arguments(p))(x),
        },
        names=("torch.nn.functional.avg_pool2d", "torch.nn.AvgPool2d"),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
)
