"""Torch bindings: second derivatives of elementwise functions by reverse over reverse, forward over reverse and forward over forward mode."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "bfloat16")
NAMES = ("torch.autograd.grad", "torch.func.jvp")


def _twice(name, path="", **by_name):
    """Every form returns the gradients of <v, g f'(x)> for x and for g."""
    path = path or name

    def of(t, p, x):
        return operator.attrgetter(path)(t)(x, **{k: p[n] for k, n in by_name.items()})

    def slope_of(t, p, x, g):
        leaves = [x.detach().requires_grad_(True), g.detach().requires_grad_(True)]
        (slope,) = t.autograd.grad(of(t, p, leaves[0]), leaves[0], leaves[1], create_graph=True)
        return leaves, slope

    def grad(t, p, x, g, v):
        leaves, slope = slope_of(t, p, x, g)
        return _filled(t, leaves, t.autograd.grad(slope, leaves, v, allow_unused=True))

    def backward(t, p, x, g, v):
        leaves, slope = slope_of(t, p, x, g)
        slope.backward(v)
        return _filled(t, leaves, [leaf.grad for leaf in leaves])

    def pulled(t, p, x, g):
        return t.func.vjp(lambda w: of(t, p, w), x)[1](g)[0]

    def reverse_over_reverse(t, p, x, g, v):
        return t.func.vjp(lambda w, h: pulled(t, p, w, h), x, g)[1](v)

    def forward_over_reverse(t, p, x, g, v):
        """Elementwise, the Jacobian is symmetric: the tangent of the pulled-back gradient along v."""
        return t.func.jvp(lambda w: pulled(t, p, w, g), (x,), (v,))[1], t.func.jvp(lambda h: pulled(t, p, x, h), (g,), (v,))[1]

    def forward_over_forward(t, p, x, g, v):
        def pushed(w, h):
            return t.func.jvp(lambda z: of(t, p, z), (w,), (h,))[1]

        return t.func.jvp(lambda w: pushed(w, g), (x,), (v,))[1], pushed(x, v)

    forms = {"grad": grad, "jvp-of-vjp": forward_over_reverse, "jvp-of-jvp": forward_over_forward}
    once = {"torch.Tensor.backward": backward, "torch.func.vjp": reverse_over_reverse}
    return Binding(function="grad_twice_" + name, forms=forms, names=(*NAMES, "torch." + path), dtypes=FLOATS, layouts=(), aliases=once)


def _filled(t, leaves, slopes):
    """No gradient is that of a constant: zeros."""
    return [t.zeros_like(x) if s is None else s for x, s in zip(leaves, slopes)]  # noqa: B905 - Python 3.9


_PLAIN = (
    "exp", "expm1", "exp2", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "square", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "asinh", "atan",
    "atanh", "sigmoid", "erf", "lgamma", "logit",
)  # fmt: skip

BINDINGS = (
    *(_twice(n) for n in _PLAIN),
    _twice("pow", exponent="exponent"),
    *(_twice(n, "nn.functional." + n) for n in ("softplus", "logsigmoid", "gelu", "silu")),
    _twice("elu", "nn.functional.elu", alpha="alpha"),
)
