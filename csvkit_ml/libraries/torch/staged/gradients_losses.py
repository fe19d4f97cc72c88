"""Torch bindings: gradients of losses by reverse mode, and by forward mode mapped over all directions."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import forward_mode, roads

FLOATS = ("float32", "float64")


def bound(name, of, operands=1, path="", forward=True):
    """Reverse and forward mode for every sample; the other roads of reverse mode for the first.

    `forward`: whether the library has a forward-mode derivative of it.
    """
    made = roads(of, lambda p: operands)
    forms = {"grad": made["grad"], **({"func-jacfwd": forward_mode(of, lambda p: operands)} if forward else {})}
    once = {"torch.Tensor.backward": made["backward"], "torch.func.vjp": made["func-vjp"]}
    names = ("torch.autograd.grad", "torch." + (path or name), *("torch.func.jacfwd",) * forward)
    return Binding(function="grad_" + name, forms=forms, names=names, dtypes=FLOATS, layouts=("transposed",), aliases=once)


def _loss(name, of, operands=1, path="", forward=True):
    return bound(name, of, operands, "nn.functional." + (path or name), forward)


def _f(t):
    return t.nn.functional


def _how(p, *names):
    return {"reduction": p["reduction"], **{n: p[n] for n in names}}


def _triplet(t, p, a, positive, negative):
    return _f(t).triplet_margin_loss(a, positive, negative, **_how(p, "p", "margin", "swap", "eps"))


BINDINGS = (
    _loss("huber_loss", lambda t, p, x, y: _f(t).huber_loss(x, y, **_how(p, "delta")), 2),
    _loss("kl_div", lambda t, p, x, y: _f(t).kl_div(x, y, **_how(p, "log_target")), 2),
    _loss(
        "bce_with_logits",
        lambda t, p, x, y, w, positive: _f(t).binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=positive, **_how(p)),
        1,
        "binary_cross_entropy_with_logits",
    ),
    _loss("poisson_nll_loss", lambda t, p, x, y: _f(t).poisson_nll_loss(x, y, **_how(p, "log_input", "full", "eps")), 1),
    _loss("gaussian_nll_loss", lambda t, p, x, y, v: _f(t).gaussian_nll_loss(x, y, v, **_how(p, "full", "eps")), 3),
    _loss("hinge_embedding_loss", lambda t, p, x, y: _f(t).hinge_embedding_loss(x, y, **_how(p, "margin"))),
    _loss("soft_margin_loss", lambda t, p, x, y: _f(t).soft_margin_loss(x, y, **_how(p))),
    _loss("margin_ranking_loss", lambda t, p, a, b, y: _f(t).margin_ranking_loss(a, b, y, **_how(p, "margin")), 2),
    _loss("multi_margin_loss", lambda t, p, x, y, w: _f(t).multi_margin_loss(x, y, weight=w, **_how(p, "p", "margin")), forward=False),
    _loss("multilabel_margin_loss", lambda t, p, x, y: _f(t).multilabel_margin_loss(x, y, **_how(p)), forward=False),
    _loss("multilabel_soft_margin_loss", lambda t, p, x, y, w: _f(t).multilabel_soft_margin_loss(x, y, weight=w, **_how(p))),
    _loss("cosine_embedding_loss", lambda t, p, a, b, y: _f(t).cosine_embedding_loss(a, b, y, **_how(p, "margin")), 2),
    _loss("triplet_margin_loss", _triplet, 3),
    _loss(
        "cross_entropy_probabilities",
        lambda t, p, x, y, w: _f(t).cross_entropy(x, y, weight=w, **_how(p, "label_smoothing")),
        2,
        "cross_entropy",
    ),
)
