"""ONNX lowering: DequantizeLinear, an operator of floats, QuantizeLinear; all but the data are constants, as in an exported model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

EIGHT = ("uint8", "int8")


def _pattern(op: str, axis: int, how: Callable[[Sample], dict[str, Any]]) -> Callable[[Sample], onnx.ModelProto]:
    """Weights have one scale, or one for each position of an axis; a bias of 32 bits has the product of both scales."""

    def build(s: Sample) -> onnx.ModelProto:
        given = {f"x{i}": t for i, t in enumerate(s.inputs)}
        nodes = [helper.make_node("DequantizeLinear", ["x0", "x1", "x2"], ["a"]),
                 helper.make_node("DequantizeLinear", ["x3", "x4", "x5"], ["b"], axis=axis)]  # fmt: skip
        operands = ["a", "b"]
        if len(s.inputs) > 8:
            per = s.inputs[1].array() * s.inputs[4].array()
            given["bias scale"] = Tensor.of(np.broadcast_to(per, s.inputs[8].shape).copy() if per.ndim else per)
            nodes.append(helper.make_node("DequantizeLinear", ["x8", "bias scale"], ["c"], axis=0))
            operands.append("c")
        nodes += [helper.make_node(op, operands, ["r"], **how(s)), helper.make_node("QuantizeLinear", ["r", "x6", "x7"], ["y"])]
        return graph(nodes, {"x0": given.pop("x0")}, {"y": s.dtype}, initialisers=given)

    return build


def _windows(s: Sample) -> dict[str, Any]:
    p: dict[str, Any] = dict(s.params)
    return {"pads": p["padding"], "strides": p["stride"], "dilations": p["dilation"], "group": p["groups"]}


NAMES = ("ai.onnx.DequantizeLinear", "ai.onnx.QuantizeLinear")
LOWERINGS = (
    Lowering(function="qdq_matmul", names=(*NAMES, "ai.onnx.MatMul"), build=_pattern("MatMul", 1, lambda s: {}), dtypes=EIGHT),
    Lowering(function="qdq_conv", names=(*NAMES, "ai.onnx.Conv"), build=_pattern("Conv", 0, _windows), dtypes=EIGHT),
)
