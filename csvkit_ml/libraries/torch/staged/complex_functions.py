"""Torch bindings: elementary functions of complex numbers."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.forms import called

COMPLEX = ("complex64", "complex128")
BINDINGS = tuple(
    called("complex_" + name, name, dtypes=COMPLEX)
    for name in ("exp", "log", "sqrt", "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "pow")
)
