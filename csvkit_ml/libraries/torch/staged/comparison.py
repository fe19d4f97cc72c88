"""Torch bindings: comparisons, tests, logical and bitwise operations, shifts."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, INTEGERS, called, with_number

NUMBERS = (*FLOATS, *INTEGERS, "bool")
WHOLE = (*INTEGERS, "bool")


def _compared(name, also, operator, dunder):
    """eq with its operator, its other name and its form for numbers; in place the truth is written as 0 or 1 of the operand's dtype."""
    return called(
        name, also=also, inplace=False, result="bool", dtypes=NUMBERS, names=("torch.Tensor." + dunder,),
        forms={"operator": operator, "number": with_number(name)},
    )  # fmt: skip


def _bitwise(name, operator, dunder, **more):
    return called("bitwise_" + name, forms={"operator": operator}, names=("torch.Tensor." + dunder,), dtypes=more.pop("dtypes", WHOLE),
        **more)


def _shift(function, operator, dunder):
    return called(
        function, "bitwise_" + function, forms={"operator": operator}, names=("torch.Tensor." + dunder,), dtypes=INTEGERS
    )


BINDINGS = (
    _compared("eq", "", lambda t, p, x, y: x == y, "__eq__"),
    _compared("ne", "not_equal", lambda t, p, x, y: x != y, "__ne__"),
    _compared("lt", "less", lambda t, p, x, y: x < y, "__lt__"),
    _compared("le", "less_equal", lambda t, p, x, y: x <= y, "__le__"),
    _compared("gt", "greater", lambda t, p, x, y: x > y, "__gt__"),
    _compared("ge", "greater_equal", lambda t, p, x, y: x >= y, "__ge__"),
    called("isnan", out=False, inplace=False),
    called("isinf", out=False, inplace=False),
    called("isposinf", inplace=False, result="bool"),
    called("isneginf", inplace=False, result="bool"),
    called("isfinite", out=False, inplace=False),
    Binding(
        function="isclose",
        forms={
            "plain": lambda t, p, x, y: t.isclose(x, y, rtol=p["rtol"], atol=p["atol"], equal_nan=p["equal_nan"]),
            "method": lambda t, p, x, y: x.isclose(y, p["rtol"], p["atol"], p["equal_nan"]),
        },
        names=("torch.isclose", "torch.Tensor.isclose"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    called("logical_and", inplace=False, result="bool", dtypes=NUMBERS),
    called("logical_or", inplace=False, result="bool", dtypes=NUMBERS),
    called("logical_xor", inplace=False, result="bool", dtypes=NUMBERS),
    called("logical_not", inplace=False, result="bool", dtypes=NUMBERS),
    _bitwise("and", lambda t, p, x, y: x & y, "__and__"),
    _bitwise("or", lambda t, p, x, y: x | y, "__or__"),
    _bitwise("xor", lambda t, p, x, y: x ^ y, "__xor__"),
    _bitwise("not", lambda t, p, x: ~x, "__invert__"),
    _shift("left_shift", lambda t, p, x, y: x << y, "__lshift__"),
    _shift("right_shift", lambda t, p, x, y: x >> y, "__rshift__"),
)
