"""ONNX lowering: Col2Im (fold) and MaxUnpool, whose places count through all planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _fold(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    given = {k: Tensor.of(np.array(p[k], dtype=np.int64)) for k in ("size", "kernel")}
    pads = [*p["padding"], *p["padding"]]
    made = helper.make_node("Col2Im", ["x0", *given], ["y"], strides=p["stride"], pads=pads, dilations=p["dilation"])
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=18, initialisers=given)


def _unpool(sample: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(sample.params)
    n, c = sample.inputs[0].shape[:2]
    plane = int(np.prod(p["sizes"]))
    constants = {
        "first": Tensor.of((np.arange(n * c) * plane).reshape(n, c, 1, 1).astype(np.int64)),
        "shape": Tensor.of(np.array([n, c, *p["sizes"]], dtype=np.int64)),
    }
    nodes = [
        helper.make_node("Add", ["x1", "first"], ["places"]),
        helper.make_node("MaxUnpool", ["x0", "places", "shape"], ["y"], kernel_shape=p["kernel"], strides=p["stride"]),
    ]
    return graph(nodes, {"x0": sample.inputs[0], "x1": sample.inputs[1]}, {"y": sample.dtype}, initialisers=constants)


LOWERINGS = (
    Lowering(function="fold", names=("ai.onnx.Col2Im",), build=_fold, since="1.15"),
    Lowering(function="max_unpool2d", names=("ai.onnx.MaxUnpool",), build=_unpool),
)
