"""Torch bindings: gradients of functions of two and three operands."""

from __future__ import annotations

import operator

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _called(path, operands=2, name="", forward=True):
    of = operator.attrgetter(path)
    return bound(name or path.rsplit(".", 1)[-1], lambda t, p, *xs: of(t)(*xs), operands, path, forward)


_TWO = ("atan2", "hypot", "xlogy", "special.xlog1py", "logaddexp", "logaddexp2", "maximum", "minimum", "fmax", "fmin", "remainder", "fmod")

BINDINGS = (
    *(_called(path) for path in _TWO),
    _called("pow", name="pow_tensors"),
    _called("lerp", 3),
    bound("addcmul", lambda t, p, x, a, b: t.addcmul(x, a, b, value=p["value"]), 3),
    bound("addcdiv", lambda t, p, x, a, b: t.addcdiv(x, a, b, value=p["value"]), 3),
    _called("nn.functional.prelu"),
    _called("nn.functional.glu", 1),
    bound("cross", lambda t, p, a, b: t.linalg.cross(a, b), 2, "linalg.cross"),
    bound("cdist", lambda t, p, a, b: t.cdist(a, b, p=p["p"]), 2, forward=False),
)
