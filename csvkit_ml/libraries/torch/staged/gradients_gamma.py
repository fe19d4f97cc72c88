"""Torch bindings: gradients of the incomplete gamma functions and of zeta by their second operand."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _second(path):
    of = operator.attrgetter(path)
    return bound(path.rsplit(".", 1)[-1], lambda t, p, x, a: of(t)(a, x), 1, path, forward=False)  # none for either operand


BINDINGS = tuple(_second("special." + name) for name in ("gammainc", "gammaincc", "zeta"))
