"""Torch bindings: gradients of layers and losses."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients import roads
from csvkit_ml.libraries.torch.staged.gradients_structure import product


def _loss(name, of):
    return product(name, of, 1, "nn.functional." + name, False)


def _batch_norm(t, p, x, w, b, mean, variance):
    return t.nn.functional.batch_norm(x, mean.clone(), variance.clone(), w, b, training=p["training"], eps=p["eps"])


def _pool(kind):
    return lambda t, p, x: getattr(t.nn.functional, kind)(x, p["kernel"], stride=p["stride"])


def _nll(t, p, x, y, w):
    return t.nn.functional.nll_loss(x, y, weight=w, reduction=p["reduction"])


def _pixels(x):
    """Rows as the pixels of one picture: [1, classes, rows, 1]."""
    return x.t()[None, :, :, None]


def _nll_of_pixels(t, p, x, y, w):
    return t.nn.functional.nll_loss(_pixels(x).contiguous(), y[None, :, None], weight=w, reduction=p["reduction"])


def _nll_of_strided_pixels(t, p, x, y, w):
    return t.nn.functional.nll_loss(_pixels(x), y[None, :, None], weight=w, reduction=p["reduction"])


def _with_pixels(made):
    packed, strided = (roads(of, lambda p: 1, False) for of in (_nll_of_pixels, _nll_of_strided_pixels))
    return made._replace(forms={**made.forms, "pixels": packed["grad"], "pixels-backward": packed["backward"], "pixels-strided": strided["grad"]})


BINDINGS = (
    product("linear", lambda t, p, x, w, b: t.nn.functional.linear(x, w, b), 3, "nn.functional.linear"),
    product("bmm", lambda t, p, a, b: t.bmm(a, b), 2),
    product("max_pool2d", _pool("max_pool2d"), 1, "nn.functional.max_pool2d"),
    product("avg_pool2d", _pool("avg_pool2d"), 1, "nn.functional.avg_pool2d"),
    product("batch_norm", _batch_norm, 3, "nn.functional.batch_norm"),
    product(
        "scaled_dot_product_attention",
        lambda t, p, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=p["causal"]),
        3,
        "nn.functional.scaled_dot_product_attention",
    )._replace(aliases={}),  # its fused kernel has no forward mode
    _loss("l1_loss", lambda t, p, x, y: t.nn.functional.l1_loss(x, y, reduction=p["reduction"])),
    _loss("smooth_l1_loss", lambda t, p, x, y: t.nn.functional.smooth_l1_loss(x, y, reduction=p["reduction"], beta=p["beta"])),
    _with_pixels(_loss("nll_loss", _nll)),
    _loss("binary_cross_entropy", lambda t, p, x, y: t.nn.functional.binary_cross_entropy(x, y, reduction=p["reduction"])),
)
