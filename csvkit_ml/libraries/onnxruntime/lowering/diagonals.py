"""ONNX lowering: triangles of matrices."""

from __future__ import annotations

from collections.abc import Callable

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering
from csvkit_ml.libraries.onnxruntime.lowering.shapes import whole, with_constants
from csvkit_ml.model.function import Sample


def _triangle(upper: int) -> Callable[[Sample], onnx.ModelProto]:
    return lambda sample: with_constants("Trilu", sample, {"k": whole(sample.param("k"))}, upper=upper)


MOVED = ("float32", "float64", "int64", "bool")
LOWERINGS = (
    Lowering(function="tril", names=("ai.onnx.Trilu",), build=_triangle(0), dtypes=MOVED),
    Lowering(function="triu", names=("ai.onnx.Trilu",), build=_triangle(1), dtypes=MOVED),
)
