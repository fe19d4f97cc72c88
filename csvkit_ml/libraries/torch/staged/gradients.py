"""Torch bindings: vector-Jacobian products by every road that autograd offers."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _leaves(tensors):
    return [x.detach().requires_grad_(True) for x in tensors]


def roads(of, operands, with_upstream=True):
    """Forms for `of(t, p, *leaves, *constants)`; `operands(p)` says how many leading inputs are differentiable, the last input is g."""

    def parts(p, inputs):
        n = operands(p)
        g = inputs[-1] if with_upstream else None
        constants = inputs[n:-1] if with_upstream else inputs[n:]
        return _leaves(inputs[:n]), constants, g

    def grad(t, p, *inputs):
        leaves, constants, g = parts(p, inputs)
        return t.autograd.grad(of(t, p, *leaves, *constants), leaves, g)

    def backward(t, p, *inputs):
        leaves, constants, g = parts(p, inputs)
        of(t, p, *leaves, *constants).backward(g)
        return [x.grad for x in leaves]

    def accumulated(t, p, *inputs):
        """Twice into .grad, then halved: exact, as both passes give the same bits."""
        leaves, constants, g = parts(p, inputs)
        y = of(t, p, *leaves, *constants)
        y.backward(g, retain_graph=True)
        y.backward(g)
        return [x.grad / 2 for x in leaves]

    def vjp(t, p, *inputs):
        leaves, constants, g = parts(p, inputs)
        y, pull = t.func.vjp(lambda *xs: of(t, p, *xs, *constants), *[x.detach() for x in leaves])
        return pull(t.ones_like(y) if g is None else g)

    return {"grad": grad, "backward": backward, "accumulated": accumulated, "func-vjp": vjp}


def forward_mode(of, operands, with_upstream=True):
    """The gradient of <g, f> by one forward pass for each element of each operand, mapped (vmap)."""

    def form(t, p, *inputs):
        n = operands(p)
        leaves, constants, g = inputs[:n], inputs[n : len(inputs) - with_upstream], inputs[-1]
        share = g if with_upstream else 1
        return t.func.jacfwd(lambda *xs: (of(t, p, *xs, *constants) * share).sum(), argnums=tuple(range(n)))(*leaves)

    return form


def _binding(function, of, names, operands, with_upstream=True):
    forms = roads(of, operands, with_upstream)
    known = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp", *names)
    once = {"torch.func.jacfwd": forward_mode(of, operands, with_upstream)}
    return Binding(function=function, forms=forms, names=known, dtypes=FLOATS, aliases=once)


def _conv2d(t, p, x, w, *b):
    bias = b[0] if p["bias"] else None
    return t.nn.functional.conv2d(x, w, bias, stride=p["stride"], padding=p["padding"], dilation=p["dilation"], groups=p["groups"])


def _cross_entropy(t, p, x, y, w):
    weight = w if p["weighted"] else None
    return t.nn.functional.cross_entropy(x, y, weight=weight, reduction=p["reduction"], label_smoothing=p["label_smoothing"])


BINDINGS = (
    _binding("grad_tanh", lambda t, p, x: t.tanh(x), ("torch.tanh",), lambda p: 1),
    _binding("grad_softmax", lambda t, p, x: t.softmax(x, dim=p["axis"]), ("torch.softmax",), lambda p: 1),
    _binding("grad_matmul", lambda t, p, a, b: t.matmul(a, b), ("torch.matmul",), lambda p: 2),
    _binding("grad_conv2d", _conv2d, ("torch.nn.functional.conv2d",), lambda p: 3 if p["bias"] else 2),
    _binding(
        "grad_layer_norm",
        lambda t, p, x, w, b: t.nn.functional.layer_norm(x, w.shape, w, b, eps=p["eps"]),
        ("torch.nn.functional.layer_norm",),
        lambda p: 3,
    ),
    _binding("grad_cross_entropy", _cross_entropy, ("torch.nn.functional.cross_entropy",), lambda p: 1, with_upstream=False),
    _binding(
        "grad_mse_loss",
        lambda t, p, x, y: t.nn.functional.mse_loss(x, y, reduction=p["reduction"]),
        ("torch.nn.functional.mse_loss",),
        lambda p: 1,
        with_upstream=False,
    ),
)
