"""Torch bindings: rounding, signs, remainders, quotients, neighbours, scalings."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, INTEGERS, SIGNED, WIDE, called, with_number

NUMBERS = (*FLOATS, *INTEGERS)


def _mode(mode):
    """torch.div with a rounding mode."""
    return {
        "plain" if mode == "trunc" else "div": lambda t, p, x, y: t.div(x, y, rounding_mode=mode),
        "div-method": lambda t, p, x, y: x.div(y, rounding_mode=mode),
        "div-inplace": lambda t, p, x, y: x.expand(t.broadcast_shapes(x.shape, y.shape)).clone().div_(y, rounding_mode=mode),
        "div-number": lambda t, p, x, y: t.div(x, y.item() if y.dim() == 0 else y, rounding_mode=mode),
    }


BINDINGS = (
    called("ceil"),
    called("floor"),
    called("trunc", also="fix", names=("torch.Tensor.fix",)),
    called("round", also="special.round"),
    Binding(
        function="round_decimals",
        forms={
            "plain": lambda t, p, x: t.round(x, decimals=p["decimals"]),
            "method": lambda t, p, x: x.round(decimals=p["decimals"]),
            "inplace": lambda t, p, x: x.clone().round_(decimals=p["decimals"]),
        },
        names=("torch.round", "torch.Tensor.round", "torch.Tensor.round_"),
        dtypes=WIDE,
        modes=("inference-mode",),
    ),
    called("frac"),
    called("sign", also="sgn", names=("torch.Tensor.sgn",), dtypes=NUMBERS),
    called("signbit", inplace=False, result="bool", dtypes=NUMBERS),
    called("abs", also="absolute", names=("torch.Tensor.__abs__",), forms={"operator": lambda t, p, x: abs(x)}, dtypes=NUMBERS),
    called("neg", also="negative", names=("torch.Tensor.__neg__",), forms={"operator": lambda t, p, x: -x}, dtypes=(*FLOATS, *SIGNED)),
    called("positive", out=False, inplace=False, forms={"operator": lambda t, p, x: +x}, names=("torch.Tensor.__pos__",), dtypes=NUMBERS),
    called("fmod", forms={"number": with_number("fmod")}, dtypes=NUMBERS),
    called(
        "remainder",
        forms={"number": with_number("remainder"), "operator": lambda t, p, x, y: x % y},
        names=("torch.Tensor.__mod__",),
        dtypes=NUMBERS,
    ),
    called(
        "floor_divide",
        forms={**_mode("floor"), "operator": lambda t, p, x, y: x // y},
        names=("torch.Tensor.__floordiv__", "torch.div"),
        dtypes=NUMBERS,
    ),
    Binding(
        function="trunc_divide",
        forms=_mode("trunc"),
        names=("torch.div", "torch.Tensor.div", "torch.Tensor.div_"),
        dtypes=(*WIDE, *INTEGERS),
        modes=("inference-mode",),
    ),
    called("copysign", forms={"number": with_number("copysign")}),
    called("nextafter"),
    called("ldexp"),
    Binding(
        function="frexp",
        forms={
            "plain": lambda t, p, x: tuple(t.frexp(x)),
            "method": lambda t, p, x: tuple(x.frexp()),
            "out": lambda t, p, x: tuple(t.frexp(x, out=(t.empty(x.shape, dtype=x.dtype), t.empty(x.shape, dtype=t.int32)))),
        },
        names=("torch.frexp", "torch.Tensor.frexp"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
)
