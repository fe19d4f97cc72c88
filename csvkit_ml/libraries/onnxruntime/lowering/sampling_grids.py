"""ONNX lowering: GridSample and AffineGrid. Planes are sampled by operator set 16, which the oldest releases have; volumes need set 20."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

PLANAR = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}
"""Names of the modes before operator set 20."""


def _sampled(mode: str) -> Callable[[Sample], onnx.ModelProto]:
    def build(sample: Sample) -> onnx.ModelProto:
        opset, name = (16, PLANAR[mode]) if len(sample.inputs[0].shape) == 4 else (20, mode)
        how = {"padding_mode": sample.param("padding"), "align_corners": int(sample.param("align_corners"))}
        return node("GridSample", sample, opset=opset, mode=name, **how)

    return build


def _affine(sample: Sample) -> onnx.ModelProto:
    size = np.array([sample.inputs[0].shape[0], 2, *sample.param("sizes")], dtype=np.int64)
    made = helper.make_node("AffineGrid", ["x0", "size"], ["y"], align_corners=int(sample.param("align_corners")))
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=20, initialisers={"size": Tensor.of(size)})


LOWERINGS = (
    *(
        Lowering(function=f"grid_sample_{name}", names=("ai.onnx.GridSample",), build=_sampled(name), dtypes=("float32",))
        for name in PLANAR
    ),
    Lowering(function="affine_grid", names=("ai.onnx.AffineGrid",), build=_affine, dtypes=("float32", "float64"), since="1.17"),
)
