"""ONNX lowering: global pooling."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node

LOWERINGS = (
    Lowering(function="global_avg_pool", names=("ai.onnx.GlobalAveragePool",), build=lambda s: node("GlobalAveragePool", s)),
    Lowering(function="global_max_pool", names=("ai.onnx.GlobalMaxPool",), build=lambda s: node("GlobalMaxPool", s)),
)
