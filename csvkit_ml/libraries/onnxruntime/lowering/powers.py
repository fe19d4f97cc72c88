"""ONNX lowering: powers and reciprocals; a number as exponent is a constant of the graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, single
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

WIDE = ("float32", "float64")


def _number(sample: Sample) -> onnx.ModelProto:
    exponent = Tensor.of(np.float32(sample.param("exponent")), sample.dtype)
    power = helper.make_node("Pow", ["x0", "exponent"], ["y"])
    return graph([power], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={"exponent": exponent})


LOWERINGS = (
    single("reciprocal", "Reciprocal", WIDE),
    single("pow", "Pow", WIDE),
    Lowering(function="pow_number", names=("ai.onnx.Pow",), build=_number, dtypes=WIDE),
    single("integer_pow", "Pow", ("int32", "int64")),
)
