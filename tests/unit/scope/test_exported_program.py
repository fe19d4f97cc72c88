"""Exported programs are zip files with a graph as JSON; nothing else in them is read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.scope import Operand
from csvkit_ml.scope import exported_program
from csvkit_ml.scope.exported_program import scope_of_program


def value(*sizes: int, dtype: int = 7) -> dict[str, Any]:
    return {"dtype": dtype, "sizes": [{"as_int": n} if n >= 0 else {"as_expr": {"expr_str": "s0"}} for n in sizes], "device": {"type": "cpu"}}


def argument(name: str, **arg: Any) -> dict[str, Any]:
    return {"name": name, "arg": arg}


def program() -> dict[str, Any]:
    nodes = [
        {
            "target": "torch.ops.aten.conv2d.default",
            "inputs": [
                argument("input", as_tensor={"name": "x"}), argument("weight", as_tensor={"name": "w"}),
                argument("stride", as_ints=[2, 2]), argument("bias", as_none=True),
            ],
        },
        {"target": "torch.ops.aten.cat.default", "inputs": [argument("tensors", as_tensors=[{"name": "x"}, {"name": "w"}]), argument("dim", as_int=1)]},
        {"target": "torch.ops.aten.index.Tensor", "inputs": [argument("self", as_tensor={"name": "x"}),
                                                             argument("indices", as_optional_tensors=[{"as_none": True}, {"as_tensor": {"name": "w"}}])]},
        {"target": "_operator.getitem", "inputs": []},
    ]  # fmt: skip
    return {"torch_version": "2.13.0", "schema_version": {"major": 8},
            "graph_module": {"graph": {"nodes": nodes, "tensor_values": {"x": value(-1, 3, 8, 8), "w": value(4, 3, 3, 3, dtype=13)}}}}  # fmt: skip


def write(folder: Path, entries: dict[str, bytes]) -> Path:
    path = folder / "p.pt2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("place", ["p/models/model.json", "serialized_exported_program.json"])
def test_a_graph_of_either_format(tmp_path: Path, place: str) -> None:
    scope = scope_of_program(write(tmp_path, {place: json.dumps(program()).encode()}))
    uses = {u.operator: u for u in scope.uses}
    assert set(uses) == {"aten::conv2d.default", "aten::cat.default", "aten::index.Tensor", "_operator.getitem"}
    x, w = Operand(dtype="float32", shape=(-1, 3, 8, 8)), Operand(dtype="bfloat16", shape=(4, 3, 3, 3))
    assert uses["aten::conv2d.default"].operands == (x, w)
    assert uses["aten::conv2d.default"].attributes == (("bias", None), ("stride", (2, 2)))
    assert uses["aten::cat.default"].operands == (x, w)
    assert uses["aten::index.Tensor"].operands == (x, Operand(dtype="absent"), w)


def test_code_inside_is_told_and_not_read(tmp_path: Path) -> None:
    scope = scope_of_program(write(tmp_path, {"p/models/model.json": json.dumps(program()).encode(), "p/data/aotinductor/m.so": b"\x7fELF"}))
    assert any("m.so" in p for p in scope.problems)


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"other": b""},
        {"a/models/model.json": b"{}", "b/models/model.json": b"{}"},
        {"p/models/model.json": b"\xff"},
        {"p/models/model.json": b"{}"},
        {"p/models/model.json": b"[" * 100_000},
        {"p/models/model.json": b'{"graph_module":{"graph":{"nodes":[],"tensor_values":{}}}}'},
        {"p/models/model.json": b'{"graph_module":{"graph":{"nodes":[{"target":"t","inputs":[{"name":1}]}],"tensor_values":{}}}}'},
    ],
)
def test_what_is_no_program(tmp_path: Path, entries: dict[str, bytes]) -> None:
    with pytest.raises(ScopeError):
        scope_of_program(write(tmp_path, entries))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported_program, "LARGEST_BYTES", 1000)
    with pytest.raises(ScopeError, match="larger"):
        scope_of_program(write(tmp_path, {"p/models/model.json": b" " * 1_000_000}))


def test_not_a_zip_file(tmp_path: Path) -> None:
    path = tmp_path / "p.pt2"
    whole = write(tmp_path, {"p/models/model.json": json.dumps(program()).encode()}).read_bytes()
    for data in (b"", b"rubbish", whole[:-30], whole[:100]):
        path.write_bytes(data)
        with pytest.raises(ScopeError):
            scope_of_program(path)
    with pytest.raises(ScopeError):
        scope_of_program(tmp_path / "absent.pt2")
