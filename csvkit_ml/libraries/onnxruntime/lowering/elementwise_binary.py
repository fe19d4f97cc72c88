"""ONNX lowering: elementwise arithmetic of two operands."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node

FLOATS = ("float32", "float64")
NUMBERS = (*FLOATS, "int32", "int64")


def _binary(function: str, op: str, dtypes: tuple[str, ...] = NUMBERS) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=lambda s: node(op, s), dtypes=dtypes)


LOWERINGS = (
    _binary("add", "Add"),
    _binary("sub", "Sub"),
    _binary("mul", "Mul"),
    _binary("div", "Div", FLOATS),
    _binary("number_div", "Div", FLOATS),
)
