"""Torch bindings: gradients of powers, norms, condition numbers and products of matrices."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _order(p):
    return p["ord"] if p["ord"] in ("fro", "nuc") else float(p["ord"])


def _linalg(name, of, operands=1):
    return bound(name, of, operands, "linalg." + name)


BINDINGS = (
    _linalg("matrix_power", lambda t, p, a: t.linalg.matrix_power(a, p["n"])),
    _linalg("matrix_norm", lambda t, p, a: t.linalg.matrix_norm(a, ord=_order(p))[..., None, None]),
    _linalg("cond", lambda t, p, a: t.linalg.cond(a)[..., None, None]),
    _linalg("multi_dot", lambda t, p, a, b, c: t.linalg.multi_dot([a, b, c]), 3),
    bound("kron", lambda t, p, a, b: t.kron(a, b), 2),
    _linalg("householder_product", lambda t, p, a, tau: t.linalg.householder_product(a, tau[0]), 2),
)
