"""ONNX lowering: Attention of opset 23 where some queries have no key."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.libraries.onnxruntime.lowering.attention import LOWERINGS as ATTENTION

LOWERINGS = (replace(ATTENTION[0], function="attention_masked_rows"),)
