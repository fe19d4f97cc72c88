"""A model's bytes as a tensor of fixed size: its length in eight bytes, little-endian, the bytes, zeros; and faults of models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import ModelProto

from csvkit_ml.model.function import Fault, Function, Results, Sample
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


def altered(id: str, sentence: str, definition: Callable[[Sample], bytes], change: Callable[[ModelProto], None]) -> Fault:
    """The right model of a sample with a change; applies where the change shows."""

    def apply(_: Function, sample: Sample, __: Results) -> Results | None:
        model = onnx.load_model_from_string(definition(sample))
        before = model.SerializeToString(deterministic=True)
        change(model)
        after = model.SerializeToString(deterministic=True)
        return None if after == before else (packed(after),)

    return Fault(id=id, sentence=sentence, apply=apply)
