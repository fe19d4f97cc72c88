"""Frames on a stream socket: total length, head length, JSON head, raw bytes. Used by both sides; standard library only."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any, BinaryIO, Dict, Sequence, Tuple

_PREFIX = struct.Struct("<QI")
MAX_HEAD = 64 * 1024 * 1024
MAX_BODY = 2 * 1024 * 1024 * 1024


class FrameError(Exception):
    """Half a frame, or one that is too large or not JSON."""


class Closed(Exception):
    """The other side closed the stream between two frames."""


def send(sock: socket.socket, head: Dict[str, Any], parts: Sequence[Any] = ()) -> None:
    """Write one frame; `parts` are bytes-like and are joined after the head."""
    text = json.dumps(head, separators=(",", ":")).encode()
    size = sum(len(p) for p in parts)
    sock.sendall(b"".join([_PREFIX.pack(size, len(text)), text, *parts]))


def receive(reader: BinaryIO) -> Tuple[Dict[str, Any], bytes]:
    """(head, body) of the next frame from a buffered reader.

    Raises:
        Closed: end of stream at a frame boundary.
        FrameError: anything else that is not a whole frame.
    """
    prefix = reader.read(_PREFIX.size)
    if not prefix:
        raise Closed()
    if len(prefix) < _PREFIX.size:
        raise FrameError("half a frame")
    size, text_size = _PREFIX.unpack(prefix)
    if size > MAX_BODY or text_size > MAX_HEAD:
        raise FrameError("a frame of %d + %d bytes" % (text_size, size))
    text, body = reader.read(text_size), reader.read(size)
    if len(text) < text_size or len(body) < size:
        raise FrameError("half a frame")
    try:
        head: Dict[str, Any] = json.loads(text)
        return head, body
    except ValueError as e:
        raise FrameError("a head that is not JSON") from e
