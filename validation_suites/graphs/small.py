"""Two small models as an exporter writes them: weights as constants, a batch of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from csvkit_ml.model.function import seed_for
from csvkit_ml.model.tensor import Array

OPSET = 17


def model(nodes: list[NodeProto], constants: Mapping[str, Array], shape: tuple[int | str, ...], outputs: int) -> ModelProto:
    """From `x` of that shape to `y` of (n, outputs), in float32."""
    made = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(a, n) for n, a in constants.items()],
    )  # fmt: skip
    done = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mlcsv")
    done.ir_version = 8
    return done


def weights(name: str, shape: tuple[int, ...], spread: float) -> Array:
    """Normal numbers, float32."""
    drawn: Any = seed_for("whole_model", name).normal(scale=spread, size=shape)
    return np.asarray(drawn, dtype=np.float32)


def perceptron() -> ModelProto:
    """Two dense layers with normalisation between, and class probabilities."""
    make = helper.make_node
    nodes = [
        make("Gemm", ["x", "w1", "b1"], ["dense1"], name="first", transB=1),
        make("LayerNormalization", ["dense1", "scale", "shift"], ["normal"], name="norm", axis=-1),
        make("Tanh", ["normal"], ["hidden"], name="activation"),
        make("Gemm", ["hidden", "w2", "b2"], ["logits"], name="second", transB=1),
        make("Softmax", ["logits"], ["y"], name="classes", axis=-1),
    ]
    constants = {
        "w1": weights("mlp w1", (32, 20), 0.2), "b1": weights("mlp b1", (32,), 0.1), "scale": 1 + weights("mlp scale", (32,), 0.1),
        "shift": weights("mlp shift", (32,), 0.1), "w2": weights("mlp w2", (5, 32), 0.2), "b2": weights("mlp b2", (5,), 0.1),
    }  # fmt: skip
    return model(nodes, constants, ("n", 20), 5)


def convolutional() -> ModelProto:
    """Two convolutions with batch normalisation, a maximum, an average and a dense layer: what optimisers fold and fuse."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w1"], ["conv1"], name="conv1", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        make("BatchNormalization", ["conv1", "scale", "shift", "mean", "variance"], ["normal1"], name="norm1"),
        make("Relu", ["normal1"], ["relu1"], name="relu1"),
        make("MaxPool", ["relu1"], ["pool1"], name="pool1", kernel_shape=[2, 2], strides=[2, 2]),
        make("Conv", ["pool1", "w2", "b2"], ["conv2"], name="conv2", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        make("Relu", ["conv2"], ["relu2"], name="relu2"),
        make("GlobalAveragePool", ["relu2"], ["average"], name="average"),
        make("Flatten", ["average"], ["flat"], name="flatten"),
        make("Gemm", ["flat", "w3", "b3"], ["y"], name="dense", transB=1),
    ]
    constants = {
        "w1": weights("cnn w1", (16, 3, 3, 3), 0.25), "scale": 1 + weights("cnn scale", (16,), 0.1), "shift": weights("cnn shift", (16,), 0.1),
        "mean": weights("cnn mean", (16,), 0.2), "variance": np.square(1 + weights("cnn variance", (16,), 0.2)),
        "w2": weights("cnn w2", (16, 16, 3, 3), 0.12), "b2": weights("cnn b2", (16,), 0.1), "w3": weights("cnn w3", (10, 16), 0.3),
        "b3": weights("cnn b3", (10,), 0.1),
    }  # fmt: skip
    return model(nodes, constants, ("n", 3, 10, 10), 10)


def batch(name: str, shape: tuple[int, ...]) -> Array:
    """Inputs, float32."""
    return weights(f"{name} inputs", shape, 1.0)


def half(made: ModelProto) -> ModelProto:
    """The same network in float16: constants rounded, operands and results of that type."""
    for i, t in enumerate(made.graph.initializer):
        made.graph.initializer[i].CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float16), t.name))
    for v in (*made.graph.input, *made.graph.output):
        v.type.tensor_type.elem_type = TensorProto.FLOAT16
    return made
