"""ONNX lowering: ScatterND and reductions of ScatterElements."""

from __future__ import annotations

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import MOVED
from csvkit_ml.model.function import Sample

REDUCED = ("float32", "float64", "int64", "int32", "uint8")
NAMES = {"sum": "add", "prod": "mul", "amax": "max", "amin": "min"}


def _elements(sample: Sample) -> onnx.ModelProto:
    return node("ScatterElements", sample, opset=18, axis=int(sample.param("axis")), reduction=NAMES[sample.param("reduce")])


def _nd(sample: Sample) -> onnx.ModelProto:
    return node("ScatterND", sample, opset=18, reduction=NAMES[sample.param("reduce")])


LOWERINGS = (
    Lowering(function="scatter_reduce_portable", names=("ai.onnx.ScatterElements",), build=_elements, dtypes=REDUCED, since="1.14"),
    Lowering(function="scatter_nd", names=("ai.onnx.ScatterND",), build=lambda s: node("ScatterND", s), dtypes=MOVED),
    Lowering(function="scatter_nd_reduce", names=("ai.onnx.ScatterND",), build=_nd, dtypes=REDUCED, since="1.14"),
)
