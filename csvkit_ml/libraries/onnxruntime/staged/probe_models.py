"""Models of a few nodes, written byte by byte: the tested environment has no onnx package. Field numbers as in onnx.proto."""

from __future__ import annotations

import struct
from typing import Dict, List, Sequence, Tuple

FLOAT, FLOAT16 = 1, 10
_IR, _OPSET = 8, 17


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _number(field: int, n: int) -> bytes:
    return _varint(field << 3) + _varint(n)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _value(name: str, element: int, shape: Sequence[int]) -> bytes:
    dims = b"".join(_bytes(1, _number(1, n)) for n in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, element) + _bytes(2, dims)))


def _ints(name: str, values: Sequence[int]) -> bytes:
    return _bytes(5, _text(1, name) + b"".join(_number(8, v) for v in values) + _number(20, 7))


def _node(op: str, inputs: Sequence[str], output: str, ints: Dict[str, Sequence[int]]) -> bytes:
    ends = b"".join(_text(1, n) for n in inputs) + _text(2, output)
    return ends + _text(3, output) + _text(4, op) + b"".join(_ints(k, v) for k, v in ints.items())


def _model(nodes: List[bytes], inputs: List[bytes], outputs: List[bytes], constants: List[bytes]) -> bytes:
    graph = b"".join(_bytes(1, n) for n in nodes) + _text(2, "probe") + b"".join(_bytes(5, c) for c in constants)
    graph += b"".join(_bytes(11, v) for v in inputs) + b"".join(_bytes(12, v) for v in outputs)
    return _number(1, _IR) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, _OPSET))


def _ones(name: str, shape: Sequence[int]) -> bytes:
    count = 1
    for n in shape:
        count *= n
    return b"".join(_number(1, n) for n in shape) + _number(2, FLOAT) + _text(8, name) + _bytes(9, struct.pack("<f", 1.0) * count)


def product(a: Sequence[int], b: Sequence[int], element: int = FLOAT) -> bytes:
    """y = a @ b."""
    y = (a[0], b[1])
    return _model([_node("MatMul", ("a", "b"), "y", {})], [_value("a", element, a), _value("b", element, b)], [_value("y", element, y)], [])


def convolution(x: Sequence[int], w: Sequence[int]) -> bytes:
    """Stride 1, as many zeros around as keep the extents."""
    node = _node("Conv", ("x", "w"), "y", {"pads": [w[-1] // 2] * 4, "kernel_shape": list(w[2:])})
    return _model([node], [_value("x", FLOAT, x), _value("w", FLOAT, w)], [_value("y", FLOAT, x)], [])


def half(count: int) -> bytes:
    """y = x * h, elementwise."""
    ends = [_value("x", FLOAT, (count,)), _value("h", FLOAT, (count,))]
    return _model([_node("Mul", ("x", "h"), "y", {})], ends, [_value("y", FLOAT, (count,))], [])


def optimisable() -> bytes:
    """A graph that every optimisation level changes in its own way.

    basic removes an identity, extended fuses a product with its activation, all lays out convolutions in blocks of channels.
    """
    nodes = [
        _node("Identity", ("x",), "h", {}),
        _node("Gemm", ("h", "w", "b"), "g", {}),
        _node("Relu", ("g",), "y", {}),
        _node("Conv", ("i", "k"), "z", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
    ]
    inputs = [_value("x", FLOAT, (2, 4)), _value("i", FLOAT, (1, 32, 8, 8))]
    outputs = [_value("y", FLOAT, (2, 4)), _value("z", FLOAT, (1, 32, 8, 8))]
    return _model(nodes, inputs, outputs, [_ones("w", (4, 4)), _ones("b", (4,)), _ones("k", (32, 32, 3, 3))])


def level_of(optimised: bytes, blocked_layouts: bool) -> str:
    """The optimisation level that an optimised `optimisable` shows.

    Args:
        blocked_layouts: this processor has kernels for blocks of channels, so that the last level can be told from the one before.
    """
    signs: Tuple[Tuple[str, bool], ...] = (
        ("none", b"Identity" in optimised),
        ("basic", b"FusedGemm" not in optimised),
        ("extended", blocked_layouts and b"ReorderOutput" not in optimised),
    )
    return next((level for level, seen in signs if seen), "all")
