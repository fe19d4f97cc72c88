"""ONNX lowering: ReduceMin, ArgMin, and the last of equal extremes."""

from __future__ import annotations

from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample


def _min(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node("ReduceMin", sample, axes=p["axes"], keepdims=int(p["keepdims"]))


def _argument(sample: Sample, op: str, last: int) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node(op, sample, outputs=("int64",), axis=p["axis"], keepdims=int(p["keepdims"]), select_last_index=last)


LOWERINGS = (
    Lowering(function="reduce_min", names=("ai.onnx.ReduceMin",), build=_min, dtypes=("float32", "float64", "int64")),
    Lowering(
        function="argmin", names=("ai.onnx.ArgMin",), build=lambda s: _argument(s, "ArgMin", 0),
        dtypes=("float32", "float64", "int32", "int8", "uint8")
    ),
    Lowering(
        function="arg_last",
        names=("ai.onnx.ArgMax", "ai.onnx.ArgMin"),
        build=lambda s: _argument(s, "ArgMax" if s.param("kind") == "max" else "ArgMin", 1),
        dtypes=("float32", "float64", "int32", "int8", "uint8"),
    ),
)
