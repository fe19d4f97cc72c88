"""Introspection of torch, against a module tree in memory: no torch is installed here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from csvkit_ml.libraries.torch.staged.inventory import NAMESPACES, inventory
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.inventory import Entry, EntryKind, Inventory


def module(name: str, **values: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(values)
    return made


def function(home: str, touched: list[str] | None = None) -> Any:
    def call() -> None:
        (touched if touched is not None else []).append("called")

    call.__module__ = home
    return call


class Tensor:
    """Stands for torch.Tensor."""

    shape = property(lambda self: 1 / 0)

    def exp(self) -> None: ...
    def __add__(self, other: object) -> None: ...
    def __radd__(self, other: object) -> None: ...
    def _private(self) -> None: ...


class Switch:
    """A descriptor that reads and writes a global setting."""

    def __init__(self) -> None:
        self.getter = self.setter = lambda: 1 / 0


class Backend(ModuleType):
    """A module that stands in for another."""

    benchmark = Switch()

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["m"], name)


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, list[str]]:
    touched: list[str] = []
    relu = function("torch._C", touched)
    schemas = {"aten::exp": (None, None, ["Tag.pointwise", "Tag.core"]), "aten::relu.out": None}

    def overload(packet: str, name: str) -> Any:
        return schemas[packet + ("." + name if name else "")]

    core = SimpleNamespace(_dispatch_get_all_op_names=lambda: ["aten::relu.out", "aten::exp", "aten::exp"], _get_operation_overload=overload)
    cudnn = Backend("torch.backends.cudnn")
    vars(cudnn)["m"] = module("inner", version=function("torch.backends.cudnn", touched), sys=sys)
    t = module(
        "torch", __all__=["relu", "Tensor", "pi", "declared_only"], relu=relu, Tensor=Tensor, pi=3.1, unlisted=function("torch"),
        foreign=function("functools"), _hidden=relu, _C=core, nn=None,
    )  # fmt: skip
    tree = {
        "torch": t,
        "torch.nn": module("torch.nn", ReLU=type("ReLU", (), {"__module__": "torch.nn"}), Any=function("typing")),
        "torch.nn.functional": module("torch.nn.functional", relu=relu, os=sys),
        "torch.backends": module("torch.backends", cudnn=cudnn, other=module("elsewhere")),
        "torch.backends.cudnn": cudnn,
    }
    for name in [n for n in NAMESPACES if n not in tree]:
        monkeypatch.setitem(sys.modules, name, None)
    for name, value in tree.items():
        monkeypatch.setitem(sys.modules, name, value)
    return t, touched


def found(t: ModuleType) -> dict[str, Entry]:
    return {e.name: e for e in decode(Inventory, canonical(inventory(t))).entries}


def test_public_names_are_found_by_kind(torch: tuple[ModuleType, list[str]]) -> None:
    entries = found(torch[0])
    assert {n: e.kind.value for n, e in entries.items() if "::" not in n} == {
        "torch.Tensor": "class", "torch.Tensor.__add__": "callable", "torch.Tensor.__radd__": "callable", "torch.Tensor.exp": "callable",
        "torch.Tensor.shape": "property", "torch.relu": "callable", "torch.unlisted": "callable", "torch.nn.ReLU": "class",
        "torch.nn.functional.relu": "callable", "torch.backends.cudnn.benchmark": "option", "torch.backends.cudnn.version": "callable",
    }  # fmt: skip


def test_nothing_is_called(torch: tuple[ModuleType, list[str]]) -> None:
    inventory(torch[0])
    assert torch[1] == []


def test_an_alias_knows_its_identity(torch: tuple[ModuleType, list[str]]) -> None:
    entries = found(torch[0])
    assert entries["torch.nn.functional.relu"].canonical == "torch.relu"
    assert entries["torch.relu"].canonical == "torch.relu"


def test_operators_with_their_tags(torch: tuple[ModuleType, list[str]]) -> None:
    entries = found(torch[0])
    assert entries["aten::exp"].tags == ("core", "pointwise")
    assert entries["aten::relu.out"].tags == ()
    assert (entries["aten::relu.out"].kind, entries["aten::relu.out"].packet) == (EntryKind.OPERATOR, "aten::relu")


def test_what_is_not_there_is_told(torch: tuple[ModuleType, list[str]]) -> None:
    assert "torch.linalg" in inventory(torch[0])["methods"][-1]
