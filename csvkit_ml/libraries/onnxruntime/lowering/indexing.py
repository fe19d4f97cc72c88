"""ONNX lowering: reading and writing by position.

onnxruntime's CPU provider says that it does not add float16 in ScatterElements: float16 is not asked there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.model.function import Sample

ADDED = ("float32", "float64", "int64", "int32", "uint8")
MOVED = (*ADDED, "float16", "bool")


def _along(op: str, **attributes: Any) -> Callable[[Sample], onnx.ModelProto]:
    return lambda sample: node(op, sample, axis=int(sample.param("axis")), **attributes)


LOWERINGS = (
    Lowering(function="gather", names=("ai.onnx.GatherElements",), build=_along("GatherElements"), dtypes=MOVED),
    Lowering(function="gather_from_end", names=("ai.onnx.GatherElements",), build=_along("GatherElements"), dtypes=MOVED),
    Lowering(function="index_select", names=("ai.onnx.Gather",), build=_along("Gather"), dtypes=MOVED),
    Lowering(function="index_axis", names=("ai.onnx.Gather",), build=_along("Gather"), dtypes=MOVED),
    Lowering(function="scatter", names=("ai.onnx.ScatterElements",), build=_along("ScatterElements"), dtypes=MOVED),
    Lowering(function="scatter_from_end", names=("ai.onnx.ScatterElements",), build=_along("ScatterElements"), dtypes=MOVED),
    Lowering(function="scatter_add", names=("ai.onnx.ScatterElements",), build=_along("ScatterElements", reduction="add"), dtypes=ADDED),
)
