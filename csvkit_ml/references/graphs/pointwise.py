"""Elementwise operators in double precision. Transcendental ones are granted 8 u |y|, which is 4 units in the last place at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references.graphs.operator import (
    Args,
    Compute,
    Error,
    Operator,
    Results,
    Seen,
    absolute,
    exact,
    given,
    need,
    relative,
    single,
)
from csvkit_ml.references.graphs.reading import Node, dtype_of

Unary = Callable[..., Any]


def _of(f: Unary, **defaults: float) -> Compute:
    """A function of one operand, and of attributes with these defaults."""

    def compute(node: Node, args: Args) -> Results:
        return (np.asarray(f(need(args, 0), *(single(node.attributes.get(k, v)) for k, v in defaults.items()))),)

    return compute


def _fold(f: Unary, mean: bool = False) -> Compute:
    def compute(_: Node, args: Args) -> Results:
        made = need(args, 0)
        for x in args[1:]:
            made = f(made, x)
        return (np.asarray(made / len(args) if mean else made),)

    return compute


def _pair(f: Unary) -> Compute:
    return lambda _, args: (np.asarray(f(need(args, 0), need(args, 1))),)


def _divide(a: Array, b: Array) -> Array:
    """Integers: truncated towards zero."""
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    quotient = np.abs(a) // np.maximum(np.abs(b), 1)
    return np.asarray(np.where((a < 0) != (b < 0), -quotient.astype(a.dtype), quotient)).astype(a.dtype)


def _power(a: Array, b: Array) -> Array:
    return np.asarray(np.power(a, b)).astype(a.dtype)


def _clip(node: Node, args: Args) -> Results:
    x = need(args, 0)
    for bound, f, name in ((given(args, 1), np.maximum, "min"), (given(args, 2), np.minimum, "max")):
        limit = bound if bound is not None else node.attributes.get(name)
        x = x if limit is None else np.asarray(f(x, limit)).astype(x.dtype)
    return (x,)


def _cast(node: Node, args: Args) -> Results:
    """Floating-point values stay in double: the narrower format's rounding is part of the error."""
    x = need(args, 0)
    like = given(args, 1) if node.op == "CastLike" else None
    name = like.dtype.name if like is not None else dtype_of(int(node.attributes["to"]))
    return (x.astype(np.float64 if DTYPES[name].kind in "fV" else DTYPES[name]),)


def _cast_error(s: Seen) -> Array | float:
    y = s.outs[0]
    return s.u * np.abs(y) if y.dtype.kind == "f" and s.u > s.source_u and s.args[0] is not None and s.args[0].dtype.kind != "b" else 0.0


def _sigmoid(x: Array) -> Array:
    return np.asarray(special.expit(x))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, x))


def _gelu(node: Node, args: Args) -> Results:
    x = need(args, 0)
    if node.attributes.get("approximate", b"none") == b"tanh":
        return (0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),)
    return (x * special.ndtr(x),)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu(x: Array, alpha: float, gamma: float) -> Array:
    return gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _celu(x: Array, alpha: float) -> Array:
    return np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _size(s: Seen) -> Array:
    return np.abs(s.args[0] if s.args[0] is not None else 0.0)


def _terms(s: Seen) -> Array | float:
    """A sum of k operands: k - 1 roundings of partial sums."""
    if s.outs[0].dtype.kind != "f":
        return 0.0
    total: Any = sum(np.abs(x) for x in s.args if x is not None)
    return max(1, len(s.args) - 1) * s.u * total if len(s.args) > 2 else s.u * np.abs(s.outs[0])


def _mean_terms(s: Seen) -> Array | float:
    total: Any = sum(np.abs(x) for x in s.args if x is not None)
    return np.asarray(s.u * total)


def _saturating(f: Unary, **defaults: float) -> Operator:
    return Operator(compute=_of(f, **defaults), error=absolute(4.0, lambda s: 1.0))


def _gated(f: Unary, **defaults: float) -> Operator:
    return Operator(compute=_of(f, **defaults), error=absolute(4.0, _size))


def _plain(f: Unary, roundings: float = 8.0, **defaults: float) -> Operator:
    return Operator(compute=_of(f, **defaults), error=relative(roundings) if roundings else exact)


def _same(node: Node, args: Args) -> Results:
    x = need(args, 0)
    return (x, np.ones(x.shape, dtype=bool))[: max(1, len(node.outputs))]


def _operator(compute: Compute, error: Error) -> Operator:
    return Operator(compute=compute, error=error)


OPERATORS: dict[str, Operator] = {
    "Add": _operator(_pair(np.add), relative(1)), "Sub": _operator(_pair(np.subtract), relative(1)),
    "Mul": _operator(_pair(np.multiply), relative(1)), "Div": _operator(_pair(_divide), relative(1)),
    "Pow": _operator(_pair(_power), relative(8)), "Sum": _operator(_fold(np.add), _terms),
    "Mean": _operator(_fold(np.add, mean=True), _mean_terms), "Max": _operator(_fold(np.maximum), exact),
    "Min": _operator(_fold(np.minimum), exact), "PRelu": _operator(_pair(lambda x, a: np.where(x < 0, a * x, x)), relative(1)),
    "Neg": _plain(np.negative, 0), "Abs": _plain(np.abs, 0), "Floor": _plain(np.floor, 0), "Ceil": _plain(np.ceil, 0),
    "Round": _plain(np.rint, 0), "Sign": _plain(np.sign, 0), "Relu": _plain(lambda x: np.maximum(x, 0), 0),
    "Sqrt": _plain(np.sqrt, 1), "Reciprocal": _plain(np.reciprocal, 1), "Exp": _plain(np.exp), "Log": _plain(np.log),
    "Sin": _saturating(np.sin), "Cos": _saturating(np.cos), "Tan": _plain(np.tan), "Asin": _plain(np.arcsin), "Acos": _plain(np.arccos),
    "Atan": _plain(np.arctan), "Sinh": _plain(np.sinh), "Cosh": _plain(np.cosh), "Asinh": _plain(np.arcsinh), "Acosh": _plain(np.arccosh),
    "Atanh": _plain(np.arctanh), "Tanh": _saturating(np.tanh), "Sigmoid": _saturating(_sigmoid), "Erf": _saturating(special.erf),
    "Softplus": _saturating(_softplus), "Softsign": _plain(lambda x: x / (1 + np.abs(x)), 3),
    "LeakyRelu": _plain(lambda x, a: np.where(x < 0, a * x, x), 2, alpha=0.01),
    "Elu": _gated(_elu, alpha=1.0), "Selu": _gated(_selu, alpha=1.67326319217681884765625, gamma=1.05070102214813232421875),
    "Celu": _gated(_celu, alpha=1.0), "ThresholdedRelu": _plain(lambda x, a: np.where(x > a, x, 0.0), 0, alpha=1.0),
    "HardSigmoid": _saturating(lambda x, a, b: np.clip(a * x + b, 0, 1), alpha=0.2, beta=0.5),
    "HardSwish": _gated(lambda x: x * np.clip(x / 6 + 0.5, 0, 1)), "Mish": _gated(lambda x: x * np.tanh(_softplus(x))),
    "Swish": _gated(lambda x, a: x * _sigmoid(a * x), alpha=1.0), "Gelu": _operator(_gelu, absolute(4.0, _size)),
    "Clip": _operator(_clip, exact), "Cast": _operator(_cast, _cast_error), "CastLike": _operator(_cast, _cast_error),
    "Identity": _operator(_same, exact), "Dropout": _operator(_same, exact),
}  # fmt: skip
