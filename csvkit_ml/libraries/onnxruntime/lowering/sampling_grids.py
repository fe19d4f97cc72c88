"""ONNX lowering: GridSample and AffineGrid of operator set 20."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _sampled(mode: str) -> Callable[[Sample], onnx.ModelProto]:
    return lambda sample: node(
        "GridSample", sample, opset=20, mode=mode, padding_mode=sample.param("padding"), align_corners=int(sample.param("align_corners"))
    )


def _affine(sample: Sample) -> onnx.ModelProto:
    size = np.array([sample.inputs[0].shape[0], 2, *sample.param("sizes")], dtype=np.int64)
    made = helper.make_node("AffineGrid", ["x0", "size"], ["y"], align_corners=int(sample.param("align_corners")))
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=20, initialisers={"size": Tensor.of(size)})


LOWERINGS = (
    *(
        Lowering(function=f"grid_sample_{name}", names=("ai.onnx.GridSample",), build=_sampled(name), dtypes=("float32",), since="1.17")
        for name in ("nearest", "linear", "cubic")
    ),
    Lowering(function="affine_grid", names=("ai.onnx.AffineGrid",), build=_affine, dtypes=("float32", "float64"), since="1.20"),
)
