"""Torch bindings: gradients of further elementwise functions, of affine grids and of the convolution over leading time."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound
from csvkit_ml.libraries.torch.staged.gradients_special import pointwise

_rrelu = pointwise("rrelu", lambda t, p, x: t.nn.functional.rrelu(x, 0.125, p["upper"], training=False), "nn.functional.rrelu")

BINDINGS = (
    pointwise("neg", lambda t, p, x: t.neg(x), "neg"),
    pointwise("deg2rad", lambda t, p, x: t.deg2rad(x), "deg2rad"),
    pointwise("rad2deg", lambda t, p, x: t.rad2deg(x), "rad2deg"),
    pointwise("multigammaln", lambda t, p, x: t.special.multigammaln(x, p["p"]), "special.multigammaln"),
    _rrelu._replace(aliases={n: form for n, form in _rrelu.aliases.items() if n != "torch.func.vmap"}),  # its kernel cannot be mapped
    bound("affine_grid", lambda t, p, theta: t.nn.functional.affine_grid(theta, p["size"], align_corners=p["align_corners"]), 1, "nn.functional.affine_grid"),
    bound("conv_tbc", lambda t, p, x, w, b: t.conv_tbc(x, w, b, p["pad"]), 3, forward=False),
    bound("ldexp", lambda t, p, x, n: t.ldexp(x, n)),
)
