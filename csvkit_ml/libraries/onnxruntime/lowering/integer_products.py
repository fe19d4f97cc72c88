"""ONNX lowering: products of quantised matrices and convolutions."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample

EIGHT = ("uint8", "int8")


def _windows(s: Sample) -> dict[str, Any]:
    p: dict[str, Any] = dict(s.params)
    return {"pads": p["padding"], "strides": p["stride"], "dilations": p["dilation"], "group": p["groups"]}


LOWERINGS = (
    Lowering(
        function="matmul_integer",
        names=("ai.onnx.MatMulInteger",),
        build=lambda s: node("MatMulInteger", s, outputs=("int32",)),
        dtypes=EIGHT,
    ),
    Lowering(
        function="conv_integer",
        names=("ai.onnx.ConvInteger",),
        build=lambda s: node("ConvInteger", s, outputs=("int32",), **_windows(s)),
        dtypes=("uint8",),
    ),
    Lowering(function="qlinear_matmul", names=("ai.onnx.QLinearMatMul",), build=lambda s: node("QLinearMatMul", s), dtypes=EIGHT),
    Lowering(function="qlinear_conv", names=("ai.onnx.QLinearConv",), build=lambda s: node("QLinearConv", s, **_windows(s)), dtypes=EIGHT),
)
