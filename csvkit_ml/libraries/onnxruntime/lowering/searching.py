"""ONNX lowering: NonZero (its rows and columns exchanged), Unique, OneHot."""

from __future__ import annotations

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import whole
from csvkit_ml.model.function import Sample


def _nonzero(sample: Sample) -> onnx.ModelProto:
    found = [helper.make_node("NonZero", ["x0"], ["found"]), helper.make_node("Transpose", ["found"], ["y"], perm=[1, 0])]
    return graph(found, {"x0": sample.inputs[0]}, {"y": "int64"})


def _unique(sample: Sample) -> onnx.ModelProto:
    axis = sample.param("axis")
    outputs = ("", "int64", "int64", "int64")
    return node("Unique", sample, outputs=outputs, axis=None if axis is None else int(axis), sorted=int(sample.param("sorted")))


def _one_hot(sample: Sample) -> onnx.ModelProto:
    feeds = {"x0": sample.inputs[0], "x1": sample.inputs[1]}
    made = helper.make_node("OneHot", ["x0", "depth", "x1"], ["y"], axis=int(sample.param("axis")))
    return graph([made], feeds, {"y": sample.dtype}, initialisers={"depth": whole(sample.param("depth"))})


DISTINCT = ("float32", "float64", "int64", "int8")
LOWERINGS = (
    Lowering(function="nonzero", names=("ai.onnx.NonZero",), build=_nonzero, dtypes=("float32", "int64", "int32", "uint8", "bool")),
    Lowering(function="unique_first", names=("ai.onnx.Unique",), build=_unique, dtypes=DISTINCT),
    Lowering(function="unique_unsorted", names=("ai.onnx.Unique",), build=_unique, dtypes=DISTINCT),
    Lowering(function="one_hot_axis", names=("ai.onnx.OneHot",), build=_one_hot, dtypes=("float32", "int64")),
)
