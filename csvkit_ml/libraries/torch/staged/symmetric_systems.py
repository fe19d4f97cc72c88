"""Torch bindings: symmetric systems, inverses from Cholesky factors, refusal of singular matrices."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

SOLVED = ("float32", "float64", "complex64", "complex128")


def _by_factor(t, p, a, b):
    factors, pivots = t.linalg.ldl_factor(a, hermitian=p["hermitian"])
    return t.linalg.ldl_solve(factors, pivots, b, hermitian=p["hermitian"])


def _by_factor_ex(t, p, a, b):
    factors, pivots, info = t.linalg.ldl_factor_ex(a, hermitian=p["hermitian"])
    if int(info):
        raise ValueError("info is %d" % int(info))
    return t.linalg.ldl_solve(factors, pivots, b, hermitian=p["hermitian"])


def _refused(call):
    def form(t, p, a):
        try:
            call(t, a)
        except t.linalg.LinAlgError:
            return True
        return False

    return form


BINDINGS = (
    Binding(
        function="ldl_solve",
        forms={"plain": _by_factor, "factor-ex": _by_factor_ex},
        names=("torch.linalg.ldl_factor", "torch.linalg.ldl_factor_ex", "torch.linalg.ldl_solve"),
        dtypes=SOLVED,
        modes=("inference-mode",),
    ),
    Binding(
        function="cholesky_inverse",
        forms={
            "plain": lambda t, p, f: t.cholesky_inverse(f, upper=p["upper"]),
            "method": lambda t, p, f: f.cholesky_inverse(upper=p["upper"]),
        },
        names=("torch.cholesky_inverse", "torch.Tensor.cholesky_inverse"),
        dtypes=SOLVED,
        modes=("inference-mode",),
    ),
    Binding(
        function="singular_refused",
        forms={
            "plain": _refused(lambda t, a: t.linalg.inv(a)),
            "solve": _refused(lambda t, a: t.linalg.solve(a, a[:, :1])),
            "inverse": _refused(lambda t, a: a.inverse()),
        },
        names=("torch.linalg.LinAlgError", "torch.linalg.inv", "torch.linalg.solve"),
        dtypes=SOLVED,
    ),
)
