"""Operators that move, choose, compare or count, by the onnx package's own evaluator: it keeps doubles as they are (tested for every one)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.operator import Args, Operator, Results, Seen, exact, given, need
from csvkit_ml.references.graphs.reading import LARGEST, Node

MOVES = (
    "And", "ArgMax", "ArgMin", "BitShift", "Compress", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Equal", "Expand", "EyeLike",
    "Flatten", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Mod", "NonZero",
    "Not", "OneHot", "Or", "Pad", "Range", "Reshape", "ScatterElements", "ScatterND", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze",
    "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor",
)  # fmt: skip
"""Nothing is rounded in them."""
RECURRENT = {"GRU": ("sigmoid", "tanh"), "LSTM": ("sigmoid", "tanh", "tanh"), "RNN": ("tanh",)}
"""With their activations."""
_KNOWN_RECURRENT = {"hidden_size", "direction", "layout", "linear_before_reset"}
_DRAWS = 4


@lru_cache(maxsize=4096)
def _engine(node: Node) -> Any:
    import onnx
    from onnx.reference import ReferenceEvaluator

    inputs = [onnx.helper.make_value_info(i, onnx.TypeProto()) for i in dict.fromkeys(node.inputs) if i]
    outputs = [onnx.helper.make_value_info(o, onnx.TypeProto()) for o in node.outputs if o]
    return ReferenceEvaluator(onnx.helper.make_graph([node.proto], "one", inputs, outputs), opsets={"": node.version})


def evaluated(node: Node, args: Args) -> Results:
    """One node by the onnx package. Raises ValueError."""
    _room(node, args)
    if node.op == "OneHot":  # the depth may be a list of one; the package takes a number
        args = (args[0], need(args, 1).reshape(()), *args[2:])
    feeds = {name: x for name, x in zip(node.inputs, args, strict=True) if name and x is not None}
    made = iter(_engine(node).run(None, feeds))
    results = tuple(np.asarray(next(made)) if o else np.zeros(0) for o in node.outputs)
    doubles = any(x.dtype == np.float64 for x in args if x is not None)
    if doubles and any(r.dtype.kind == "f" and r.dtype != np.float64 for r in results):
        raise ValueError("it is not evaluated in double precision")
    return results


def _room(node: Node, args: Args) -> None:
    """A shape that data tells may be anything. Raises ValueError."""
    wanted = _WANTED.get(node.op)
    if wanted is not None and not wanted(args) <= LARGEST:
        raise ValueError(f"a result would have more than {LARGEST} elements")


def _numbers(args: Args, index: int) -> list[float]:
    found = given(args, index)
    return [] if found is None else [abs(float(v)) for v in found.ravel()[:64]]


def _expanded(args: Args) -> float:
    shape = tuple(min(int(v), LARGEST + 1) for v in _numbers(args, 1))
    return math.prod(float(n) for n in np.broadcast_shapes(need(args, 0).shape, shape))


def _padded(args: Args) -> float:
    return float(math.prod(n + sum(_numbers(args, 1)) for n in need(args, 0).shape))


def _resized(args: Args) -> float:
    return float(max(need(args, 0).size * math.prod(_numbers(args, 2)), math.prod(_numbers(args, 3))))


_WANTED: dict[str, Callable[[Args], float]] = {
    "ConstantOfShape": lambda args: math.prod(_numbers(args, 0)), "Expand": _expanded, "Pad": _padded, "Resize": _resized,
    "Tile": lambda args: need(args, 0).size * math.prod(_numbers(args, 1)),
    "OneHot": lambda args: need(args, 0).size * math.prod(_numbers(args, 1)),
    "Range": lambda args: (_numbers(args, 0)[0] + _numbers(args, 1)[0]) / _numbers(args, 2)[0],
}  # fmt: skip
"""Elements of a result at most, by the operands that tell its shape."""


def _recurrent(node: Node, args: Args) -> Results:
    """Layers with the usual gates, over whole sequences. Raises ValueError for others."""
    usual = list(RECURRENT[node.op]) * (2 if node.attributes.get("direction") == b"bidirectional" else 1)
    told = {k: v for k, v in node.attributes.items() if k not in _KNOWN_RECURRENT and v != 0}
    if [a.decode().lower() for a in told.pop("activations", ())] not in ([], usual):
        raise ValueError("it is evaluated with its default activations only")
    if told:
        raise ValueError(f"it is not evaluated with {', '.join(sorted(told))}")
    lengths = given(args, 4)
    if lengths is not None and (lengths != need(args, 0).shape[1 if node.attributes.get("layout") else 0]).any():
        raise ValueError("it is not evaluated with sequences of different lengths")
    return evaluated(node, args)


def _recurrent_error(s: Seen) -> Array | float:
    """Mixed stability: a multiple of what operands off by one roundoff do, and a roundoff of saturating functions (Parker 1997)."""
    rng, spread = np.random.default_rng(0), np.zeros_like(s.outs[0])
    for _ in range(_DRAWS):
        off = tuple(x * (1 + s.u * rng.uniform(-1, 1, x.shape)) if x is not None and x.dtype.kind == "f" else x for x in s.args)
        spread = np.maximum(spread, np.abs(_recurrent(s.node, off)[0] - s.outs[0]))
    width = need(s.args, 1).shape[-1] + need(s.args, 2).shape[-1]
    return np.asarray(s.grown(width, s.outs[0].size) * spread.max() + 8 * s.u * np.maximum(1.0, np.abs(s.outs[0])))


def _resize_error(s: Seen) -> Array | float:
    """Coordinates are computed in single precision: their error times the steepest slope, for every axis."""
    x, y = need(s.args, 0), s.outs[0]
    if s.node.attributes.get("mode", b"nearest") == b"nearest":
        return 0.0
    steps = [np.abs(np.diff(x, axis=a)).max() for a in range(x.ndim) if x.shape[a] > 1 and x.shape[a] != y.shape[a]]
    return float(s.u * (16 * float(np.abs(x).max()) + 4 * sum(max(x.shape) * float(step) for step in steps)))


def _quantise(node: Node, args: Args) -> Results:
    """Half to even of x / scale, then the zero point, saturated. Raises ValueError for blocks."""
    x, zero = need(args, 0), given(args, 2)
    if node.attributes.get("block_size"):
        raise ValueError("it is not evaluated in blocks")
    kind = np.dtype("uint8") if zero is None else zero.dtype
    limits = np.iinfo(kind)
    offset = 0 if zero is None else _channels(node, x, zero).astype(np.int64)
    return (np.clip(np.rint(x / _channels(node, x, need(args, 1))) + offset, limits.min, limits.max).astype(kind),)


def _quantise_error(s: Seen) -> Array | float:
    """One step where x / scale lies within two roundoffs of a tie."""
    x = need(s.args, 0)
    exact_ = x / _channels(s.node, x, need(s.args, 1))
    away = np.abs(np.abs(exact_ - np.floor(exact_)) - 0.5)
    return np.where(away <= 2 * (s.source_u or 2.0**-24) * np.abs(exact_), 1.0, 0.0)


def _dequantise(node: Node, args: Args) -> Results:
    x, zero = need(args, 0), given(args, 2)
    if node.attributes.get("block_size"):
        raise ValueError("it is not evaluated in blocks")
    offset = 0 if zero is None else _channels(node, x, zero).astype(np.float64)
    return ((x.astype(np.float64) - offset) * _channels(node, x, need(args, 1)),)


def _channels(node: Node, x: Array, values: Array) -> Array:
    """One for all, or one for each place along the axis."""
    if values.size == 1:
        return values.reshape(())
    shape = [1] * x.ndim
    shape[int(node.attributes.get("axis", 1)) % x.ndim] = values.size
    return values.reshape(shape)


OPERATORS: dict[str, Operator] = {
    **{n: Operator(compute=evaluated, error=exact) for n in MOVES},
    **{n: Operator(compute=_recurrent, error=_recurrent_error) for n in RECURRENT},
    "Resize": Operator(compute=evaluated, error=_resize_error),
    "QuantizeLinear": Operator(compute=_quantise, error=_quantise_error),
    "DequantizeLinear": Operator(compute=_dequantise, error=lambda s: s.u * np.abs(s.outs[0])),
}
