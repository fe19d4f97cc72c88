"""ONNX lowering: minimum and maximum, limits (constants of the graph), choice by condition."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, single
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

NUMBERS = ("float32", "float64", "int32", "int64", "uint32", "uint64")


def _clip(sample: Sample) -> onnx.ModelProto:
    """A limit that is not given is an empty name."""
    bounds = {n: Tensor.of(np.array(sample.param(n)), sample.dtype) for n in ("low", "high") if sample.param(n) is not None}
    names = [n if n in bounds else "" for n in ("low", "high")]
    return graph([helper.make_node("Clip", ["x0", *names], ["y"])], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers=bounds)


LOWERINGS = (
    single("minimum", "Min", NUMBERS),
    single("maximum", "Max", NUMBERS),
    single("min_of_many", "Min", NUMBERS),
    single("max_of_many", "Max", NUMBERS),
    Lowering(function="clamp", names=("ai.onnx.Clip",), build=_clip,
    dtypes=("float32", "float64", "float16", "int8", "int32", "int64", "uint8")),
    single("where", "Where", ("float32", "float64", "int32", "int64", "uint8")),
)
