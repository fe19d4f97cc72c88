"""A model's bytes as a tensor of fixed size: its length in eight bytes, little-endian, the bytes, zeros."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.tensor import Array

CAPACITY = 1 << 16
"""Bytes of the tensor."""
_HEAD = 8


def packed(data: bytes) -> Array:
    """As uint8 (CAPACITY). Raises ValueError where it is too long."""
    if len(data) > CAPACITY - _HEAD:
        raise ValueError(f"a model of {len(data)} bytes")
    return np.frombuffer((len(data).to_bytes(_HEAD, "little") + data).ljust(CAPACITY, b"\0"), dtype=np.uint8)


def unpacked(tensor: Array) -> bytes:
    """The model's bytes. Raises ValueError where the length says more than there is."""
    raw = tensor.tobytes()
    length = int.from_bytes(raw[:_HEAD], "little")
    if length > len(raw) - _HEAD:
        raise ValueError(f"a length of {length} in {len(raw)} bytes")
    return raw[_HEAD : _HEAD + length]
