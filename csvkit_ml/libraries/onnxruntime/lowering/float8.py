"""ONNX lowering: 8-bit floats, which occur only inside a graph: their values come back in the wider format."""

from __future__ import annotations

from functools import partial

import onnx
from onnx import TensorProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph
from csvkit_ml.model.function import Sample

OPSET = 19
KINDS = {
    "float8_e4m3fn": TensorProto.FLOAT8E4M3FN, "float8_e4m3fnuz": TensorProto.FLOAT8E4M3FNUZ, "float8_e5m2": TensorProto.FLOAT8E5M2,
    "float8_e5m2fnuz": TensorProto.FLOAT8E5M2FNUZ,
}  # fmt: skip


def _cast(saturate: int, s: Sample) -> onnx.ModelProto:
    there = helper.make_node("Cast", ["x0"], ["narrow"], to=KINDS[str(s.param("to"))], saturate=saturate)
    back = helper.make_node("Cast", ["narrow"], ["y"], to=ELEMENT[s.dtype])
    return graph([there, back], {"x0": s.inputs[0]}, {"y": s.dtype}, opset=OPSET)


def _quantised(s: Sample) -> onnx.ModelProto:
    kind, axis = KINDS[str(s.param("to"))], int(s.param("axis"))
    shape = s.inputs[1].shape
    zero = helper.make_tensor("zero", kind, shape, bytes(shape[0] if shape else 1), raw=True)
    where = {"axis": axis} if shape else {}
    there = helper.make_node("QuantizeLinear", ["x0", "x1", "zero"], ["q"], saturate=1, **where)
    back = helper.make_node("DequantizeLinear", ["q", "x1", "zero"], ["y"], **where)
    return graph([there, back], {f"x{i}": t for i, t in enumerate(s.inputs)}, {"y": "float32"}, opset=OPSET, more=[zero])


LOWERINGS = (
    Lowering(
        function="float8_cast_unsaturated", names=("ai.onnx.Cast",), build=partial(_cast, 0), dtypes=("float32", "float16", "float64"), since="1.16"
    ),
    Lowering(
        function="float8_cast_saturating", names=("ai.onnx.Cast",), build=partial(_cast, 1), dtypes=("float32", "float16", "float64"), since="1.16"
    ),
    Lowering(function="float8_quantised", names=("ai.onnx.QuantizeLinear", "ai.onnx.DequantizeLinear"), build=_quantised, since="1.16"),
)
