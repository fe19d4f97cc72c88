"""The serving loop against a runtime in memory: no process, no library."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireRequest, WireTensor
from csvkit_ml.worker import frames, serve


class FakeRuntime(Runtime):
    """Answers by operation name; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[WireRequest] = []
        self.dirtied: list[int] = []

    def apply(self, settings: dict[str, str]) -> dict[str, str]:
        if "bad" in settings:
            raise NotSupported("setting bad")
        return settings

    def describe(self) -> dict[str, str]:
        return {"version": "1"}

    def inventory(self) -> dict[str, Any]:
        return {"methods": [f"asked {len(self.asked)}"], "entries": []}

    def calls(self, request: WireRequest) -> dict[str, bool]:
        if request.op == "unsupported":
            raise NotSupported("calls")
        return {"aten::" + request.variant: True, "aten::shared": request.variant == "out"}

    def dirty(self) -> None:
        self.dirtied.append(len(self.asked))

    def run(self, request: WireRequest) -> list[tuple[str, WireTensor]]:
        self.asked.append(request)
        request.params["seen"] = True
        request.inputs.clear()
        if request.op == "counts":
            return [("y", WireTensor("uint8", (1,), bytes([len(self.asked)])))]
        if request.op == "empty text":
            raise SilentError
        if request.op == "unsupported":
            raise NotSupported("no kernel")
        if request.op == "nonsense":
            return [("y", WireTensor("uint8", (1,), object()))]
        return [("y", WireTensor("float32", (2,), b"12345678")), ("y1", WireTensor("bool", (), b"\x01"))]


class SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError


def ask(runtime: Runtime, *requests: tuple[dict[str, Any], list[bytes]]) -> list[frames.Frame]:
    """Everything that `serve` answers."""
    host, worker = socket.socketpair()
    with host, worker:
        thread = threading.Thread(target=serve.serve, args=(worker, runtime))
        thread.start()
        for head, parts in requests:
            frames.send(host, frames.encode(head), parts)
        host.shutdown(socket.SHUT_WR)
        thread.join()
        worker.shutdown(socket.SHUT_WR)
        got = []
        while (frame := frames.receive(host)) is not None:
            got.append(frame)
        return got


def group(op: str, variants: list[str], kinds: list[str], start: int = 0, stop: int | None = None) -> tuple[dict[str, Any], list[bytes]]:
    stop = len(variants) * len(kinds) if stop is None else stop
    inputs = [["uint8", [2], 2], ["uint8", [0], 0]]
    head = {"op": op, "params": {"k": [1]}, "variants": variants, "kinds": kinds, "from": start, "to": stop, "inputs": inputs}
    return head, [b"ab", b"program"]


def test_equal_results_of_a_group_cross_once() -> None:
    answers = ask(FakeRuntime(), group("same", ["plain", "other"], ["first", "rerun"]))
    spent = [head.pop("ns") for head, _ in answers]
    assert all(isinstance(ns, int) and ns > 0 for ns in spent)
    assert answers[0] == (
        {"i": 0, "k": "produced", "outputs": [["y", "float32", [2], 8], ["y1", "bool", [], 1]]}, b"12345678\x01"
    )  # fmt: skip
    assert answers[1:] == [({"i": i, "k": "same", "as": 0}, b"") for i in (1, 2, 3)]


def test_each_execution_gets_its_own_request() -> None:
    runtime = FakeRuntime()
    ask(runtime, group("counts", ["plain", "other"], ["first", "rerun"]))
    assert [r.variant for r in runtime.asked] == ["plain", "plain", "other", "other"]
    assert all(r.program == b"program" for r in runtime.asked)
    assert len({id(r.params) for r in runtime.asked}) == 4


def test_only_the_part_asked_for_runs_and_dirt_comes_before() -> None:
    runtime = FakeRuntime()
    answers = ask(runtime, group("counts", ["a", "b"], ["fresh_process", "dirty_memory"], 1, 4))
    assert [head["i"] for head, _ in answers] == [1, 2, 3]
    assert [r.variant for r in runtime.asked] == ["a", "b", "b"]
    assert runtime.dirtied == [0, 2]


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("unsupported", {"k": "unsupported", "message": "no kernel"}),
        ("empty text", {"k": "raised", "type": f"{__name__}.SilentError", "message": "(the exception has no text)"}),
    ],
)
def test_exceptions_are_answers(op: str, expected: dict[str, str]) -> None:
    ((head, body),) = ask(FakeRuntime(), group(op, ["plain"], ["first"]))
    assert head == {"i": 0, **expected}
    assert body == b""


def test_a_result_that_is_no_tensor_is_an_exception() -> None:
    ((head, _),) = ask(FakeRuntime(), group("nonsense", ["plain"], ["first"]))
    assert (head["k"], head["type"]) == ("raised", "TypeError")


def test_settings_and_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLCSV_TEST", raising=False)
    setup = {"settings": {"threads": "2"}, "variables": {"MLCSV_TEST": "1"}, "memory": 0}
    answers = ask(FakeRuntime(), (setup, []), ({"describe": True}, []), ({**setup, "settings": {"bad": "1"}}, []))
    assert [head for head, _ in answers] == [
        {"facts": {"threads": "2"}},
        {"facts": {"version": "1"}},
        {"refused": "csvkit_ml.worker.wire.NotSupported: setting bad"},
    ]
    monkeypatch.delenv("MLCSV_TEST")


def test_the_inventory_is_a_body_and_a_refusal_an_answer() -> None:
    ((head, body),) = ask(FakeRuntime(), ({"inventory": True}, []))
    assert (head, body) == ({"inventory": True}, b'{"methods":["asked 0"],"entries":[]}')
    ((head, body),) = ask(Runtime(), ({"inventory": True}, []))
    assert (head, body) == ({"refused": "csvkit_ml.worker.wire.NotSupported: inventory"}, b"")


def test_calls_are_those_of_every_variant_each_once() -> None:
    head, parts = group("two", ["plain", "out"], [], stop=0)
    ((answer, body),) = ask(FakeRuntime(), ({**head, "calls": True}, parts))
    told = {"calls": ["aten::plain", "aten::shared", "aten::out"], "results": ["aten::plain", "aten::shared", "aten::out"]}
    assert (answer, body) == (told, b"")
    ((answer, _),) = ask(FakeRuntime(), ({**head, "op": "unsupported", "calls": True}, parts))
    assert answer == {"refused": "csvkit_ml.worker.wire.NotSupported: calls"}
