"""ONNX lowering: Cast of unsigned integers, through integers of four bits, from and to text."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.casting import PLAIN
from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph, node
from csvkit_ml.libraries.onnxruntime.lowering.text import BOUND, of_text
from csvkit_ml.model.function import Sample

UNSIGNED = ("uint16", "uint32", "uint64")
FEW = ("plain", "opt=none", "opt=extended")


def _cast(sample: Sample) -> onnx.ModelProto:
    target = str(sample.param("to"))
    return node("Cast", sample, outputs=(target,), to=ELEMENT[target])


def _four(sample: Sample) -> onnx.ModelProto:
    target = str(sample.param("to"))
    there = helper.make_node("Cast", ["x0"], ["four"], to=TensorProto.INT4 if sample.param("by") == "int4" else TensorProto.UINT4)
    back = helper.make_node("Cast", ["four"], ["y"], to=ELEMENT[target])
    return graph([there, back], {"x0": sample.inputs[0]}, {"y": target}, opset=21)


def _written(sample: Sample) -> onnx.ModelProto:
    return node("Cast", sample, outputs=("string",), to=TensorProto.STRING)


_TEXT = tuple(v for v in BOUND if v in FEW)
_NAMES = ("ai.onnx.Cast",)
LOWERINGS = (
    Lowering(function="cast_unsigned", names=_NAMES, build=_cast, dtypes=(*PLAIN, *UNSIGNED), variants=FEW),
    Lowering(
        function="cast_four_bits", names=_NAMES, build=_four, dtypes=("int8", "uint8", "int32", "int64", "float32", "float16"), variants=FEW,
        since="1.23",
    ),
    Lowering(function="cast_from_text", names=_NAMES, build=lambda s: of_text(_cast(s)), dtypes=("uint8",), variants=_TEXT, paths=()),
    Lowering(
        function="cast_to_text", names=_NAMES, build=_written, variants=_TEXT, paths=(),
        dtypes=("int8", "int16", "int32", "int64", "uint8", *UNSIGNED),
    ),
)  # fmt: skip
