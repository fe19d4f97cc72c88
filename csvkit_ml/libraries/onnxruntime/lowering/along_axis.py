"""ONNX lowering: functions along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _cumsum(sample: Sample) -> onnx.ModelProto:
    axis = Tensor.of(np.array(sample.param("axis"), dtype=np.int64))
    made = helper.make_node("CumSum", ["x0", "axis"], ["y"])
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={"axis": axis})


def _argmax(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node("ArgMax", sample, outputs=("int64",), axis=p["axis"], keepdims=int(p["keepdims"]), select_last_index=0)


LOWERINGS = (
    Lowering(function="cumsum", names=("ai.onnx.CumSum",), build=_cumsum, dtypes=("float32", "float64", "int64")),
    Lowering(function="argmax", names=("ai.onnx.ArgMax",), build=_argmax, dtypes=("float32", "float64")),
)
