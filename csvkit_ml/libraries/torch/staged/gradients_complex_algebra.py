"""Torch bindings: gradients of linear algebra of complex matrices; rows of pairs of real leaves, and complex leaves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _complex(t, x):
    return t.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())


def _pairs(t, y):
    return t.view_as_real(t.resolve_conj(y)).flatten(-2) if y.is_complex() else y


def _bound(name, of, operands=1):
    def pairs(t, p, *inputs):
        return _pairs(t, of(t, *(_complex(t, x) for x in inputs)))

    def leaves(t, p, *inputs):
        """Leaves and upstream gradient are complex tensors themselves."""
        own = [_complex(t, x).clone().requires_grad_(True) for x in inputs[:-1]]
        y = of(t, *own)
        y.backward(_complex(t, inputs[-1]) if y.is_complex() else inputs[-1])
        return tuple(_pairs(t, x.grad) for x in own)

    made = bound("complex_" + name, pairs, operands, "linalg." + name)
    return made._replace(forms={**made.forms, "complex-leaves": leaves})


def _even(a):
    return (a + a.mH) / 2


def _row(y):
    return y[..., None, :]


def _eigh(t, a):
    w, v = t.linalg.eigh(_even(a))
    return (v * _row(w**3)) @ v.mH


def _svd(t, a):
    u, s, v = t.linalg.svd(a, full_matrices=False)
    return (u * _row(s**3)) @ v


def _qr(t, a):
    q, _ = t.linalg.qr(a)
    return q @ q.mH


def _eig(t, a):
    w, v = t.linalg.eig(a)
    return (v * _row(w**3)) @ t.linalg.inv(v)


def _power_sums(t, a):
    """Sums of w^1 .. w^n over the eigenvalues."""
    w = t.linalg.eigvals(a)
    return _row((_row(w) ** t.arange(1, w.shape[-1] + 1)[:, None]).sum(-1))


BINDINGS = (
    _bound("solve", lambda t, a, b: t.linalg.solve(a, b), 2),
    _bound("inv", lambda t, a: t.linalg.inv(a)),
    _bound("det", lambda t, a: t.linalg.det(a)[..., None, None]),
    _bound("slogdet", lambda t, a: t.linalg.slogdet(a)[1][..., None, None]),
    _bound("cholesky", lambda t, a: t.linalg.cholesky(_even(a))),
    _bound("solve_triangular", lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True), 2),
    _bound("eigvalsh", lambda t, a: _row(t.linalg.eigvalsh(_even(a)))),
    _bound("eigh", _eigh),
    _bound("svdvals", lambda t, a: _row(t.linalg.svdvals(a))),
    _bound("svd", _svd),
    _bound("pinv", lambda t, a: t.linalg.pinv(a)),
    _bound("qr", _qr),
    _bound("lstsq", lambda t, a, b: t.linalg.lstsq(a, b, driver="gels").solution, 2),
    _bound("lu", lambda t, a: t.linalg.lu_factor_ex(a)[0])._replace(names=("torch.autograd.grad", "torch.func.jacfwd", "torch.linalg.lu_factor_ex")),
    _bound("eigvals", _power_sums),
    _bound("eig", _eig),
    _bound("matrix_exp", lambda t, a: t.linalg.matrix_exp(a)),
)
