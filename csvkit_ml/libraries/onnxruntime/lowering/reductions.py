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


def _sum(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    if p["axes"] is None:
        return node("ReduceSum", sample, keepdims=int(p["keepdims"]))
    axes = Tensor.of(np.array(p["axes"], dtype=np.int64))
    reduce = helper.make_node("ReduceSum", ["x0", "axes"], ["y"], keepdims=int(p["keepdims"]))
    return graph([reduce], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={"axes": axes})


LOWERINGS = (
    Lowering(function="reduce_sum", names=("ai.onnx.ReduceSum",), build=_sum, dtypes=WHOLE),
    Lowering(
        function="reduce_mean", names=("ai.onnx.ReduceMean",), build=lambda s: _reduce("ReduceMean", s), dtypes=("float32", "float64")
    ),
    Lowering(function="reduce_max", names=("ai.onnx.ReduceMax",), build=lambda s: _reduce("ReduceMax", s), dtypes=WHOLE),
    Lowering(function="reduce_prod", names=("ai.onnx.ReduceProd",), build=lambda s: _reduce("ReduceProd", s), dtypes=("float32", "int64")),
)
