"""Torch bindings: Hessians of losses times a vector, by reverse over reverse and forward over reverse mode."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
NAMES = ("torch.autograd.grad", "torch.func.vjp", "torch.func.jvp")


def _twice(name, of, path="", forward=True):
    """`of(t, p, x, *constants)`; the last two operands are g and v. `forward`: whether the library says that forward mode passes its gradient."""

    def slope(t, p, x, constants, g):
        return t.autograd.grad(of(t, p, x, *constants), x, g, create_graph=True)[0]

    def grad(t, p, x, *rest):
        *constants, g, v = rest
        leaf = x.detach().requires_grad_(True)
        return t.autograd.grad(slope(t, p, leaf, constants, g), leaf, v)

    def backward(t, p, x, *rest):
        *constants, g, v = rest
        leaf = x.detach().requires_grad_(True)
        slope(t, p, leaf, constants, g).backward(v)
        return leaf.grad

    def pulled(t, p, x, constants, g):
        return t.func.vjp(lambda w: of(t, p, w, *constants), x)[1](g)[0]

    def reverse_over_reverse(t, p, x, *rest):
        *constants, g, v = rest
        return t.func.vjp(lambda w: pulled(t, p, w, constants, g), x)[1](v)

    def forward_over_reverse(t, p, x, *rest):
        *constants, g, v = rest
        return t.func.jvp(lambda w: pulled(t, p, w, constants, g), (x,), (v,))[1]

    forms = {"grad": grad, "vjp-of-vjp": reverse_over_reverse}
    if forward:
        forms["jvp-of-vjp"] = forward_over_reverse
    names = (*NAMES, "torch.nn.functional." + (path or name))
    return Binding(function="grad_twice_" + name, forms=forms, names=names, dtypes=FLOATS, layouts=(), aliases={"torch.Tensor.backward": backward})


def _loss(name, *arguments, forward=True):
    def of(t, p, x, y):
        return getattr(t.nn.functional, name)(x, y, reduction=p["reduction"], **{n: p[n] for n in arguments})

    return _twice(name, of, forward=forward)


def _bce_with_logits(t, p, x, y, w, positive):
    return t.nn.functional.binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=positive, reduction=p["reduction"])


BINDINGS = (
    *(_loss(n) for n in ("mse_loss", "binary_cross_entropy", "poisson_nll_loss")),
    _loss("soft_margin_loss", forward=False),
    _loss("huber_loss", "delta", forward=False),
    _loss("smooth_l1_loss", "beta"),
    _twice("bce_with_logits", _bce_with_logits, "binary_cross_entropy_with_logits"),
    _twice("cross_entropy", lambda t, p, x, y, w: t.nn.functional.cross_entropy(x, y, weight=w, reduction=p["reduction"])),
)
