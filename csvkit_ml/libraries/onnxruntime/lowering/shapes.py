"""ONNX lowering: axes and extents. Extents, axes, repeats and ends are constants of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

MOVED = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
Build = Callable[[Sample], onnx.ModelProto]


def whole(values: Any) -> Tensor:
    """An int64 constant."""
    return Tensor.of(np.array(values, dtype=np.int64))


def with_constants(op: str, sample: Sample, constants: dict[str, Tensor], opset: int = 17, **attributes: Any) -> onnx.ModelProto:
    """A model of one node whose operands are the sample's inputs, fed, and then constants, by name, '' = left out."""
    feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
    made = helper.make_node(op, [*feeds, *constants], ["y"], **attributes)
    return graph([made], feeds, {"y": sample.dtype}, opset=opset, initialisers=constants)


def _by(op: str, *names: str) -> Build:
    """Parameters of these names as constants; None = the operand is left out."""

    def build(sample: Sample) -> onnx.ModelProto:
        p: dict[str, Any] = dict(sample.params)
        return with_constants(op, sample, {n: whole(p[n]) for n in names if p[n] is not None})

    return build


def _slice(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return with_constants("Slice", sample, {n: whole(p[n]) for n in ("starts", "stops", "axes", "steps")})


def _flip(sample: Sample) -> onnx.ModelProto:
    axes = sample.param("axes")
    ends = {"starts": [-1] * len(axes), "ends": [-(2**62)] * len(axes), "axes": axes, "steps": [-1] * len(axes)}
    return with_constants("Slice", sample, {n: whole(v) for n, v in ends.items()})


LOWERINGS = (
    Lowering(
        function="transpose", names=("ai.onnx.Transpose",), build=lambda s: node("Transpose", s, perm=s.param("order") or None),
        dtypes=MOVED
    ),
    Lowering(function="flip", names=("ai.onnx.Slice",), build=_flip, dtypes=MOVED),
    Lowering(
        function="flatten_to_matrix",
        names=("ai.onnx.Flatten",),
        build=lambda s: node("Flatten", s, axis=int(s.param("axis"))),
        dtypes=MOVED,
    ),
    Lowering(function="squeeze", names=("ai.onnx.Squeeze",), build=_by("Squeeze", "axes"), dtypes=MOVED),
    Lowering(function="unsqueeze", names=("ai.onnx.Unsqueeze",), build=_by("Unsqueeze", "axes"), dtypes=MOVED),
    Lowering(function="expand", names=("ai.onnx.Expand",), build=_by("Expand", "shape"), dtypes=MOVED),
    Lowering(function="tile", names=("ai.onnx.Tile",), build=_by("Tile", "repeats"), dtypes=MOVED),
    Lowering(
        function="reshape",
        names=("ai.onnx.Reshape",),
        build=lambda s: with_constants("Reshape", s, {"shape": whole(s.param("shape"))}, allowzero=1 if 0 in s.param("shape") else 0),
        dtypes=MOVED,
    ),
    Lowering(function="slice", names=("ai.onnx.Slice",), build=_slice, dtypes=MOVED),
    Lowering(function="slice_backward", names=("ai.onnx.Slice",), build=_slice, dtypes=MOVED),
)
