"""Large blobs at rest: differences of 32-bit words, sorted into byte planes, deflated; neighbours of a sweep have near results."""

from __future__ import annotations

import struct
import zlib

import numpy as np

MAGIC = b"mlcsv-packed-1\n"
SMALLEST = 1 << 20
"""Bytes below which a blob is kept as it is."""
LARGEST = 1 << 30
"""Bytes that a packed blob may declare."""
_HEAD = struct.Struct("<Q")


def pack(data: bytes) -> bytes:
    """The packed form, or the data themselves where that is no smaller, or they are no large array of 32-bit words."""
    if not SMALLEST <= len(data) <= LARGEST or len(data) % 4:
        return data
    words = np.frombuffer(data, dtype="<u4")
    planes = np.diff(words, prepend=np.uint32(0)).astype("<u4").view(np.uint8).reshape(-1, 4).T
    packed = MAGIC + _HEAD.pack(len(data)) + zlib.compress(planes.tobytes(), 1)
    return packed if len(packed) < len(data) else data


def unpack(data: bytes) -> bytes | None:
    """What was packed, bounded by the size it declares; None = not a packed blob, or a damaged one."""
    start = len(MAGIC) + _HEAD.size
    if not data.startswith(MAGIC) or len(data) < start:
        return None
    (size,) = _HEAD.unpack_from(data, len(MAGIC))
    if size > LARGEST or size % 4:
        return None
    inflate = zlib.decompressobj()
    try:
        planes = inflate.decompress(data[start:], size)
    except zlib.error:
        return None
    if len(planes) != size or not size:
        return None
    words = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(4, -1).T).view("<u4").reshape(-1)
    return np.cumsum(words, dtype=np.uint32).astype("<u4").tobytes()
