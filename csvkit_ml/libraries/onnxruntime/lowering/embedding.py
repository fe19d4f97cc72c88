"""ONNX lowering: embedding."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node

LOWERINGS = (
    Lowering(
        function="embedding", names=("ai.onnx.Gather",), build=lambda s: node("Gather", s, axis=0), dtypes=("float32", "float64", "float16")
    ),
)
