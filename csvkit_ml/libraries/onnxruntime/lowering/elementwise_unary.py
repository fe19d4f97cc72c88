"""ONNX lowering: elementwise functions of one operand."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node


def _unary(function: str, op: str, dtypes: tuple[str, ...] = ("float32", "float64")) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=lambda s: node(op, s), dtypes=dtypes)


LOWERINGS = (
    _unary("sqrt", "Sqrt"),
    _unary("exp", "Exp"),
    _unary("log", "Log"),
    _unary("tanh", "Tanh"),
    _unary("sigmoid", "Sigmoid"),
    _unary("erf", "Erf", ("float32",)),
    Lowering(function="gelu", names=("ai.onnx.Gelu",), build=lambda s: node("Gelu", s, opset=20), since="1.17"),
    Lowering(function="gelu_tanh", names=("ai.onnx.Gelu",), build=lambda s: node("Gelu", s, opset=20, approximate="tanh"), since="1.17"),
    _unary("relu", "Relu"),
)
