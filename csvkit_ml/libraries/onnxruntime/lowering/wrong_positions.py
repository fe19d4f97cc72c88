"""ONNX lowering: operators whose positions, sizes, axes or labels are an input of the model, `i`, beside the data, `x`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

_Node = tuple[str, tuple[str, ...], dict[str, Any]]
"""Operator, operands, attributes."""
_NODES: Mapping[str, _Node] = {
    "gather": ("Gather", ("x", "i"), {"axis": 1}), "embedding": ("Gather", ("words", "i"), {"axis": 0}),
    "gather_elements": ("GatherElements", ("face", "i"), {"axis": 1}), "gather_nd": ("GatherND", ("x", "i"), {}),
    "scatter_elements": ("ScatterElements", ("face", "i", "new"), {"axis": 1}), "scatter_nd": ("ScatterND", ("face", "i", "three"), {}),
    "topk": ("TopK", ("x", "i"), {"axis": 1}),
    "split": ("Split", ("x", "i"), {"axis": 1}), "reshape": ("Reshape", ("x", "i"), {}),
    "expand": ("Expand", ("x", "i"), {}), "sum": ("ReduceSum", ("x", "i"), {}), "unsqueeze": ("Unsqueeze", ("x", "i"), {}),
    "cumsum": ("CumSum", ("x", "axis"), {}), "tile": ("Tile", ("x", "i"), {}), "filled": ("ConstantOfShape", ("i",), {}),
    "nll": ("NegativeLogLikelihoodLoss", ("classes", "i"), {"reduction": "none"}),
    "cross_entropy": ("SoftmaxCrossEntropyLoss", ("classes", "i"), {"reduction": "none"}),
}  # fmt: skip
_OPEN = ("Reshape", "Expand", "ConstantOfShape", "Unsqueeze", "Tile", "ReduceSum", "TopK", "Split")
"""Whose result has a rank that no inference of shapes finds while `i` is open."""
_PARTS: Mapping[str, _Node] = {
    "face": ("ReduceMax", ("x", "last"), {"keepdims": 0}), "words": ("Reshape", ("x", "six"), {}), "classes": ("Gather", ("columns", "four"), {}),
    "columns": ("Reshape", ("x", "by_six"), {}), "axis": ("Squeeze", ("i",), {}),
}  # fmt: skip
"""What an operator reads beside x: the data without the last axis, as six rows, as four rows of six."""


def _constants() -> dict[str, Tensor]:
    whole = {"last": [2], "six": [6, 35], "by_six": [35, 6], "four": [0, 1, 2, 3]}
    given = {k: Tensor.of(np.array(v, dtype=np.int64)) for k, v in whole.items()}
    return given | {"new": Tensor.of(np.zeros((3, 2), dtype=np.float32)), "three": Tensor.of(np.zeros(3, dtype=np.float32))}


def _build(sample: Sample) -> onnx.ModelProto:
    """All outputs are given out; `i` has the rank of the right operand and any number of rows."""
    x, right = sample.inputs[0], np.array(sample.param("right"), dtype=np.int64)
    op, names, given = _NODES[sample.param("operator")]
    before = [*(["columns"] if "classes" in names else []), *(n for n in names if n in _PARTS)]
    nodes = [helper.make_node(_PARTS[n][0], list(_PARTS[n][1]), [n], **_PARTS[n][2]) for n in before]
    out = {"y": "float32"} | ({"y1": "int64" if op == "TopK" else "float32"} if op in ("TopK", "Split") else {})
    nodes.append(helper.make_node(op, list(names), list(out), **given))
    used = {n for node in nodes for n in node.input}
    held = {k: v for k, v in _constants().items() if k in used}
    model = graph(nodes, {"x": x, "i": Tensor.of(right)}, out, opset=18, initialisers=held)
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "many"
    rank = {"reshape": 2, "filled": 2, "expand": 4, "unsqueeze": 4}.get(sample.param("operator"), 3)
    for made in model.graph.output if op in _OPEN else ():
        for k in range(rank):
            made.type.tensor_type.shape.dim.add().dim_param = f"{made.name}{k}"
    return model


LOWERINGS = tuple(
    Lowering(function=f, names=("onnxruntime.InferenceSession",), build=_build, variants=("plain", "opt=none", "threads=2"), paths=())
    for f in ("refuse_wrong_positions", "refuse_wrong_sizes", "refuse_wrong_labels")
)
