"""ONNX lowering: tensors of no dimension and axes longer than 2^24."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

OPERATOR = {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "reciprocal": "Reciprocal",
        "ceil": "Ceil",
    "floor": "Floor", "round": "Round", "sin": "Sin", "erf": "Erf", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos",
        "atan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh", "atanh": "Atanh",
}  # fmt: skip
REDUCTION = {"sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd", "amax": "ReduceMax", "amin": "ReduceMin"}
_FEW = ("plain", "opt=none", "threads=2")
Nodes = list[onnx.NodeProto]


def _number(*values: int) -> Tensor:
    return Tensor.of(np.array(values, dtype=np.int64))


def _scalar(s: Sample) -> onnx.ModelProto:
    return node(OPERATOR[str(s.param("of"))], s)


def _reduced(s: Sample) -> onnx.ModelProto:
    return node(REDUCTION[str(s.param("of"))], s, opset=18, keepdims=0)


def _long(tail: Callable[[Sample], tuple[Nodes, dict[str, Tensor]]], output: str = "") -> Callable[[Sample], onnx.ModelProto]:
    def build(s: Sample) -> onnx.ModelProto:
        nodes, given = tail(s)
        made = [helper.make_node("Tile", ["x0", "turns"], ["many"]), helper.make_node("Concat", ["many", "x1"], ["v"], axis=0), *nodes]
        feeds = {f"x{i}": t for i, t in enumerate(s.inputs)}
        return graph(made, feeds, {"y": output or s.dtype}, initialisers={"turns": _number(s.param("turns")), **given})

    return build


def _sum(s: Sample) -> tuple[Nodes, dict[str, Tensor]]:
    return [helper.make_node("ReduceSum", ["v"], ["y"], keepdims=0)], {}


def _argmax(s: Sample) -> tuple[Nodes, dict[str, Tensor]]:
    return [helper.make_node("ArgMax", ["v"], ["y"], axis=0, keepdims=0)], {}


def _cumsum(s: Sample) -> tuple[Nodes, dict[str, Tensor]]:
    given = {"zero": Tensor.of(np.array(0, dtype=np.int64)), "from": _number(-7), "to": _number(2**62)}
    return [helper.make_node("CumSum", ["v", "zero"], ["sums"]), helper.make_node("Slice", ["sums", "from", "to"], ["y"])], given


def _gather(s: Sample) -> tuple[Nodes, dict[str, Tensor]]:
    n = s.param("turns") * s.inputs[0].shape[0] + 4
    return [helper.make_node("Gather", ["v", "at"], ["y"])], {"at": _number(0, 2**24 - 1, 2**24, 2**24 + 1, n - 3, n - 1)}


def _lowering(function: str, op: str, tail: Callable[[Sample], tuple[Nodes, dict[str, Tensor]]], dtypes: tuple[str, ...],
    out: str = "") -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=_long(tail, out), dtypes=dtypes, variants=_FEW, paths=())


LOWERINGS = (
    Lowering(function="operator_of_scalar", names=tuple(f"ai.onnx.{op}" for op in OPERATOR.values()), build=_scalar),
    Lowering(function="reduction_of_scalar", names=tuple(f"ai.onnx.{op}" for op in REDUCTION.values()), build=_reduced),
    _lowering("sum_of_long", "ReduceSum", _sum, ("float32", "int64", "int32", "float64")),
    _lowering("argmax_of_long", "ArgMax", _argmax, ("float32", "int32", "float64"), "int64"),
    _lowering("cumsum_of_long", "CumSum", _cumsum, ("float32", "float64", "int64")),
    _lowering("index_of_long", "Gather", _gather, ("float32", "int64", "uint8")),
)
