"""Torch bindings: gradients of further elementwise functions by every road, forward mode and the mapped derivative of one element included."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import roads

FLOATS = ("float32", "float64", "bfloat16")
ROADS = ("torch.autograd.grad", "torch.func.jvp", "torch.func.grad")


def pointwise(name, of, path):
    """`of(t, p, x)`: reverse and forward mode for every sample, the other roads for the first."""

    def forward_mode(t, p, x, g):
        return t.func.jvp(lambda v: of(t, p, v), (x,), (g,))[1]

    def one_by_one(t, p, x, g):
        slopes = t.func.vmap(t.func.grad(lambda v: of(t, p, v)))(x.reshape(-1))
        return slopes.reshape(x.shape) * g

    made = roads(of, lambda p: 1)
    once = {"torch.Tensor.backward": made["backward"], "torch.func.vjp": made["func-vjp"], "torch.func.vmap": one_by_one}
    forms = {"grad": made["grad"], "func-jvp": forward_mode}
    return Binding(function="grad_" + name, forms=forms, names=(*ROADS, "torch." + path), dtypes=FLOATS, layouts=("transposed",), aliases=once)


def _named(path, **by_name):
    """A function below torch; its parameters by the library's names."""

    def of(t, p, x):
        return operator.attrgetter(path)(t)(x, **{k: p[n] for k, n in by_name.items()})

    return pointwise(path.rsplit(".", 1)[-1], of, path)


_PLAIN = ("tan", "asin", "acos", "asinh", "acosh", "atanh", "exp2", "log2", "log10", "erfc", "erfinv", "lgamma", "digamma", "i0", "sinc", "logit")
_SPECIAL = ("erfcx", "ndtr", "ndtri", "log_ndtr", "entr", "i0e", "i1", "i1e")
_ACTIVATIONS = ("relu6", "hardtanh", "hardsigmoid", "hardswish", "tanhshrink")

BINDINGS = (
    *(_named(n) for n in _PLAIN),
    *(_named("special." + n) for n in _SPECIAL),
    *(_named("nn.functional." + n) for n in _ACTIVATIONS),
    _named("nn.functional.hardshrink", lambd="lambd"),
    _named("nn.functional.softshrink", lambd="lambd"),
    _named("nn.functional.celu", alpha="alpha"),
    pointwise("polygamma", lambda t, p, x: t.polygamma(p["n"], x), "polygamma"),
    pointwise("clamp", lambda t, p, x: t.clamp(x, -1.0, 2.0), "clamp"),
    pointwise("threshold", lambda t, p, x: t.nn.functional.threshold(x, 0.5, -1.0), "nn.functional.threshold"),
    pointwise("gelu_tanh", lambda t, p, x: t.nn.functional.gelu(x, approximate="tanh"), "nn.functional.gelu"),
)
