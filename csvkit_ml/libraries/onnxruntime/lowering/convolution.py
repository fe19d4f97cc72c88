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


LOWERINGS = tuple(
    Lowering(function=f"{function}{d}d", names=(f"ai.onnx.{op}",), build=lambda s, op=op: _node(op, s))  # type: ignore[misc]
    for function, op in (("conv", "Conv"), ("conv_transpose", "ConvTranspose"))
    for d in (1, 2, 3)
)
