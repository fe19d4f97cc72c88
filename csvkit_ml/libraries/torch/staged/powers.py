"""Torch bindings: powers, reciprocals and reciprocal roots."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, called, with_number


def _base_number(t, p, x, y):
    """A 0-d first operand is passed as a Python number."""
    return t.pow(x.item(), y) if x.dim() == 0 and y.dim() else t.pow(x, y)


BINDINGS = (
    called("square", dtypes=(*FLOATS, "int32", "int64")),
    called("rsqrt"),
    called("reciprocal"),
    called(
        "pow",
        forms={"operator": lambda t, p, x, y: x**y, "number": with_number("pow"), "base-number": _base_number},
        names=("torch.Tensor.__pow__",),
    ),
    Binding(
        function="pow_number",
        forms={
            "plain": lambda t, p, x: t.pow(x, p["exponent"]),
            "method": lambda t, p, x: x.pow(p["exponent"]),
            "operator": lambda t, p, x: x ** p["exponent"],
            "out": lambda t, p, x: t.pow(x, p["exponent"], out=t.empty(x.shape, dtype=x.dtype)),
            "inplace": lambda t, p, x: x.clone().pow_(p["exponent"]),
            "tensor": lambda t, p, x: t.pow(x, t.tensor(p["exponent"])),
        },
        names=("torch.pow", "torch.Tensor.pow", "torch.Tensor.pow_", "torch.Tensor.__pow__"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    called("float_power", inplace=False, result="float64", dtypes=("float32", "float64", "float16"),
        forms={"number": with_number("float_power")}),
    called(
        "integer_pow", "pow", forms={"operator": lambda t, p, x, y: x**y}, names=("torch.Tensor.__pow__",), dtypes=("int32", "int64")
    ),
)
