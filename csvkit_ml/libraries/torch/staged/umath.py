"""Torch bindings: arguments of numpy's tables, by the functions themselves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged import elementwise_unary, exponentials, trigonometry

_ASKED = frozenset((
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "tan",
    "tanh",
))
BINDINGS = tuple(
    b._replace(
        function="umath_" + b.function, forms={"plain": next(iter(b.forms.values()))}, aliases={},
        dtypes=("float32", "float64"), layouts=(), modes=(),
    )
    for b in (*elementwise_unary.BINDINGS, *exponentials.BINDINGS, *trigonometry.BINDINGS)
    if b.function in _ASKED
)  # fmt: skip
