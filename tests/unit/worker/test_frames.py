"""Frames: round trip in any pieces; half a frame, garbage and excess are errors."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.worker import frames

VALUES = st.one_of(st.integers(), st.text(max_size=20), st.lists(st.integers(0, 9), max_size=4))
HEADS = st.dictionaries(st.text(max_size=8), VALUES, max_size=4)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    a, b = socket.socketpair()
    with a, b:
        yield a, b


@given(st.lists(st.tuples(HEADS, st.lists(st.binary(max_size=50), max_size=3)), max_size=5), st.integers(1, 40))
def test_any_pieces_give_the_frames_back(sent: list[tuple[dict[str, object], list[bytes]]], step: int) -> None:
    stream = b"".join(b"".join(frames.pack(frames.encode(head), parts)) for head, parts in sent)
    decoder, got = frames.Decoder(), []
    for i in range(0, len(stream), step):
        decoder.feed(stream[i : i + step])
        got += list(decoder.frames())
    assert got == [(head, b"".join(parts)) for head, parts in sent]
    assert decoder.pending == 0


def test_non_finite_numbers_and_large_bodies_cross(pair: tuple[socket.socket, socket.socket]) -> None:
    head = {"params": {"a": float("inf"), "b": -0.0, "c": 0.1, "d": 2**70}}
    pieces = frames.pack(frames.encode(head), [b"x" * 70_000, b"y"])
    assert len(pieces) == 3
    decoder = frames.Decoder()
    for piece in pieces:
        decoder.feed(piece)
    ((got, body),) = decoder.frames()
    assert str(got) == str(head)
    assert body == b"x" * 70_000 + b"y"
    frames.send(pair[0], frames.encode(head), [b"12", b"3"])
    again = frames.receive(pair[1])
    assert again is not None
    assert str(again[0]) == str(head)
    assert again[1] == b"123"


def test_end_between_frames_and_inside_one(pair: tuple[socket.socket, socket.socket]) -> None:
    whole = b"".join(frames.pack(b"{}", [b"abc"]))
    pair[0].sendall(whole + whole[:7])
    pair[0].shutdown(socket.SHUT_WR)
    assert frames.receive(pair[1]) == ({}, b"abc")
    with pytest.raises(frames.FrameError, match="7 of 12"):
        frames.receive(pair[1])


def test_end_at_once_is_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].shutdown(socket.SHUT_WR)
    assert frames.receive(pair[1]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 12,
        struct.pack("<IQ", 2, frames.MAX_BODY + 1) + b"{}",
        struct.pack("<IQ", 2, 0) + b"[]",
        struct.pack("<IQ", 2, 0) + b"{{",
        struct.pack("<IQ", 1, 0) + b"\xff",
        struct.pack("<IQ", 200_000, 0) + b"[" * 200_000,
    ],
)
def test_garbage_is_an_error(data: bytes, pair: tuple[socket.socket, socket.socket]) -> None:
    decoder = frames.Decoder()
    decoder.feed(data)
    with pytest.raises(frames.FrameError):
        list(decoder.frames())


def test_a_decoder_refuses_more_than_its_own_limit() -> None:
    decoder = frames.Decoder(max_body=10)
    decoder.feed(struct.pack("<IQ", 2, 11) + b"{}")
    with pytest.raises(frames.FrameError, match="11 bytes"):
        list(decoder.frames())


def test_too_large_to_send() -> None:
    with pytest.raises(frames.FrameError):
        frames.pack(b"x" * (frames.MAX_HEAD + 1))
