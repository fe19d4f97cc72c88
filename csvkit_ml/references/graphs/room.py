"""How large a result will be, asked before it is computed: a model may name any shape."""

from __future__ import annotations

import math

import numpy as np

from csvkit_ml.references.graphs.linear import paddings
from csvkit_ml.references.graphs.operator import Args, need
from csvkit_ml.references.graphs.reading import Node


def elements(node: Node, args: Args) -> float:
    """Elements of the result of an operator that combines shapes, or of what is laid out to compute it; 0 for others."""
    shapes = [x.shape for x in args if x is not None]
    if node.op == "MatMul":
        return _product(need(args, 0).shape, need(args, 1).shape)
    if node.op == "Gemm":
        a, b = need(args, 0).shape, need(args, 1).shape
        return float(a[1 if node.attributes.get("transA") else 0] * b[0 if node.attributes.get("transB") else 1])
    if node.op == "Conv":
        x, w = need(args, 0), need(args, 1)
        low, high = paddings(node, x.shape[2:], w.shape[2:])
        places = math.prod(max(0, n + a + b) for n, a, b in zip(x.shape[2:], low, high, strict=True))
        return float(places * max(w.shape[0] * x.shape[0], x.shape[1] * math.prod(w.shape[2:])))
    if node.op == "Einsum":
        return _labels(node.attributes["equation"].decode(), shapes)
    if node.op in _COMBINING:
        return math.prod(float(n) for n in np.broadcast_shapes(*shapes))
    return 0.0


_COMBINING = (
    "Add", "Sub", "Mul", "Div", "Pow", "Sum", "Mean", "Max", "Min", "PRelu", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "Mod", "Where", "BitShift",
)  # fmt: skip


def _product(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    rows, columns = (a[-2] if len(a) > 1 else 1), (b[-1] if len(b) > 1 else 1)
    return rows * columns * math.prod(float(n) for n in np.broadcast_shapes(a[:-2], b[:-2]))


def _labels(equation: str, shapes: list[tuple[int, ...]]) -> float:
    """Of the result, without what an ellipsis stands for."""
    left, _, right = equation.replace(" ", "").partition("->")
    sizes = {label: n for term, shape in zip(left.split(","), shapes, strict=False) if "." not in term for label, n in zip(term, shape, strict=True)}
    return math.prod(float(sizes.get(label, 1)) for label in right)
