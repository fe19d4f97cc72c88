"""Torch bindings: gradients of linear algebra."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _even(a):
    return (a + a.mT) / 2


def _row(y):
    """One row for each matrix, as the upstream gradient has it."""
    return y[..., None, :]


def _number(y):
    return y[..., None, None]


def _eigh(t, p, a):
    w, v = t.linalg.eigh(_even(a))
    return (v * _row(w**3)) @ v.mT


def _svd(t, p, a):
    u, s, v = t.linalg.svd(a, full_matrices=False)
    return (u * _row(s**3)) @ v


def _qr(t, p, a):
    q, _ = t.linalg.qr(a)
    return q @ q.mT


def _linalg(name, of, operands=1):
    return bound(name, of, operands, "linalg." + name)


BINDINGS = (
    _linalg("solve", lambda t, p, a, b: t.linalg.solve(a, b), 2),
    _linalg("inv", lambda t, p, a: t.linalg.inv(a)),
    _linalg("det", lambda t, p, a: _number(t.linalg.det(a))),
    _linalg("slogdet", lambda t, p, a: _number(t.linalg.slogdet(a)[1])),
    _linalg("cholesky", lambda t, p, a: t.linalg.cholesky(_even(a))),
    _linalg("solve_triangular", lambda t, p, a, b: t.linalg.solve_triangular(a, b, upper=p["upper"]), 2),
    _linalg("eigvalsh", lambda t, p, a: _row(t.linalg.eigvalsh(_even(a)))),
    _linalg("eigh", _eigh),
    _linalg("svdvals", lambda t, p, a: _row(t.linalg.svdvals(a))),
    _linalg("svd", _svd),
    _linalg("pinv", lambda t, p, a: t.linalg.pinv(a)),
    _linalg("qr", _qr),
    _linalg("matrix_exp", lambda t, p, a: t.linalg.matrix_exp(a)),
)
