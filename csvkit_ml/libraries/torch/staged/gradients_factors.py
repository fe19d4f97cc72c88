"""Torch bindings: gradients of LU factors, of solutions by factors, of least squares and of spectra of general matrices."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients import roads
from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _linalg(name, of, operands=1, *, path="", forms=None):
    """`forms`: further ways to the same value, each by reverse mode."""
    made = bound(name, of, operands, path or "linalg." + name)
    more = {form: roads(other, lambda p: operands)["grad"] for form, (other, _) in (forms or {}).items()}
    return made._replace(forms={**made.forms, **more}, names=(*made.names, *(n for _, names in (forms or {}).values() for n in names)))


def _packed(t, p, a):
    """L below the diagonal, U on and above it, of both factors by themselves."""
    _, low, up = t.linalg.lu(a)
    m, n = a.shape[-2:]
    pad = t.nn.functional.pad
    return pad(low.tril(-1), (0, n - low.shape[-1])) + pad(up, (0, 0, 0, m - up.shape[-2]))


def _unpacked(t, p, a):
    factors, pivots = t.linalg.lu_factor(a)
    _, low, up = t.lu_unpack(factors, pivots)
    m, n = a.shape[-2:]
    pad = t.nn.functional.pad
    return pad(low.tril(-1), (0, n - low.shape[-1])) + pad(up, (0, 0, 0, m - up.shape[-2]))


def _lu_solve(t, p, packed, b):
    """Every row was exchanged with the last."""
    n = packed.shape[-1]
    pivots = t.full(packed.shape[:-1], n, dtype=t.int32)
    return t.linalg.lu_solve(packed, pivots, b, adjoint=p["adjoint"])


def _triangle(p, a):
    return a.triu() if p["upper"] else a.tril()


def _power_sums(t, w):
    """Sums of w^1 .. w^n, one row; imaginary parts cancel."""
    powers = w[..., None, :] ** t.arange(1, w.shape[-1] + 1)[:, None]
    return powers.sum(-1).real[..., None, :]


def _eig(t, p, a):
    w, v = t.linalg.eig(a)
    return ((v * (w**3)[..., None, :]) @ t.linalg.inv(v)).real


BINDINGS = (
    _linalg(
        "lu",
        lambda t, p, a: t.linalg.lu_factor_ex(a)[0],
        path="linalg.lu_factor_ex",
        forms={"lu": (_packed, ("torch.linalg.lu",)), "unpacked": (_unpacked, ("torch.linalg.lu_factor", "torch.lu_unpack"))},
    ),
    _linalg("lu_solve", _lu_solve, 2),
    _linalg("cholesky_solve", lambda t, p, a, b: t.cholesky_solve(b, _triangle(p, a), upper=p["upper"]), 2, path="cholesky_solve"),
    _linalg("cholesky_inverse", lambda t, p, a: t.cholesky_inverse(_triangle(p, a), upper=p["upper"]), path="cholesky_inverse"),
    _linalg("lstsq", lambda t, p, a, b: t.linalg.lstsq(a, b, driver=p["driver"]).solution, 2),
    _linalg(
        "eigvals",
        lambda t, p, a: _power_sums(t, t.linalg.eigvals(a)),
        forms={"with-vectors": (lambda t, p, a: _power_sums(t, t.linalg.eig(a).eigenvalues), ("torch.linalg.eig",))},
    ),
    _linalg("eig", _eig),
)
