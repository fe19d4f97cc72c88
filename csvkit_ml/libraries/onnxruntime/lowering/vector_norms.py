"""ONNX lowering: norms, sums of squares and logarithms of sums over axes (operands since opset 18), and division by a norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _reduce(op: str, sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    axes = {} if p["axes"] is None else {"axes": Tensor.of(np.array(p["axes"], dtype=np.int64))}
    made = helper.make_node(op, ["x0", *axes], ["y"], keepdims=int(p["keepdims"]))
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=18, initialisers=axes)


def _reduction(function: str, op: str, dtypes: tuple[str, ...]) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=lambda s: _reduce(op, s), dtypes=dtypes)


LOWERINGS = (
    _reduction("reduce_l1", "ReduceL1", ("float32", "float64", "float16")),
    _reduction("reduce_l2", "ReduceL2", ("float32", "float64", "float16")),
    _reduction("reduce_sum_square", "ReduceSumSquare", ("float32", "float64", "float16", "int64")),
    _reduction("reduce_log_sum", "ReduceLogSum", ("float32", "float64", "float16")),
    _reduction("logsumexp", "ReduceLogSumExp", ("float32", "float64", "float16")),
    Lowering(
        function="lp_normalization", names=("ai.onnx.LpNormalization",), dtypes=("float32", "float64"),
        build=lambda s: node("LpNormalization", s, axis=s.param("axis"), p=int(s.param("order"))),
    ),
    Lowering(
        function="hardmax", names=("ai.onnx.Hardmax",), dtypes=("float32", "float16"),
        build=lambda s: node("Hardmax", s, axis=s.param("axis")),
    ),
)  # fmt: skip
