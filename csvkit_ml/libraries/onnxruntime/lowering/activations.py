"""ONNX lowering: activation functions. silu is the pair of Sigmoid and Mul that exporters write."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node, single
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

SHRUNK = ("float32", "float64", "float16")


def _with(function: str, op: str, names: dict[str, str], dtypes: tuple[str, ...] = ("float32",)) -> Lowering:
    """Attributes of the operator from the sample's parameters."""
    return Lowering(
        function=function, names=(f"ai.onnx.{op}",), dtypes=dtypes, build=lambda s: node(op, s, **{a: s.param(p) for a, p in names.items()})
    )


def _channels(sample: Sample) -> onnx.ModelProto:
    """The slope of every channel beside an axis of one element."""
    x, w = sample.inputs
    nodes = [helper.make_node("Unsqueeze", ["x1", "last"], ["slope"]), helper.make_node("PRelu", ["x0", "slope"], ["y"])]
    return graph(nodes, {"x0": x, "x1": w}, {"y": sample.dtype}, initialisers={"last": Tensor.of(np.array([1]))})


def _silu(sample: Sample) -> onnx.ModelProto:
    nodes = [helper.make_node("Sigmoid", ["x0"], ["gate"]), helper.make_node("Mul", ["x0", "gate"], ["y"])]
    return graph(nodes, {"x0": sample.inputs[0]}, {"y": sample.dtype})


def _softplus(sample: Sample) -> onnx.ModelProto:
    """beta by a product before and a quotient after."""
    beta = Tensor.of(np.array(sample.param("beta")), sample.dtype)
    nodes = [
        helper.make_node("Mul", ["x0", "beta"], ["z"]), helper.make_node("Softplus", ["z"], ["p"]),
        helper.make_node("Div", ["p", "beta"], ["y"]),
    ]  # fmt: skip
    return graph(nodes, {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={"beta": beta})


LOWERINGS = (
    _with("elu", "Elu", {"alpha": "alpha"}),
    _with("celu", "Celu", {"alpha": "alpha"}),
    single("selu", "Selu"),
    _with("leaky_relu", "LeakyRelu", {"alpha": "slope"}),
    _with("thresholded_relu", "ThresholdedRelu", {"alpha": "alpha"}),
    _with("hardshrink", "Shrink", {"lambd": "lambd"}, SHRUNK),
    _with("softshrink", "Shrink", {"lambd": "lambd", "bias": "lambd"}, SHRUNK),
    Lowering(function="prelu", names=("ai.onnx.PRelu",), build=_channels),
    Lowering(function="softplus", names=("ai.onnx.Softplus",), build=_softplus),
    Lowering(function="silu", names=("ai.onnx.Sigmoid", "ai.onnx.Mul"), build=_silu, dtypes=("float32", "float64")),
    single("mish", "Mish", opset=18, since="1.14"),
    single("softsign", "Softsign"),
    single("hardsigmoid", "HardSigmoid", alpha=1 / 6, beta=0.5),
    single("hardswish", "HardSwish"),
)
