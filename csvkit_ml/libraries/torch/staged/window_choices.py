"""Torch bindings: means of windows by a divisor that is given."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _arguments(p):
    return {**{k: p[k] for k in ("stride", "padding", "ceil_mode", "count_include_pad")}, "divisor_override": p["divisor"]}


BINDINGS = (
    Binding(
        function="avg_pool_divided",
        forms={
            "plain": lambda t, p, x: getattr(t.nn.functional, "avg_pool%dd" % len(p["kernel"]))(x, p["kernel"], **_arguments(p)),
            "module": lambda t, p, x: getattr(t.nn, "AvgPool%dd" % len(p["kernel"]))(p["kernel"], **_arguments(p))(x),
        },
        names=("torch.nn.functional.avg_pool2d", "torch.nn.functional.avg_pool3d"), dtypes=("float32", "float64"),
        layouts=("strided", "channels-last"),
    ),
)  # fmt: skip
