"""Introspection of onnxruntime, against objects in memory: no onnxruntime is installed here."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from csvkit_ml.libraries.onnxruntime.staged.inventory import inventory
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.inventory import Inventory, Kernel


class SessionOptions:
    """Stands for the library's."""

    logid = ""

    def add_provider(self) -> None: ...


class InferenceSession:
    """Stands for the library's; making one would show."""

    def __init__(self) -> None:
        raise AssertionError

    def run(self) -> None: ...


def schema(name: str, domain: str, since: int, deprecated: bool = False) -> Any:
    return SimpleNamespace(name=name, domain=domain, since_version=since, deprecated=deprecated)


def kernel(name: str, domain: str, versions: tuple[int, int]) -> Any:
    return SimpleNamespace(
        op_name=name, domain=domain, version_range=versions, provider="CPUExecutionProvider", type_constraints={"T": ["tensor(float)"]}
    )


NATIVE = SimpleNamespace(
    get_all_operator_schema=lambda: [
        schema("Conv", "", 11), schema("Conv", "", 1), schema("Mish", "", 18), schema("Gelu", "com.microsoft", 1),
        schema("Upsample", "", 9), schema("Upsample", "", 10, True),
    ],
    get_all_opkernel_def=lambda: [kernel("Conv", "", (11, 2**31 - 1)), kernel("Conv", "", (1, 10))],
)  # fmt: skip


def library(native: Any, *path: str) -> Any:
    return SimpleNamespace(
        SessionOptions=SessionOptions, InferenceSession=InferenceSession, get_device=lambda: "CPU", version="1", _private=print,
        __name__="tiny_ort", __path__=list(path),
        get_available_providers=lambda: ["CPUExecutionProvider"], capi=SimpleNamespace(onnxruntime_pybind11_state=native),
    )  # fmt: skip


def read(native: Any = NATIVE) -> Inventory:
    return decode(Inventory, canonical(inventory(library(native))))


def test_names_options_and_providers() -> None:
    names = {e.name: e.kind.value for e in read().entries if e.name.startswith("onnxruntime.")}
    assert names == {
        "onnxruntime.SessionOptions": "class", "onnxruntime.SessionOptions.logid": "option",
        "onnxruntime.SessionOptions.add_provider": "option", "onnxruntime.InferenceSession": "class",
        "onnxruntime.InferenceSession.run": "callable", "onnxruntime.get_device": "callable",
        "onnxruntime.get_available_providers": "callable", "onnxruntime.providers.CPUExecutionProvider": "provider",
    }  # fmt: skip


def test_operators_by_domain_opset_and_type() -> None:
    operators = {e.name: e for e in read().entries if e.kind.value == "operator"}
    assert set(operators) == {"ai.onnx.Conv", "ai.onnx.Mish", "ai.onnx.Upsample", "com.microsoft.Gelu"}
    assert operators["ai.onnx.Conv"].opsets == (1, 11)
    types = (("T", ("tensor(float)",)),)
    assert operators["ai.onnx.Conv"].kernels == (
        Kernel(provider="CPUExecutionProvider", since=1, until=10, types=types),
        Kernel(provider="CPUExecutionProvider", since=11, until=0, types=types),
    )
    assert operators["ai.onnx.Mish"].kernels == ()
    assert operators["ai.onnx.Upsample"].tags == ("deprecated",)


def test_what_the_build_does_not_list_is_told() -> None:
    kernels_only = read(SimpleNamespace(get_all_opkernel_def=NATIVE.get_all_opkernel_def))
    assert [e.name for e in kernels_only.entries if e.kind.value == "operator"] == ["ai.onnx.Conv"]
    assert any("does not list its schemas" in m for m in kernels_only.methods)
    assert any("Kernels: this build does not list them" in m for m in read(SimpleNamespace()).methods)


def test_the_training_api_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tiny_ort"
    (package / "training").mkdir(parents=True)
    for folder in (package, package / "training"):
        (folder / "__init__.py").write_text("")
    broken = inventory(library(NATIVE, str(package)))
    assert "Training API: present, but it cannot be imported (ModuleNotFoundError)." in broken["methods"]
    (package / "training" / "api.py").write_text("class Module: ...\nNUMBER = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    names = {e["name"] for e in inventory(library(NATIVE, str(package)))["entries"]}
    assert {n for n in names if "training" in n} == {"onnxruntime.training.api.Module"}


def test_a_build_whose_list_of_kernels_ends_the_process_is_told_and_survived() -> None:
    native = SimpleNamespace(get_all_operator_schema=NATIVE.get_all_operator_schema, get_all_opkernel_def=lambda: os.kill(os.getpid(), signal.SIGKILL))
    found = read(native)
    assert any("ends the process" in m for m in found.methods)
    assert not any(e.kernels for e in found.entries)
