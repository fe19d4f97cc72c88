"""Answers: what adds up becomes an outcome, everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest

from csvkit_ml.execution.answers import MalformedAnswerError, clean_text, read_outcome
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.observation import Outcome, OutputRef, Produced, Raised, Unsupported


def read(head: dict[str, Any], body: bytes = b"", earlier: dict[int, Outcome] | None = None) -> Outcome:
    return read_outcome(head, body, sha256, earlier or {})


def test_outputs_by_digest() -> None:
    head = {"k": "produced", "outputs": [["y", "bfloat16", [1, 2], 4], ["y1", "float64", [0, 3], 0], ["y2", "bool", [], 1]]}
    assert read(head, b"abcd\x01") == Produced(
        outputs=(
            OutputRef(name="y", dtype="bfloat16", shape=(1, 2), blob=sha256(b"abcd")),
            OutputRef(name="y1", dtype="float64", shape=(0, 3), blob=sha256(b"")),
            OutputRef(name="y2", dtype="bool", shape=(), blob=sha256(b"\x01")),
        )
    )


def test_a_back_reference_is_the_same_outcome() -> None:
    before = read({"k": "produced", "outputs": [["y", "int8", [1], 1]]}, b"x")
    assert read({"k": "same", "as": 3}, earlier={3: before}) is before


def test_exceptions_are_bounded_and_carry_no_addresses() -> None:
    raised = read({"k": "raised", "type": "T" * 999, "message": "at 0x7ffdeadbeef1 \ud800" + "m" * 9999})
    assert isinstance(raised, Raised)
    assert len(raised.type) == 200
    assert len(raised.message) <= 4000
    assert raised.message.startswith("at 0x... ?mmm")
    assert read({"k": "unsupported", "message": None}) == Unsupported(message="None")


def test_clean_text_is_stable() -> None:
    assert clean_text(clean_text("<object at 0x7f12ab34cd56>")) == "<object at 0x...>"
    assert clean_text("mask 0xff") == "mask 0xff"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ({}, b""),
        ({"k": "surprise"}, b""),
        ({"k": "same", "as": 0}, b""),
        ({"k": "same", "as": "0"}, b""),
        ({"k": "same", "as": -1}, b""),
        ({"k": "produced"}, b""),
        ({"k": "produced", "outputs": {}}, b""),
        ({"k": "produced", "outputs": ["y"]}, b""),
        ({"k": "produced", "outputs": [[1, "int8", [1], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int3", [1], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", ["int8"], [1], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", 1, 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [True], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [-1, -1], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [1.0], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [1] * 65, 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [1 << 60], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [2], 1]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [2], 2]]}, b"x"),
        ({"k": "produced", "outputs": [["y", "int8", [1], 1]]}, b"xy"),
    ],
)
def test_what_does_not_add_up_is_refused(head: dict[str, Any], body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(head, body)
