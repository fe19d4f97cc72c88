"""Graphs: what is refused, how values get their dtypes, and that drawing estimates what rounding does."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from csvkit_ml.references.graphs import Graph, GraphError, disturbed, evaluate, evaluation, exposed, read_graph, rounded_at_every_operator
from csvkit_ml.references.graphs.reading import LARGEST
from tests.unit.references.graphs.one_node import model, one

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def read(made: onnx.ModelProto) -> Graph:
    return read_graph(made.SerializeToString())


def refused(made: onnx.ModelProto, feeds: dict[str, np.ndarray] | None = None) -> str:  # type: ignore[type-arg]
    with pytest.raises(GraphError) as e:
        evaluate(read(made), {"x0": X} if feeds is None else feeds)
    return str(e.value)


def test_what_is_no_model_is_refused() -> None:
    for data in (b"", b"\xff" * 40, b"not a model"):
        with pytest.raises(GraphError):
            read_graph(data)


def test_external_data_is_never_opened() -> None:
    made, _ = one("Add", X, X)
    tensor = numpy_helper.from_array(X, "c")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="beside.bin")
    made.graph.initializer.append(tensor)
    assert "outside the model" in refused(made)


def test_foreign_code_is_refused() -> None:
    made, _ = one("Relu", X)
    made.graph.node[0].domain = "com.example"
    assert "com.example" in refused(made)
    made, _ = one("Relu", X)
    made.functions.add(name="own", domain="here")
    assert "functions of its own" in refused(made)
    made, _ = one("RandomNormalLike", X)
    assert "RandomNormalLike" in refused(made)


def test_order_and_names_are_checked() -> None:
    late = [helper.make_node("Relu", ["b"], ["c"]), helper.make_node("Relu", ["x0"], ["b"])]
    assert "which nothing gives before" in refused(model(late, {"x0": X}, ("c",)))
    twice = [helper.make_node("Relu", ["x0"], ["c"]), helper.make_node("Abs", ["x0"], ["c"])]
    assert "a second time" in refused(model(twice, {"x0": X}, ("c",)))
    assert "an output twice" in refused(model([helper.make_node("Relu", ["x0"], ["c"])], {"x0": X}, ("c", "c")))
    assert "nothing gives the output" in refused(model([helper.make_node("Relu", ["x0"], ["c"])], {"x0": X}, ("d",)))


def test_feeds_must_fit() -> None:
    made, _ = one("Relu", X)
    assert "not given" in refused(made, {})
    assert "not float64" in refused(made, {"x0": X.astype(np.float64)})
    assert "not [3, 3]" in refused(made, {"x0": np.zeros((3, 3), np.float32)})
    assert "no input 'z'" in refused(made, {"x0": X, "z": X})


def test_a_shape_from_data_cannot_fill_the_memory() -> None:
    for op in ("ConstantOfShape", "Tile", "Expand"):
        operands = ([1 << 20, 1 << 20],) if op == "ConstantOfShape" else (np.ones((1, 1), np.float32), [1 << 20, 1 << 20])
        made, feeds = one(op, *(np.asarray(o) for o in operands))
        assert str(LARGEST) in refused(made, feeds)


def test_shapes_that_combine_cannot_fill_the_memory() -> None:
    tall, wide = np.ones((1 << 15, 1), np.float32), np.ones((1, 1 << 15), np.float32)
    for op in ("Add", "MatMul", "Gemm", "Equal"):
        made, feeds = one(op, tall, wide)
        assert str(LARGEST) in refused(made, feeds)
    made, feeds = one("Einsum", tall, wide, equation="ij,kl->il")
    assert str(LARGEST) in refused(made, feeds)
    made, feeds = one("Conv", np.ones((1, 1, 9, 9), np.float32), np.ones((1, 1, 1, 1), np.float32), pads=[1 << 14] * 4)
    assert str(LARGEST) in refused(made, feeds)


def test_values_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "LARGEST_TOGETHER", 20)
    nodes = [helper.make_node("Abs", ["x0" if i == 0 else f"v{i}"], [f"v{i + 1}"]) for i in range(4)]
    assert "together" in refused(model(nodes, {"x0": X}, ("v4",)))


def test_values_keep_the_dtypes_of_the_model() -> None:
    nodes = [
        helper.make_node("Cast", ["x0"], ["half"], to=TensorProto.FLOAT16), helper.make_node("Add", ["half", "half"], ["sum"]),
        helper.make_node("Shape", ["sum"], ["shape"]), helper.make_node("Greater", ["sum", "half"], ["more"]),
        helper.make_node("Cast", ["sum"], ["wide"], to=TensorProto.DOUBLE),
    ]  # fmt: skip
    graph = read(model(nodes, {"x0": X + np.float32(0.1)}, ("wide",)))
    values = evaluate(graph, {"x0": X + np.float32(0.1)})
    assert [values.dtypes[n] for n in ("half", "sum", "shape", "more", "wide")] == ["float16", "float16", "int64", "bool", "float64"]
    assert values.arrays["half"][0, 0] == np.float64(np.float32(0.1)), "rounding belongs to the error, not to the value"
    assert "shape" not in values.follow
    assert "wide" in values.follow
    rounded = evaluate(graph, {"x0": X + np.float32(0.1)}, rounded_at_every_operator)
    assert rounded.arrays["half"][0, 0] == np.float64(np.float16(np.float32(0.1)))
    assert exposed(graph) == ("wide", "half", "sum", "shape", "more")


def test_a_branch_is_chosen_by_data() -> None:
    def branch(op: str) -> onnx.GraphProto:
        return helper.make_graph([helper.make_node(op, ["x0"], ["b"])], op, [], [onnx.ValueInfoProto(name="b")])

    nodes = [
        helper.make_node("ReduceMax", ["x0"], ["top"], keepdims=0), helper.make_node("Greater", ["top", "limit"], ["large"]),
        helper.make_node("If", ["large"], ["y"], then_branch=branch("Neg"), else_branch=branch("Exp")),
    ]  # fmt: skip
    graph = read(model(nodes, {"x0": X}, ("y",), {"limit": np.float32(3)}))
    assert np.array_equal(evaluate(graph, {"x0": X}).arrays["y"], -X)
    assert np.allclose(evaluate(graph, {"x0": X / 2}).arrays["y"], np.exp(X / 2))


def test_drawing_sees_condition_and_leaves_what_is_exact() -> None:
    """(x + 1) - 1: the rounding of the sum stays; a maximum of inputs is exact; classes move only at a tie."""
    nodes = [
        helper.make_node("Add", ["x0", "one"], ["a"]), helper.make_node("Sub", ["a", "one"], ["y"]), helper.make_node("Relu", ["x0"], ["z"]),
        helper.make_node("ArgMax", ["y"], ["c"], axis=1),
    ]  # fmt: skip
    x = np.array([[1e-4, 2e-4, 3e-4], [1e-4, 1e-4, 1e-4 * (1 + 2e-7)]], dtype=np.float32)
    graph = read(model(nodes, {"x0": x}, ("y", "z", "c"), {"one": np.float32(1)}))
    _, (y, z, c) = disturbed(graph, {"x0": x})
    assert np.all((y.moved > 2.0**-26) & (y.moved < 2.0**-23))
    assert not z.moved.any()
    assert c.moved[0, 0] == 0
    assert c.moved[1, 0] > 0


def test_drawing_is_the_same_every_time() -> None:
    made, feeds = one("MatMul", X, np.ones((3, 2), np.float32))
    a, b = (disturbed(read(made), feeds)[1][0].moved for _ in range(2))
    assert np.array_equal(a, b)
    assert a.any()


def test_a_shape_that_rounding_decides_is_told() -> None:
    nodes = [helper.make_node("Mul", ["x0", "third"], ["t"]), helper.make_node("Greater", ["t", "one"], ["m"]), helper.make_node("NonZero", ["m"], ["y"])]
    x = np.full((3, 7), 3, dtype=np.float32)
    graph = read(model(nodes, {"x0": x}, ("y",), {"third": np.float32(1 / 3), "one": np.float32(1)}))
    assert np.isinf(disturbed(graph, {"x0": x})[1][0].moved).all()
