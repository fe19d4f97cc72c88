"""Functions of a model's own: the same numbers when they are written out, and no more nodes than can be counted."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import FunctionProto, NodeProto, TensorProto, helper

from csvkit_ml.references.graphs import GraphError, evaluate, inlined, read_graph

HERE = "here"
X = np.array([-1.5, 0.0, 2.0], np.float32)


def function(name: str, nodes: list[NodeProto]) -> FunctionProto:
    return helper.make_function(HERE, name, ["a"], ["b"], nodes, [helper.make_opsetid("", 18), helper.make_opsetid(HERE, 1)])


def model(functions: list[FunctionProto], nodes: list[NodeProto]) -> bytes:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [3]) for n in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y])
    made = helper.make_model(graph, functions=functions, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(HERE, 1)])
    return bytes(made.SerializeToString())


def own(name: str, given: str, result: str) -> NodeProto:
    return helper.make_node(name, [given], [result], domain=HERE)


def chain(n: int, width: int = 2) -> list[FunctionProto]:
    """Each calls the one before it `width` times."""
    made = [function("f0", [helper.make_node("Neg", ["a"], ["b"])])]
    for k in range(1, n):
        names = ["a", *(f"t{i}" for i in range(width - 1)), "b"]
        made.append(function(f"f{k}", [own(f"f{k - 1}", p, q) for p, q in zip(names, names[1:], strict=False)]))
    return made


def test_functions_inside_functions_compute_what_their_nodes_compute() -> None:
    half = function("half", [helper.make_node("Add", ["a", "a"], ["t"]), helper.make_node("Neg", ["t"], ["b"])])
    whole = function("whole", [own("half", "a", "t"), helper.make_node("Abs", ["t"], ["b"])])
    data = model([half, whole], [own("whole", "x", "m"), own("half", "m", "y")])
    onnx.checker.check_model(onnx.load_model_from_string(data))
    with pytest.raises(GraphError, match="functions of its own"):
        read_graph(data)
    values = evaluate(read_graph(inlined(data)), {"x": X})
    assert values.arrays["y"].tolist() == (-2 * np.abs(-2 * X)).tolist()


def test_a_model_without_functions_stays_as_it_is() -> None:
    data = model([], [helper.make_node("Neg", ["x"], ["y"])])
    assert inlined(data) is data


@pytest.mark.parametrize(
    ("functions", "says"),
    [(chain(40), "deeper"), (chain(12, 4), "nodes when"), ([function("f0", [own("f1", "a", "b")]), function("f1", [own("f0", "a", "b")])], "themselves")],
)
def test_what_cannot_be_counted_is_not_written_out(functions: list[FunctionProto], says: str) -> None:
    with pytest.raises(GraphError, match=says):
        inlined(model(functions, [own(functions[-1].name, "x", "y")]))


def test_as_many_calls_as_fit() -> None:
    values = evaluate(read_graph(inlined(model(chain(9), [own("f8", "x", "y")]))), {"x": X})
    assert values.arrays["y"].tolist() == X.tolist()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(GraphError):
        inlined(b"\xff" * 40)
