"""ONNX lowering: Identity, Range, EyeLike, ConstantOfShape, Shape, Size. Ends, extents and the value are constants of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, constant, graph, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import MOVED, whole
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _range(sample: Sample) -> onnx.ModelProto:
    ends = {n: Tensor.of(np.array(sample.param(n)), sample.dtype) for n in ("start", "stop", "step")}
    return graph([helper.make_node("Range", list(ends), ["y"])], {}, {"y": sample.dtype}, initialisers=ends)


def _full(sample: Sample) -> onnx.ModelProto:
    value = constant("value", Tensor.of(np.array([sample.param("value")]), sample.dtype))
    made = helper.make_node("ConstantOfShape", ["shape"], ["y"], value=value)
    return graph([made], {}, {"y": sample.dtype}, initialisers={"shape": whole(sample.param("shape"))})


def _shape(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node("Shape", sample, outputs=("int64",), start=p["start"], end=p["end"])


NUMBERS = ("float32", "float64", "int64", "int32")
LOWERINGS = (
    Lowering(function="copy", names=("ai.onnx.Identity",), build=lambda s: node("Identity", s), dtypes=MOVED),
    Lowering(function="arange", names=("ai.onnx.Range",), build=_range, dtypes=(*NUMBERS, "int16")),
    Lowering(function="eye_like", names=("ai.onnx.EyeLike",), build=lambda s: node("EyeLike", s, k=int(s.param("k"))), dtypes=NUMBERS),
    Lowering(function="full", names=("ai.onnx.ConstantOfShape",), build=_full, dtypes=MOVED),
    Lowering(function="extents", names=("ai.onnx.Shape",), build=_shape, dtypes=MOVED),
    Lowering(function="element_count", names=("ai.onnx.Size",), build=lambda s: node("Size", s, outputs=("int64",)), dtypes=MOVED),
)
