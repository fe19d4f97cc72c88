"""ONNX lowering: a small convolutional network, with its weights as constants of the model, as exported models have them."""

from __future__ import annotations

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import VARIANTS, Lowering, graph
from csvkit_ml.model.function import Sample


def _network(sample: Sample) -> onnx.ModelProto:
    make = helper.make_node
    nodes = [
        make("Conv", ["x0", "x1", "x2"], ["c1"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        make("Relu", ["c1"], ["r1"]),
        make("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        make("Conv", ["p1", "x3", "x4"], ["c2"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        make("Relu", ["c2"], ["r2"]),
        make("GlobalAveragePool", ["r2"], ["a"]),
        make("Flatten", ["a"], ["f"]),
        make("Gemm", ["f", "x5", "x6"], ["y"], transB=1),
    ]
    constants = {f"x{i}": t for i, t in enumerate(sample.inputs) if i}
    return graph(nodes, {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers=constants)


LOWERINGS = (
    Lowering(
        function="small_cnn",
        names=("ai.onnx.Conv", "ai.onnx.Relu", "ai.onnx.MaxPool", "ai.onnx.GlobalAveragePool", "ai.onnx.Flatten", "ai.onnx.Gemm"),
        build=_network,
        variants=(*VARIANTS, "parallel"),
    ),
)
