"""ONNX lowering: comparisons, tests, logical and bitwise operations, shifts."""

from __future__ import annotations

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, single
from csvkit_ml.model.function import Sample

WIDTHS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMBERS = ("float32", "float64", *WIDTHS)
FLOATS = ("float32", "float64", "float16")
BOOL = {"outputs": ("bool",)}


def _unequal(sample: Sample) -> onnx.ModelProto:
    nodes = [helper.make_node("Equal", ["x0", "x1"], ["equal"]), helper.make_node("Not", ["equal"], ["y"])]
    return graph(nodes, {f"x{i}": t for i, t in enumerate(sample.inputs)}, {"y": "bool"})


LOWERINGS = (
    single("eq", "Equal", (*NUMBERS, "bool"), **BOOL),
    Lowering(function="ne", names=("ai.onnx.Equal", "ai.onnx.Not"), build=_unequal, dtypes=(*NUMBERS, "bool")),
    single("lt", "Less", NUMBERS, **BOOL),
    single("le", "LessOrEqual", NUMBERS, **BOOL),
    single("gt", "Greater", NUMBERS, **BOOL),
    single("ge", "GreaterOrEqual", NUMBERS, **BOOL),
    single("isnan", "IsNaN", FLOATS, **BOOL),
    single("isinf", "IsInf", ("float32", "float64"), **BOOL),
    single("isposinf", "IsInf", ("float32", "float64"), detect_negative=0, **BOOL),
    single("isneginf", "IsInf", ("float32", "float64"), detect_positive=0, **BOOL),
    single("logical_and", "And", ("bool",)),
    single("logical_or", "Or", ("bool",)),
    single("logical_xor", "Xor", ("bool",)),
    single("logical_not", "Not", ("bool",)),
    single("bitwise_and", "BitwiseAnd", WIDTHS, opset=18, since="1.14"),
    single("bitwise_or", "BitwiseOr", WIDTHS, opset=18, since="1.14"),
    single("bitwise_xor", "BitwiseXor", WIDTHS, opset=18, since="1.14"),
    single("bitwise_not", "BitwiseNot", WIDTHS, opset=18, since="1.14"),
    single("left_shift", "BitShift", ("uint8", "uint32", "uint64"), direction="LEFT"),
    single("right_shift", "BitShift", ("uint8", "uint32", "uint64"), direction="RIGHT"),
)
