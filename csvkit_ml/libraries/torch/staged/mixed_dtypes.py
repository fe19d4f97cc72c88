"""Torch bindings: operands of different dtypes."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.binding import Binding

REAL = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")


def _second(p, y):
    return y.item() if p["other"] == "number" else y


def _binding(function, path, sign="", method="", dtypes=REAL):
    forms = {"plain": lambda t, p, x, y: getattr(t, path)(x, _second(p, y))}
    if method:
        forms["method"] = lambda t, p, x, y: getattr(x, method)(_second(p, y))
    if sign:
        forms["operator"] = lambda t, p, x, y: getattr(operator, sign)(x, _second(p, y))
    names = ("torch." + path, *(("torch.Tensor." + method,) if method else ()))
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=("transposed",), modes=("inference-mode",))


def _even(t, x):
    return (t.arange(x.numel()) % 2 == 0).reshape(x.shape)


BINDINGS = (
    _binding("add_mixed", "add", "add", "add"),
    _binding("sub_mixed", "sub", "sub", "sub"),
    _binding("mul_mixed", "mul", "mul", "mul"),
    _binding("div_mixed", "div", "truediv", "div"),
    _binding("maximum_mixed", "maximum"),
    _binding("less_mixed", "lt", "lt", "lt"),
    _binding("equal_mixed", "eq", "eq", "eq"),
    Binding(
        function="concat_mixed", forms={"plain": lambda t, p, x, y: t.cat([x, y])}, names=("torch.cat",), dtypes=REAL,
        layouts=("transposed",), modes=("inference-mode",),
    ),
    Binding(
        function="where_mixed",
        forms={"plain": lambda t, p, x, y: t.where(_even(t, x), x, y), "method": lambda t, p, x, y: x.where(_even(t, x), y)},
        names=("torch.where", "torch.Tensor.where"), dtypes=REAL, layouts=("transposed",), modes=("inference-mode",),
    ),
)  # fmt: skip
