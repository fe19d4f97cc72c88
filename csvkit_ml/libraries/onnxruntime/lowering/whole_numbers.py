"""ONNX lowering: reductions and products of whole numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, single
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _over(op: str, opset: int = 18) -> Callable[[Sample], onnx.ModelProto]:
    """Axes are an operand since operator set 18 (13 for sums)."""

    def build(s: Sample) -> onnx.ModelProto:
        axes = s.param("axes")
        given = {} if axes is None else {"axes": Tensor.of(np.array(axes, dtype=np.int64))}
        made = helper.make_node(op, ["x0", *given], ["y"], keepdims=int(s.param("keepdims")))
        return graph([made], {"x0": s.inputs[0]}, {"y": s.dtype}, opset=opset, initialisers=given)

    return build


LOWERINGS = (
    Lowering(function="max_of_whole", names=("ai.onnx.ReduceMax",), build=_over("ReduceMax"), dtypes=("int32", "int64", "uint8", "int8")),
    Lowering(function="min_of_whole", names=("ai.onnx.ReduceMin",), build=_over("ReduceMin"), dtypes=("int32", "int64", "uint8", "int8")),
    Lowering(function="sum_of_int32", names=("ai.onnx.ReduceSum",), build=_over("ReduceSum"), dtypes=("int32",)),
    single("matmul_of_whole", "MatMul", dtypes=("int32", "int64", "uint32", "uint64")),
)
