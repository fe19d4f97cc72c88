"""ONNX lowering: conversion between dtypes. bfloat16 occurs only inside a graph: values of it cannot be fed or fetched as arrays."""

from __future__ import annotations

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph, node
from csvkit_ml.model.function import Sample

PLAIN = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")


def _cast(sample: Sample) -> onnx.ModelProto:
    target = str(sample.param("to"))
    return node("Cast", sample, outputs=(target,), to=ELEMENT[target])


def _round_trip(sample: Sample) -> onnx.ModelProto:
    there = helper.make_node("Cast", ["x0"], ["narrow"], to=ELEMENT[str(sample.param("to"))])
    back = helper.make_node("Cast", ["narrow"], ["y"], to=ELEMENT[sample.dtype])
    return graph([there, back], {"x0": sample.inputs[0]}, {"y": sample.dtype})


LOWERINGS = (
    Lowering(function="cast", names=("ai.onnx.Cast",), build=_cast, dtypes=PLAIN),
    Lowering(function="narrow_round_trip", names=("ai.onnx.Cast",), build=_round_trip, dtypes=("float32", "float64")),
)
