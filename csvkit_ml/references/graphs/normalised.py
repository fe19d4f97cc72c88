"""Softmax and normalisations in double precision, with the error scales of CRITERIA: |x - max| for the first, (|x| + mean|x|) / sd for the second."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.operator import Args, Error, Operator, Results, Seen, given, need, single
from csvkit_ml.references.graphs.reading import Node

Axes = tuple[int, ...]


def _softmax_axes(node: Node, x: Array) -> Axes:
    """One axis, or before opset 13 all from it on."""
    axis = int(node.attributes.get("axis", -1 if node.version >= 13 else 1)) % max(1, x.ndim)
    return (axis,) if node.version >= 13 else tuple(range(axis, x.ndim))


def _shifted(node: Node, x: Array) -> tuple[Array, Array]:
    """x - max, and the sum of its exponentials."""
    axes = _softmax_axes(node, x)
    away = x - x.max(axis=axes, keepdims=True)
    return away, np.exp(away).sum(axis=axes, keepdims=True)


def _softmax(node: Node, args: Args) -> Results:
    away, total = _shifted(node, need(args, 0))
    return (np.exp(away) / total,)


def _log_softmax(node: Node, args: Args) -> Results:
    away, total = _shifted(node, need(args, 0))
    return (away - np.log(total),)


def _length(node: Node, x: Array) -> int:
    return math.prod(x.shape[a] for a in _softmax_axes(node, x))


def _softmax_error(s: Seen) -> Array | float:
    x = need(s.args, 0)
    away, _ = _shifted(s.node, x)
    return s.u * s.outs[0] * (np.abs(away) + s.grown(_length(s.node, x), x.size) + 8)


def _log_softmax_error(s: Seen) -> Array | float:
    x = need(s.args, 0)
    away, total = _shifted(s.node, x)
    return s.u * (np.abs(away) + np.log(total) + s.grown(_length(s.node, x), x.size) + 8)


def _along(x: Array, weight: Array | None, default: float) -> Array:
    """A value for each channel, along axis 1."""
    return np.full(1, default) if weight is None else weight.reshape(1, -1, *(1,) * (x.ndim - 2))


def _batch(node: Node, args: Args) -> Results:
    x = need(args, 0)
    if node.attributes.get("training_mode") or len([o for o in node.outputs if o]) > 1:
        raise ValueError("training is not inference")
    scale, bias, mean, variance = (_along(x, need(args, i), 0.0) for i in range(1, 5))
    return ((x - mean) / np.sqrt(variance + single(node.attributes.get("epsilon", 1e-5))) * scale + bias,)


def _batch_error(s: Seen) -> Array | float:
    x = need(s.args, 0)
    scale, bias, mean, variance = (_along(x, need(s.args, i), 0.0) for i in range(1, 5))
    deviation = np.sqrt(variance + single(s.node.attributes.get("epsilon", 1e-5)))
    return 4 * s.u * ((np.abs(x) + np.abs(mean)) * np.abs(scale) / deviation + np.abs(bias) + np.abs(s.outs[0]))


def _groups(node: Node, x: Array) -> tuple[Array, Axes, Any, Any]:
    """(data in groups, axes of a group, weight and bias from operands): how each normalisation sees its data."""
    if node.op == "GroupNormalization":
        count = int(node.attributes["num_groups"])
        return x.reshape(x.shape[0], count, -1), (2,), 1, 2
    if node.op == "InstanceNormalization":
        return x.reshape(x.shape[0], x.shape[1], -1), (2,), 1, 2
    axis = int(node.attributes.get("axis", -1)) % max(1, x.ndim)
    return x, tuple(range(axis, x.ndim)), 1, 2


def _affine(node: Node, args: Args, x: Array) -> tuple[Array, Array]:
    weight, bias = given(args, 1), given(args, 2)
    if node.op in ("LayerNormalization", "RMSNormalization"):
        return np.ones(1) if weight is None else weight, np.zeros(1) if bias is None else bias
    if node.op == "GroupNormalization" and weight is not None and weight.size != x.shape[1]:
        weight, bias = (None if v is None else np.repeat(v, x.shape[1] // v.size) for v in (weight, bias))
    return _along(x, weight, 1.0), _along(x, bias, 0.0)


def _normalise(node: Node, args: Args) -> Results:
    x = need(args, 0)
    data, axes, _, _ = _groups(node, x)
    weight, bias = _affine(node, args, x)
    root = node.op == "RMSNormalization"
    mean = np.zeros(1) if root else data.mean(axis=axes, keepdims=True)
    deviation = np.sqrt(np.square(data - mean).mean(axis=axes, keepdims=True) + single(node.attributes.get("epsilon", 1e-5)))
    y = ((data - mean) / deviation).reshape(x.shape) * weight + bias
    more = (np.broadcast_to(mean, deviation.shape), 1 / deviation) if node.op == "LayerNormalization" else ()
    return (y, *more)[: max(1, len(node.outputs))]


def _normal_error(s: Seen) -> Array | float:
    x = need(s.args, 0)
    data, axes, _, _ = _groups(s.node, x)
    weight, bias = _affine(s.node, s.args, x)
    mean = 0.0 if s.node.op == "RMSNormalization" else data.mean(axis=axes, keepdims=True)
    deviation = np.sqrt(np.square(data - mean).mean(axis=axes, keepdims=True) + single(s.node.attributes.get("epsilon", 1e-5)))
    count = s.grown(math.prod(data.shape[a] for a in axes), x.size)
    spread = (np.abs(data) + count * np.abs(data).mean(axis=axes, keepdims=True) * (s.node.op != "RMSNormalization")) / deviation
    scale = (2 * spread + (count + 4) * np.abs((data - mean) / deviation)).reshape(x.shape)
    return np.asarray(s.u * (scale * np.abs(weight) + 2 * np.abs(bias) + np.abs(s.outs[0])))


def _lp(node: Node, args: Args) -> Results:
    x, axis, p = need(args, 0), int(node.attributes.get("axis", -1)), int(node.attributes.get("p", 2))
    size = np.abs(x).sum(axis=axis, keepdims=True) if p == 1 else np.sqrt(np.square(x).sum(axis=axis, keepdims=True))
    return (np.divide(x, size, out=np.zeros_like(x), where=size != 0),)


def _local_response(node: Node, args: Args) -> Results:
    x, size = need(args, 0), int(node.attributes["size"])
    alpha, beta, bias = (single(node.attributes.get(k, v)) for k, v in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    squares, channels = np.square(x), x.shape[1]
    near = [squares[:, max(0, c - (size - 1) // 2) : c + size // 2 + 1].sum(axis=1) for c in range(channels)]
    return (x / (bias + alpha / size * np.stack(near, axis=1)) ** beta,)


def _by_length(s: Seen) -> Array | float:
    return (s.grown(max(need(s.args, 0).shape, default=1), s.outs[0].size) + 12) * s.u * np.abs(s.outs[0])


_NORMAL: Error = _normal_error
OPERATORS: dict[str, Operator] = {
    "Softmax": Operator(compute=_softmax, error=_softmax_error), "LogSoftmax": Operator(compute=_log_softmax, error=_log_softmax_error),
    "BatchNormalization": Operator(compute=_batch, error=_batch_error), "LRN": Operator(compute=_local_response, error=_by_length),
    "LpNormalization": Operator(compute=_lp, error=_by_length),
    **{n: Operator(compute=_normalise, error=_NORMAL) for n in (
        "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization",
    )},
}  # fmt: skip
