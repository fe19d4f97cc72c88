"""Torch bindings: gradients of elementwise functions by every road of automatic differentiation, forward mode included."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import roads

FLOATS = ("float32", "float64", "bfloat16")
ELEMENTARY = (
    "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "square", "sin", "cos", "sinh", "cosh", "atan", "sigmoid", "erf", "abs",
)  # fmt: skip
ACTIVATIONS = ("gelu", "silu", "mish", "softplus", "logsigmoid", "softsign", "relu", "selu")
ROADS = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp", "torch.func.jvp")


def _slope(name, path="", **arguments):
    """`path`: of the function below torch; `arguments`: the library's name of each parameter, '' = by position."""
    path = path or name

    def of(t, p, x):
        by_name = {k: p[n] for n, k in arguments.items() if k}
        return operator.attrgetter(path)(t)(x, *(p[n] for n, k in arguments.items() if not k), **by_name)

    def forward_mode(t, p, x, g):
        return t.func.jvp(lambda v: of(t, p, v), (x,), (g,))[1]

    forms = {**roads(of, lambda p: 1), "func-jvp": forward_mode}
    return Binding(function="grad_" + name, forms=forms, names=(*ROADS, "torch." + path), dtypes=FLOATS)


def _activation(name, **arguments):
    return _slope(name, "nn.functional." + name, **arguments)


BINDINGS = (
    *(_slope(name) for name in ELEMENTARY),
    _slope("pow", exponent=""),
    *(_activation(name) for name in ACTIVATIONS),
    _activation("leaky_relu", negative_slope="negative_slope"),
    _activation("elu", alpha="alpha"),
)
