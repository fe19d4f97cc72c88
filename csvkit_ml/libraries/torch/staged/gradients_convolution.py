"""Torch bindings: gradients of convolutions of one and three dimensions and of transposed convolutions."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _convolution(name):
    def of(t, p, x, w, b):
        how = {n: p[n] for n in ("stride", "padding", "dilation", "groups")}
        return getattr(t.nn.functional, name)(x, w, b, **how)

    return bound(name, of, 3, "nn.functional." + name)


BINDINGS = tuple(_convolution(name) for name in ("conv1d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"))
