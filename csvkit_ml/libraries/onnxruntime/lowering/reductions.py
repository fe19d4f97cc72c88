"""ONNX lowering: reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

WHOLE = ("float32", "float64", "int64")


def _reduce(op: str, sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node(op, sample, axes=p["axes"], keepdims=int(p["keepdims"]))


def _second_operand(op: str, sample: Sample, name: str, value: Tensor, **attributes: Any) -> onnx.ModelProto:
    made = helper.make_node(op, ["x0", name], ["y"], **attributes)
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={name: value})


def _sum(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    if p["axes"] is None:
        return node("ReduceSum", sample, keepdims=int(p["keepdims"]))
    axes = Tensor.of(np.array(p["axes"], dtype=np.int64))
    return _second_operand("ReduceSum", sample, "axes", axes, keepdims=int(p["keepdims"]))


def _cumsum(sample: Sample) -> onnx.ModelProto:
    return _second_operand("CumSum", sample, "axis", Tensor.of(np.array(sample.param("axis"), dtype=np.int64)))


def _argmax(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node("ArgMax", sample, outputs=("int64",), axis=p["axis"], keepdims=int(p["keepdims"]), select_last_index=0)


LOWERINGS = (
    Lowering(function="reduce_sum", names=("ai.onnx.ReduceSum",), build=_sum, dtypes=WHOLE),
    Lowering(
        function="reduce_mean", names=("ai.onnx.ReduceMean",), build=lambda s: _reduce("ReduceMean", s), dtypes=("float32", "float64")
    ),
    Lowering(function="reduce_max", names=("ai.onnx.ReduceMax",), build=lambda s: _reduce("ReduceMax", s), dtypes=WHOLE),
    Lowering(function="reduce_prod", names=("ai.onnx.ReduceProd",), build=lambda s: _reduce("ReduceProd", s), dtypes=("float32", "int64")),
    Lowering(function="cumsum", names=("ai.onnx.CumSum",), build=_cumsum, dtypes=WHOLE),
    Lowering(function="argmax", names=("ai.onnx.ArgMax",), build=_argmax, dtypes=("float32", "float64")),
)
