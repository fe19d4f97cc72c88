"""ONNX lowering: functions of logits."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node

DTYPES = ("float32", "float64", "float16")


def _lowering(function: str, op: str) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=lambda s: node(op, s, axis=s.param("axis")), dtypes=DTYPES)


LOWERINGS = (_lowering("softmax", "Softmax"), _lowering("log_softmax", "LogSoftmax"))
