"""Torch bindings: linear systems, Cholesky factors and least squares, by every driver of the CPU."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

SOLVED = ("float32", "float64", "complex64", "complex128")
LAYOUTS = ("strided", "transposed", "offset", "unaligned")


def _solve_out(t, p, a, b):
    return t.linalg.solve(a, b, out=t.empty(0, dtype=a.dtype))


def _from_the_right(t, p, a, b):
    """X A' = B'; a single vector has no such form."""
    if b.dim() == 1:
        return t.linalg.solve(a.mT, b.unsqueeze(0), left=False).squeeze(0)
    return t.linalg.solve(a.mT, b.mT, left=False).mT


def _by_lu(t, p, a, b):
    factors, pivots = t.linalg.lu_factor(a)
    return t.linalg.lu_solve(factors, pivots, b.unsqueeze(-1)).squeeze(-1) if b.dim() == 1 else t.linalg.lu_solve(factors, pivots, b)


def _by_adjoint_lu(t, p, a, b):
    """The factors of A' solve with the adjoint flag."""
    factors, pivots = t.linalg.lu_factor(a.mH)
    x = t.linalg.lu_solve(factors, pivots, b.unsqueeze(-1) if b.dim() == 1 else b, adjoint=True)
    return x.squeeze(-1) if b.dim() == 1 else x


def _cholesky_in_place(t, p, a):
    out = a.clone()
    return t.linalg.cholesky(out, upper=p["upper"], out=out)


def _columns_last(t, b):
    """Column-major right-hand sides, as LAPACK wants them."""
    return b.mT.contiguous().mT


def _driver(name):
    return lambda t, p, a, b: t.linalg.lstsq(a, b, driver=name).solution


def _with_rank(name):
    def form(t, p, a, b):
        made = t.linalg.lstsq(a, b, rcond=p["rcond"], driver=name)
        return made.solution, made.rank

    return form


def _least_squares(function):
    return Binding(
        function=function,
        forms={"plain": lambda t, p, a, b: t.linalg.lstsq(a, b).solution, **{d: _driver(d) for d in ("gels", "gelsy", "gelsd", "gelss")}},
        names=("torch.linalg.lstsq",),
        dtypes=SOLVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    )


BINDINGS = (
    Binding(
        function="solve",
        forms={
            "plain": lambda t, p, a, b: t.linalg.solve(a, b),
            "solve-ex": lambda t, p, a, b: t.linalg.solve_ex(a, b).result,
            "right": _from_the_right,
            "lu": _by_lu,
            "lu-adjoint": _by_adjoint_lu,
            "out": _solve_out,
        },
        names=("torch.linalg.solve", "torch.linalg.solve_ex", "torch.linalg.lu_factor", "torch.linalg.lu_solve"),
        dtypes=SOLVED,
        layouts=LAYOUTS,
        modes=("inference-mode", "requires-grad"),
    ),
    Binding(
        function="cholesky",
        forms={
            "plain": lambda t, p, a: t.linalg.cholesky(a, upper=p["upper"]),
            "cholesky-ex": lambda t, p, a: t.linalg.cholesky_ex(a, upper=p["upper"]).L,
            "function": lambda t, p, a: t.cholesky(a, upper=p["upper"]),
            "out": lambda t, p, a: t.linalg.cholesky(a, upper=p["upper"], out=t.empty(0, dtype=a.dtype)),
            "in-place": _cholesky_in_place,
        },
        names=("torch.linalg.cholesky", "torch.linalg.cholesky_ex", "torch.cholesky", "torch.Tensor.cholesky"),
        dtypes=SOLVED,
        layouts=LAYOUTS,
        modes=("inference-mode", "requires-grad"),
    ),
    Binding(
        function="cholesky_info",
        forms={"plain": lambda t, p, a: t.linalg.cholesky_ex(a).info},
        names=("torch.linalg.cholesky_ex",),
        dtypes=SOLVED,
    ),
    Binding(
        function="cholesky_solve",
        forms={
            "plain": lambda t, p, a, b: t.cholesky_solve(b, a, upper=p["upper"]),
            "column-major": lambda t, p, a, b: t.cholesky_solve(_columns_last(t, b), a, upper=p["upper"]),
            "method": lambda t, p, a, b: b.cholesky_solve(a, upper=p["upper"]),
        },
        names=("torch.cholesky_solve", "torch.Tensor.cholesky_solve"),
        dtypes=SOLVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    _least_squares("least_squares"),
    _least_squares("least_squares_wide"),
    Binding(
        function="least_squares_deficient",
        forms={"plain": _with_rank("gelsy"), "gelsd": _with_rank("gelsd"), "gelss": _with_rank("gelss")},
        names=("torch.linalg.lstsq",),
        dtypes=SOLVED,
        layouts=LAYOUTS,
    ),
)
