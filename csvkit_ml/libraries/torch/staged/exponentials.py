"""Torch bindings: exponentials and logarithms."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, called, with_number

NUMBER = {"number": with_number("xlogy")}

BINDINGS = (
    called("exp2", also="special.exp2"),
    called("expm1", also="special.expm1"),
    called("log2"),
    called("log10"),
    called("log1p", also="special.log1p"),
    called("logaddexp", inplace=False),
    called("logaddexp2", inplace=False),
    called("xlogy", also="special.xlogy", forms=NUMBER),
    called("xlog1py", "special.xlog1py", method="-", forms={"number": with_number("special.xlog1py")}),
    Binding(
        function="logit",
        forms={
            "plain": lambda t, p, x: t.logit(x, eps=p["eps"]),
            "special": lambda t, p, x: t.special.logit(x, eps=p["eps"]),
            "out": lambda t, p, x: t.logit(x, eps=p["eps"], out=t.empty(x.shape, dtype=x.dtype)),
            "method": lambda t, p, x: x.logit(p["eps"]),
            "inplace": lambda t, p, x: x.clone().logit_(p["eps"]),
        },
        names=("torch.logit", "torch.special.logit", "torch.Tensor.logit", "torch.Tensor.logit_"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    called("entr", "special.entr", method="-"),
)
