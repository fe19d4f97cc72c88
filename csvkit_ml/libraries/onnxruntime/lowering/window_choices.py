"""ONNX lowering: ConvTranspose by output_shape, AveragePool with dilations."""

from __future__ import annotations

from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample


def _shaped(sample: Sample) -> onnx.ModelProto:
    """The extents that the sample's padding leads to are given in its place."""
    p: dict[str, Any] = dict(sample.params)
    x, w = sample.inputs[:2]
    half = len(p["stride"])
    axes = zip(x.shape[2:], w.shape[2:], p["stride"], p["dilation"], p["padding"][:half], strict=True)
    extents = [s * (n - 1) + d * (k - 1) + 1 - 2 * a for n, k, s, d, a in axes]
    return node(
        "ConvTranspose", sample, strides=p["stride"], dilations=p["dilation"], group=p["groups"], kernel_shape=w.shape[2:],
        output_shape=tuple(extents),
    )  # fmt: skip


def _spread(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node(
        "AveragePool", sample, opset=19, kernel_shape=p["kernel"], strides=p["stride"], pads=p["padding"] * 2, dilations=p["dilation"],
        count_include_pad=int(p["count_include_pad"]),
    )  # fmt: skip


LOWERINGS = (
    Lowering(function="conv_transpose_to_shape", names=("ai.onnx.ConvTranspose",), build=_shaped),
    Lowering(function="avg_pool_spread", names=("ai.onnx.AveragePool",), build=_spread, since="1.16"),
)
