"""ONNX lowering: RoiAlign and NonMaxSuppression."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _align(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    return node(
        "RoiAlign", sample, mode=p["mode"], output_height=p["bins"][0], output_width=p["bins"][1], sampling_ratio=p["ratio"],
        spatial_scale=p["scale"], coordinate_transformation_mode=p["coordinates"],
    )  # fmt: skip


def _suppress(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    given = {"most": Tensor.of(np.array([p["most"]], dtype=np.int64)), "iou": Tensor.of(np.array([p["iou"]], dtype=np.float32))}
    if p["score"] is not None:
        given["score"] = Tensor.of(np.array([p["score"]], dtype=np.float32))
    made = helper.make_node("NonMaxSuppression", ["x0", "x1", *given], ["y"], center_point_box=int(p["centred"]))
    return graph([made], {"x0": sample.inputs[0], "x1": sample.inputs[1]}, {"y": "int64"}, initialisers=given)


LOWERINGS = (
    Lowering(function="roi_align", names=("ai.onnx.RoiAlign",), build=_align, dtypes=("float32", "float64")),
    Lowering(function="roi_align_max", names=("ai.onnx.RoiAlign",), build=_align, dtypes=("float32", "float64")),
    Lowering(function="non_max_suppression", names=("ai.onnx.NonMaxSuppression",), build=_suppress),
)
