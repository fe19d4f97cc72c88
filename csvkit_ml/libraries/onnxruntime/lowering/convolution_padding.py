"""ONNX lowering: convolutions with auto_pad. onnxruntime takes none with dilation: there padding is written out, as exporters do."""

from __future__ import annotations

from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample

AUTO = {"upper": "SAME_UPPER", "lower": "SAME_LOWER", "valid": "VALID"}


def _build(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    totals = [d * (k - 1) for k, d in zip(sample.inputs[1].shape[2:], p["dilation"], strict=True)]
    explicit = [*(n // 2 for n in totals), *(n - n // 2 for n in totals)]
    dilated = max(p["dilation"]) > 1
    return node(
        "Conv", sample, auto_pad=None if dilated else AUTO[p["auto"]], pads=explicit if dilated else None, strides=p["stride"],
        dilations=p["dilation"], group=p["groups"], kernel_shape=sample.inputs[1].shape[2:],
    )  # fmt: skip


LOWERINGS = (
    Lowering(function="conv_same", names=("ai.onnx.Conv",), build=_build),
    Lowering(function="conv_auto_pad", names=("ai.onnx.Conv",), build=_build),
)
