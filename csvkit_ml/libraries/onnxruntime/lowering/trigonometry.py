"""ONNX lowering: trigonometric and hyperbolic functions."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import single

LOWERINGS = (
    single("sin", "Sin", ("float32", "float64")),
    *(single(op.lower(), op) for op in ("Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh")),
)
