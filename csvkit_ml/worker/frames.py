"""Frames: how host and worker talk over a stream socket. Standard library only; both sides use this file.

A frame is a fixed prefix (length of head, length of body; little-endian), a JSON object (head) and raw bytes (body).
Sizes are bounded before anything is allocated; a stream that ends inside a frame is an error, one that ends between frames is the end.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Union

PREFIX = struct.Struct("<IQ")
MAX_HEAD = 1 << 22
"""Bytes of a head."""
MAX_BODY = 1 << 32
"""Bytes of a body."""
_JOIN = 1 << 16
"""Bodies up to this size are copied behind their head, so that a small frame is one write."""

Frame = Tuple[Dict[str, Any], bytes]
Head = Dict[str, Any]


class FrameError(Exception):
    """Bytes that are not a frame, or half of one."""


def encode(head: Head) -> bytes:
    """A head as compact JSON (NaN and infinities as Python's json writes them)."""
    return json.dumps(head, separators=(",", ":")).encode("utf-8")


def pack(head: bytes, parts: Sequence[bytes] = ()) -> Tuple[bytes, ...]:
    """A frame as buffers to send one after the other.

    Args:
        head: of `encode`.
        parts: the body, in pieces.
    """
    size = sum(map(len, parts))
    if len(head) > MAX_HEAD or size > MAX_BODY:
        raise FrameError(f"a frame of {len(head)} + {size} bytes is too large")
    start = PREFIX.pack(len(head), size) + head
    if size <= _JOIN:
        return (b"".join((start, *parts)),)
    return (start, *parts)


class Decoder:
    """Frames out of a stream that arrives in arbitrary pieces."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._buffer = bytearray()
        self._max_body = max_body

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._buffer += data

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame."""
        return len(self._buffer)

    def frames(self) -> Iterator[Frame]:
        """Every complete frame so far. Raises FrameError."""
        buffer = self._buffer
        while len(buffer) >= PREFIX.size:
            head_size, body_size = _sizes(buffer, self._max_body)
            start = PREFIX.size + head_size
            if len(buffer) < start + body_size:
                return
            head = _head(bytes(buffer[PREFIX.size : start]))
            body = bytes(memoryview(buffer)[start : start + body_size])
            del buffer[: start + body_size]
            yield head, body


def _sizes(prefix: Union[bytes, bytearray], max_body: int) -> Tuple[int, int]:
    head_size, body_size = PREFIX.unpack_from(prefix)
    if head_size > MAX_HEAD or body_size > max_body:
        raise FrameError(f"not a frame: it announces {head_size} + {body_size} bytes")
    return head_size, body_size


def _head(text: bytes) -> Head:
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise FrameError(f"the head of a frame is not JSON: {e}") from None
    if not isinstance(head, dict):
        raise FrameError("the head of a frame is not an object")
    return head


def send(link: socket.socket, head: bytes, parts: Sequence[bytes] = ()) -> None:
    """Write one frame to a blocking socket."""
    for piece in pack(head, parts):
        link.sendall(piece)


def receive(link: socket.socket, prefix: bytes = b"") -> Optional[Frame]:
    """Read one frame from a blocking socket; None where the stream ends between frames.

    Args:
        prefix: bytes of the frame that were read already.

    Raises:
        FrameError: the stream ends inside a frame, or the bytes are no frame.
    """
    start = prefix + _exactly(link, PREFIX.size - len(prefix), at_boundary=not prefix)
    if not start:
        return None
    head_size, body_size = _sizes(start, MAX_BODY)
    return _head(_exactly(link, head_size)), _exactly(link, body_size)


def _exactly(link: socket.socket, size: int, at_boundary: bool = False) -> bytes:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        n = link.recv_into(view[got:])
        if n == 0:
            if at_boundary and got == 0:
                return b""
            raise FrameError(f"the stream ended inside a frame ({got} of {size} bytes)")
        got += n
    return bytes(data)
