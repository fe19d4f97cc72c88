"""Torch bindings: arithmetic of complex numbers, their size, angle, sign and polar form."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.forms import WIDE, called

COMPLEX = ("complex64", "complex128")


def _of_parts(t, p, r, a):
    return t.polar(r, a, out=t.empty(0, dtype={t.float32: t.complex64, t.float64: t.complex128}[r.dtype]))


BINDINGS = (
    called("complex_mul", "mul", forms={"operator": lambda t, p, x, y: x * y}, dtypes=COMPLEX),
    called("complex_div", "div", forms={"operator": lambda t, p, x, y: x / y}, dtypes=COMPLEX),
    called("complex_abs", "abs", inplace=False, out=False, forms={"absolute": lambda t, p, x: t.absolute(x)}, dtypes=COMPLEX),
    called("angle", inplace=False, out=False, dtypes=COMPLEX),
    called("complex_sgn", "sgn", dtypes=COMPLEX),
    called("polar", method="-", out=False, forms={"out": _of_parts}, dtypes=WIDE),
    called("isreal", inplace=False, out=False, dtypes=COMPLEX),
)
