"""Models are read, never executed: subgraphs, functions, external data; what is hostile is refused or told."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.scope import Operand, Scope
from csvkit_ml.scope import onnx_model
from csvkit_ml.scope.onnx_model import scope_of_model

X = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])
Y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)


def write(folder: Path, nodes: list[onnx.NodeProto], *, functions: list[onnx.FunctionProto] | None = None, weights: tuple[onnx.TensorProto, ...] = ()) -> Path:
    graph = helper.make_graph(nodes, "g", [X], [Y], initializer=list(weights))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    path = folder / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, functions=functions or [], ir_version=10).SerializeToString())
    return path


def names(scope: Scope) -> dict[str, int]:
    return {u.operator: u.count for u in scope.uses}


def test_operands_attributes_and_opsets(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones((3, 4), np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("LeakyRelu", ["h"], ["y"], alpha=0.5)]
    scope = scope_of_model(write(tmp_path, nodes, weights=(weights,)))
    assert scope.problems == ()
    leaky, product = scope.uses
    assert leaky.attributes == (("alpha", 0.5),)
    assert leaky.version == 20
    assert leaky.operands == (Operand(dtype="float32", shape=(-1, 4)),)
    assert product.operands == (Operand(dtype="float32", shape=(-1, 3)), Operand(dtype="float32", shape=(3, 4), constant=True))


def test_equal_uses_are_one(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    assert names(scope_of_model(write(tmp_path, nodes))) == {"ai.onnx.Relu": 2}


def test_subgraphs(tmp_path: Path) -> None:
    branches = {n: helper.make_graph([helper.make_node(op, ["x"], ["r"])], n, [], [Y]) for n, op in (("then_branch", "Exp"), ("else_branch", "Log"))}
    for branch in branches.values():
        branch.output[0].name = "r"
    condition = numpy_helper.from_array(np.array(True), "c")
    scope = scope_of_model(write(tmp_path, [helper.make_node("If", ["c"], ["y"], **branches)], weights=(condition,)))
    assert names(scope) == {"ai.onnx.If": 1, "ai.onnx.Exp": 1, "ai.onnx.Log": 1}
    assert next(u for u in scope.uses if u.operator == "ai.onnx.Exp").operands == (Operand(dtype="float32", shape=(-1, 3)),)


def function(name: str, inner: list[onnx.NodeProto]) -> onnx.FunctionProto:
    return helper.make_function("own", name, ["a"], ["b"], inner, [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)])


def test_functions_count_at_every_call(tmp_path: Path) -> None:
    twice = function("Twice", [helper.make_node("Add", ["a", "a"], ["b"])])
    nodes = [helper.make_node("Twice", ["x"], ["h"], domain="own"), helper.make_node("Twice", ["h"], ["y"], domain="own")]
    assert names(scope_of_model(write(tmp_path, nodes, functions=[twice]))) == {"ai.onnx.Add": 2}


def test_functions_that_call_themselves_end(tmp_path: Path) -> None:
    forever = function("Forever", [helper.make_node("Relu", ["a"], ["c"]), helper.make_node("Forever", ["c"], ["b"], domain="own")])
    scope = scope_of_model(write(tmp_path, [helper.make_node("Forever", ["x"], ["y"], domain="own")], functions=[forever]))
    assert {u.operator for u in scope.uses} == {"ai.onnx.Relu"}
    assert sum(u.count for u in scope.uses) == onnx_model.DEEPEST
    assert any("deeper" in p for p in scope.problems)


def test_an_explosion_of_calls_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "NODES", 1000)
    made = [function("F0", [helper.make_node("Relu", ["a"], ["b"])])]
    for n in range(1, 30):
        inner = [helper.make_node(f"F{n - 1}", ["a"], ["c"], domain="own"), helper.make_node(f"F{n - 1}", ["c"], ["b"], domain="own")]
        made.append(function(f"F{n}", inner))
    scope = scope_of_model(write(tmp_path, [helper.make_node("F29", ["x"], ["y"], domain="own")], functions=made))
    assert any("first 1000 nodes" in p for p in scope.problems)


def external(location: str) -> onnx.TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return tensor


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../secret", "", "missing", "link", "..\\secret", "folder", "pipe"])
def test_external_data_elsewhere_is_told_and_never_opened(tmp_path: Path, location: str) -> None:
    home = tmp_path / "home"
    (home / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (home / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(home / "pipe")
    path = write(home, [helper.make_node("Add", ["x", "w"], ["y"])], weights=(external(location),))
    scope = scope_of_model(path)
    assert any("external data" in p and "not opened" in p for p in scope.problems)
    assert not any("external" in k for k, _ in scope.sources[0].details)


def test_external_data_beside_the_model_is_told_by_digest(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"\0" * 4)
    scope = scope_of_model(write(tmp_path, [helper.make_node("Add", ["x", "w"], ["y"])], weights=(external("weights.bin"),)))
    assert scope.problems == ()
    assert dict(scope.sources[0].details)["external data weights.bin"].startswith("sha256:df3f6198")


def test_a_custom_operator_is_a_use_like_any_other(tmp_path: Path) -> None:
    scope = scope_of_model(write(tmp_path, [helper.make_node("Magic", ["x"], ["y"], domain="vendor")]))
    assert names(scope) == {"vendor.Magic": 1}
    assert any("no opset of vendor" in p for p in scope.problems)


def test_what_is_no_model(tmp_path: Path) -> None:
    good = write(tmp_path, [helper.make_node("Relu", ["x"], ["y"])]).read_bytes()
    for data in (b"", b"\0" * 100, b"not a model", good[: len(good) // 2], os.urandom(1000)):
        path = tmp_path / "bad.onnx"
        path.write_bytes(data)
        with pytest.raises(ScopeError):
            scope_of_model(path)
    with pytest.raises(ScopeError):
        scope_of_model(tmp_path / "absent.onnx")
    with pytest.raises(ScopeError):
        scope_of_model(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate((1 << 31) + 1)
    with pytest.raises(ScopeError, match="larger than 2 GiB"):
        scope_of_model(path)


def test_external_data_through_a_linked_folder_is_never_opened(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    (away / "w.bin").write_bytes(b"\0" * 4)
    (home / "weights").symlink_to(away, target_is_directory=True)
    scope = scope_of_model(write(home, [helper.make_node("Add", ["x", "w"], ["y"])], weights=(external("weights/w.bin"),)))
    assert any("external data" in p and "not opened" in p for p in scope.problems)


def test_hostile_names_are_bounded_and_printable(tmp_path: Path) -> None:
    scope = scope_of_model(write(tmp_path, [helper.make_node("Relu", ["x"], ["y"], note="\x1b[2J" + "a" * 10_000)]))
    (value,) = (v for k, v in scope.uses[0].attributes if k == "note")
    assert isinstance(value, str)
    assert len(value) < 300
    assert value.isprintable()
