"""Graphs made in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from csvkit_ml.model.tensor import Array


def model(
    nodes: list[onnx.NodeProto], feeds: Mapping[str, Array], outputs: tuple[str, ...], constants: Mapping[str, Array] | None = None, opset: int = 20
) -> onnx.ModelProto:
    """A model whose inputs are declared as what is fed."""
    element = helper.np_dtype_to_tensor_dtype
    graph = helper.make_graph(
        nodes, "test", [helper.make_tensor_value_info(n, element(a.dtype), list(a.shape)) for n, a in feeds.items()],
        [onnx.ValueInfoProto(name=o) for o in outputs], [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 9
    return made


def one(op: str, *operands: Any, results: int = 1, opset: int = 20, **attributes: Any) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """A model of one node and its feeds; None = an operand left out."""
    feeds = {f"x{i}": np.asarray(a) for i, a in enumerate(operands) if a is not None}
    names = [f"x{i}" if a is not None else "" for i, a in enumerate(operands)]
    outputs = tuple(f"y{i}" for i in range(results))
    return model([helper.make_node(op, names, list(outputs), name="it", **attributes)], feeds, outputs, opset=opset), feeds
