"""The ONNX backend cases of one release of the `onnx` package, as files of ours.

`onnx_cases.xz` holds the records of all cases one after the other; `onnx_cases.json` says which they are, where each begins, its SHA-256, where
all come from and under which licence, and which published cases are left out and why. A record is a row of parts, each a kind (one byte), a
length (four bytes, big-endian) and so many bytes: the model, then inputs and outputs as the messages in which they are published.
"""

from __future__ import annotations

import json
import lzma
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.reading import tensor

DATA, INDEX = "onnx_cases.xz", "onnx_cases.json"
LARGEST_BYTES = 64 << 20
"""Of all records, unpacked."""
_HEAD = struct.Struct(">cI")
MODEL, INPUT, OUTPUT, INPUTS, OUTPUTS = b"m", b"i", b"o", b"I", b"O"
"""Kinds of parts: the model, tensors, and sequences of tensors."""

Value = Array | tuple[Array, ...]
"""A tensor (texts as objects), or a sequence of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One case in the index."""

    name: str
    """As published."""
    group: str
    """Of the published collection: node, simple, pytorch-converted, pytorch-operator."""
    digest: Digest
    """Of its record."""
    start: int
    size: int
    area: str
    """Which of our functions judges it."""
    route: str
    """How its expected value is known (see truths)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A published case."""

    listed: Listed
    model: bytes
    inputs: tuple[Value, ...]
    """In the order of the model's inputs."""
    outputs: tuple[Value, ...]


def packed(model: bytes, inputs: Iterable[tuple[bool, bytes]], outputs: Iterable[tuple[bool, bytes]]) -> bytes:
    """The record of a case; values are (whether a sequence, message)."""
    parts = [(MODEL, model), *((INPUTS if s else INPUT, v) for s, v in inputs), *((OUTPUTS if s else OUTPUT, v) for s, v in outputs)]
    return b"".join(_HEAD.pack(kind, len(data)) + data for kind, data in parts)


@cache
def index() -> Mapping[str, Any]:
    """Everything that is said about the frozen cases."""
    told: dict[str, Any] = json.loads(files(__package__).joinpath(INDEX).read_bytes())
    return MappingProxyType(told)


@cache
def listed() -> Mapping[str, Listed]:
    """The cases by name, in the order of the file."""
    rows = index()["cases"]
    return MappingProxyType({n: Listed(name=n, group=g, digest=Digest(d), start=at, size=size, area=a, route=r) for n, g, d, at, size, a, r in rows})


@cache
def _records() -> bytes:
    """Raises SuiteError where the file is not the one of the index."""
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    data = unpacker.decompress(files(__package__).joinpath(DATA).read_bytes(), LARGEST_BYTES)
    if not unpacker.eof or sha256(data) != index()["records"]:
        raise SuiteError(f"{DATA} is not the file that {INDEX} describes")
    return data


@cache
def case(name: str) -> Case:
    """Raises SuiteError where the record is not the listed one, KeyError for a name that is none."""
    row = listed()[name]
    record = _records()[row.start : row.start + row.size]
    if sha256(record) != row.digest:
        raise SuiteError(f"the record of {name!r} is not the one that {INDEX} describes")
    parts = list(_parts(record))
    return Case(
        listed=row,
        model=next(data for kind, data in parts if kind == MODEL),
        inputs=tuple(_value(data, kind == INPUTS) for kind, data in parts if kind in (INPUT, INPUTS)),
        outputs=tuple(_value(data, kind == OUTPUTS) for kind, data in parts if kind in (OUTPUT, OUTPUTS)),
    )


def _parts(record: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(record):
        kind, size = _HEAD.unpack_from(record, at)
        at += _HEAD.size
        yield kind, record[at : at + size]
        at += size


def _value(data: bytes, sequence: bool) -> Value:
    import onnx

    if sequence:
        return tuple(_array(t) for t in onnx.SequenceProto.FromString(data).tensor_values)
    return _array(onnx.TensorProto.FromString(data))


def _array(t: Any) -> Array:
    """Its own dtype; texts as objects."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    if t.data_type == onnx.TensorProto.STRING:
        texts = np.array([s.decode("utf-8") for s in t.string_data] or [], dtype=object)
        return texts.reshape(tuple(t.dims))
    if t.data_type in (onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128):
        return np.asarray(numpy_helper.to_array(t))
    return tensor(t)
