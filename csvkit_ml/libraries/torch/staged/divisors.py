"""Torch bindings: common divisors and multiples, the step function, whole tensors compared."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, INTEGERS, called


def _near(t, p, x, y):
    return t.allclose(x, y, rtol=p["rtol"], atol=p["atol"], equal_nan=p["equal_nan"])


BINDINGS = (
    called("gcd", dtypes=INTEGERS),
    called("lcm", dtypes=INTEGERS),
    called("heaviside"),
    Binding(
        function="equal",
        forms={"plain": lambda t, p, x, y: t.equal(x, y), "method": lambda t, p, x, y: x.equal(y)},
        names=("torch.equal", "torch.Tensor.equal"),
        dtypes=(*FLOATS, "int64", "int32", "uint8", "bool"),
        modes=("inference-mode",),
    ),
    Binding(
        function="allclose",
        forms={"plain": _near, "method": lambda t, p, x, y: x.allclose(y, p["rtol"], p["atol"], p["equal_nan"])},
        names=("torch.allclose", "torch.Tensor.allclose"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
)
