"""ONNX lowering: ordering. ONNX has no sort of its own: TopK over the whole axis is one."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

DTYPES = ("float32", "float64", "int64", "int32", "float16")


def _topk(sample: Sample) -> onnx.ModelProto:
    k = {"k": Tensor.of(np.array([sample.param("k")], dtype=np.int64))}
    made = helper.make_node(
        "TopK", ["x0", "k"], ["y", "y1"], axis=int(sample.param("axis")), largest=int(sample.param("largest")), sorted=1
    )
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype, "y1": "int64"}, initialisers=k)


LOWERINGS = (
    Lowering(function="topk", names=("ai.onnx.TopK",), build=_topk, dtypes=DTYPES),
    Lowering(function="topk_ties_by_position", names=("ai.onnx.TopK",), build=_topk, dtypes=DTYPES),
)
