"""ONNX lowering: convolutions."""

from __future__ import annotations

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample


def _node(op: str, sample: Sample) -> onnx.ModelProto:
    p = dict(sample.params)
    return node(
        op, sample, strides=p["stride"], pads=p["padding"], dilations=p["dilation"], group=p["groups"],
        kernel_shape=sample.inputs[1].shape[2:], output_padding=p.get("output_padding"),
    )  # fmt: skip


LOWERINGS = (
    Lowering(function="conv1d", names=("ai.onnx.Conv",), build=lambda s: _node("Conv", s)),
    Lowering(function="conv2d", names=("ai.onnx.Conv",), build=lambda s: _node("Conv", s)),
    Lowering(function="conv_transpose2d", names=("ai.onnx.ConvTranspose",), build=lambda s: _node("ConvTranspose", s)),
)
