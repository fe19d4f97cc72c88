"""ONNX lowering: MaxPool with Indices, which count over the whole tensor: their remainder is the position within a channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _build(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    inner = {"inner": Tensor.of(np.array(np.prod(s.inputs[0].shape[2:]), dtype=np.int64))}
    how = {"kernel_shape": p["kernel"], "strides": p["stride"], "pads": p["padding"] * 2, "dilations": p["dilation"],
           "ceil_mode": int(p["ceil_mode"])}  # fmt: skip
    nodes = [helper.make_node("MaxPool", ["x0"], ["y", "flat"], **how), helper.make_node("Mod", ["flat", "inner"], ["y1"])]
    return graph(nodes, {"x0": s.inputs[0]}, {"y": s.dtype, "y1": "int64"}, initialisers=inner)


LOWERINGS = tuple(
    Lowering(function=f"max_pool{d}d_positions", names=("ai.onnx.MaxPool",), build=_build, dtypes=("float32", "float64")) for d in (1, 2, 3)
)
