"""ONNX lowering: operators of the ONNX family alone. Older ones come in models of the operator set that last had them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, constant, graph, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import whole, with_constants
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

MOVED = ("float32", "float64", "int64", "int32", "uint8", "bool")
REAL = ("float32", "float64")
OLD = 9
"""Last operator set in which the library knows its experimental operators."""


def _constant(s: Sample) -> onnx.ModelProto:
    """The constant and a fed operand that nothing reads."""
    made = helper.make_node("Constant", [], ["y"], value=constant("value", s.inputs[0]))
    return graph([made, helper.make_node("Identity", ["x0"], ["unread"])], {"x0": s.inputs[0]}, {"y": s.dtype})


def _dropout(s: Sample) -> onnx.ModelProto:
    ratio = Tensor.of(np.array(s.param("ratio"), dtype=np.float32))
    made = helper.make_node("Dropout", ["x0", "ratio"], ["y", "y1"])
    return graph([made], {"x0": s.inputs[0]}, {"y": s.dtype, "y1": "bool"}, initialisers={"ratio": ratio})


def _upsample(s: Sample) -> onnx.ModelProto:
    scales = Tensor.of(np.array(s.param("scales"), dtype=np.float32))
    return with_constants("Upsample", s, {"scales": scales}, opset=9, mode="nearest")


def _crop_pad(s: Sample) -> onnx.ModelProto:
    return with_constants("CenterCropPad", s, {"shape": whole(s.param("sizes"))}, opset=18, axes=list(s.param("axes")))


def _rotary(s: Sample) -> onnx.ModelProto:
    """The number of heads is in the shape too; partial rotation is refused without it."""
    heads = s.inputs[0].shape[1]
    return node(
        "RotaryEmbedding", s, opset=23, interleaved=int(s.param("neighbours")), rotary_embedding_dim=int(s.param("part")), num_heads=heads
    )


def _dynamic_slice(s: Sample) -> onnx.ModelProto:
    return with_constants("DynamicSlice", s, {n: whole(s.param(n)) for n in ("starts", "ends")}, opset=OLD)


def _lowering(function: str, op: str, build: Any, dtypes: tuple[str, ...] = ("float32",), since: str = "") -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=build, dtypes=dtypes, since=since)


def _p(s: Sample, *names: str) -> dict[str, Any]:
    return {n: s.param(n) for n in names}


LOWERINGS = (
    _lowering(
        "cast_like",
        "CastLike",
        lambda s: node("CastLike", s, opset=19, outputs=(s.param("to"),)),
        ("float32", "int64", "int32", "float64"),
        since="1.15",
    ),
    _lowering("center_crop_pad", "CenterCropPad", _crop_pad, MOVED, since="1.14"),
    _lowering("constant_value", "Constant", _constant, MOVED),
    _lowering("dropout_in_inference", "Dropout", _dropout, REAL),
    _lowering("scatter_older", "Scatter", lambda s: node("Scatter", s, opset=10, axis=s.param("axis")), MOVED),
    _lowering("upsample_nearest", "Upsample", _upsample, ("float32", "int32", "uint8")),
    _lowering(
        "max_roi_pool", "MaxRoiPool", lambda s: node("MaxRoiPool", s, pooled_shape=s.param("pooled"), spatial_scale=s.param("scale"))
    ),
    _lowering("crop_border", "Crop", lambda s: node("Crop", s, opset=OLD, border=s.param("border"))),
    _lowering("dynamic_slice", "DynamicSlice", _dynamic_slice, ("float32", "int64", "int32")),
    _lowering("sum_of", "Sum", lambda s: node("Sum", s), REAL),
    _lowering("mean_of", "Mean", lambda s: node("Mean", s)),
    _lowering("global_lp_pool", "GlobalLpPool", lambda s: node("GlobalLpPool", s, p=s.param("p"))),
    _lowering("rotary_embedding", "RotaryEmbedding", _rotary, since="1.23"),
    _lowering(
        "rms_normalisation_fused",
        "SimplifiedLayerNormalization",
        lambda s: node("SimplifiedLayerNormalization", s, axis=-1, epsilon=s.param("eps"), stash_type=1),
    ),
    _lowering("affine_all", "Affine", lambda s: node("Affine", s, opset=OLD, **_p(s, "alpha", "beta"))),
    _lowering("image_scaler", "ImageScaler", lambda s: node("ImageScaler", s, opset=OLD, **_p(s, "scale", "bias"))),
)
