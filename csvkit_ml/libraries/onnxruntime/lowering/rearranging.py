"""ONNX lowering: DepthToSpace in both orders, SpaceToDepth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample


def _moved(op: str, **attributes: Any) -> Callable[[Sample], onnx.ModelProto]:
    return lambda sample: node(op, sample, blocksize=int(sample.param("block")), **attributes)


WIDE = ("float32", "float64")
LOWERINGS = (
    Lowering(function="pixel_shuffle", names=("ai.onnx.DepthToSpace",), build=_moved("DepthToSpace", mode="CRD"), dtypes=WIDE),
    Lowering(function="depth_to_space", names=("ai.onnx.DepthToSpace",), build=_moved("DepthToSpace", mode="DCR"), dtypes=WIDE),
    Lowering(function="space_to_depth", names=("ai.onnx.SpaceToDepth",), build=_moved("SpaceToDepth"), dtypes=WIDE),
)
