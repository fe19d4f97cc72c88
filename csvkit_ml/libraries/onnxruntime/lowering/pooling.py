"""ONNX lowering: pooling."""

from __future__ import annotations

from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample


def _max(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node(
        "MaxPool", sample, kernel_shape=p["kernel"], strides=p["stride"], pads=p["padding"] * 2, dilations=p["dilation"],
        ceil_mode=int(p["ceil_mode"]),
    )  # fmt: skip


def _average(sample: Sample) -> onnx.ModelProto:
    """Operator set 19 is the first that says what ceil mode and count_include_pad mean together."""
    p: dict[str, Any] = dict(sample.params)
    return node(
        "AveragePool", sample, opset=19, kernel_shape=p["kernel"], strides=p["stride"], pads=p["padding"] * 2,
        ceil_mode=int(p["ceil_mode"]), count_include_pad=int(p["count_include_pad"]),
    )  # fmt: skip


def _powers(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node("LpPool", sample, opset=18, kernel_shape=p["kernel"], strides=p["stride"], ceil_mode=int(p["ceil_mode"]), p=p["p"])


LOWERINGS = tuple(
    made
    for d in (1, 2, 3)
    for made in (
        Lowering(function=f"max_pool{d}d", names=("ai.onnx.MaxPool",), build=_max, dtypes=("float32", "float64")),
        Lowering(function=f"avg_pool{d}d", names=("ai.onnx.AveragePool",), build=_average, since="1.15"),
        Lowering(function=f"lp_pool{d}d", names=("ai.onnx.LpPool",), build=_powers, since="1.15"),
    )
)
