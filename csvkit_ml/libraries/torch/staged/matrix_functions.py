"""Torch bindings: functions of one matrix, and triangular systems."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

SOLVED = ("float32", "float64", "complex64", "complex128")
LAYOUTS = ("strided", "transposed", "offset", "unaligned")


def _order(text):
    return text if text in ("fro", "nuc") else float(text)


def _norm_of_values(t, p, a):
    """The same norms by way of the singular values, the others as they are."""
    s = {"nuc": lambda v: v.sum(-1), "2": lambda v: v[..., 0], "-2": lambda v: v[..., -1]}
    return s[p["ord"]](t.linalg.svdvals(a)) if p["ord"] in s else t.linalg.matrix_norm(a, ord=_order(p["ord"]))


def _norm_of_leading_axes(t, p, a):
    """The matrix axes first."""
    b = a.movedim((-2, -1), (0, 1)).contiguous()
    return t.linalg.norm(b, ord=_order(p["ord"]), dim=(0, 1))


def _older_norm(t, p, a):
    """The norms that have functions of their own."""
    if p["ord"] == "fro":
        return t.frobenius_norm(a, (-2, -1))
    return t.nuclear_norm(a, (-2, -1)) if p["ord"] == "nuc" else t.linalg.matrix_norm(a, ord=_order(p["ord"]))


def _cond(t, p, a):
    return t.linalg.cond(a) if p["p"] == "none" else t.linalg.cond(a, p=_order(p["p"]))


def _triangular(t, p, a, b):
    return t.linalg.solve_triangular(a, b, upper=p["upper"], left=p["left"], unitriangular=p["unitriangular"])


def _triangular_function(t, p, a, b):
    """torch.triangular_solve solves from the left only; from the right through the transposed system."""
    if p["left"]:
        return t.triangular_solve(b, a, upper=p["upper"], unitriangular=p["unitriangular"]).solution
    return t.triangular_solve(b.mT, a, upper=p["upper"], transpose=True, unitriangular=p["unitriangular"]).solution.mT


def _triangular_in_place(t, p, a, b):
    out = b.clone()
    return t.linalg.solve_triangular(a, out, upper=p["upper"], left=p["left"], unitriangular=p["unitriangular"], out=out)


def _by_solve(t, p, a):
    """A^-1 as the solution of A X = I."""
    return t.linalg.solve(a, t.eye(a.shape[-1], dtype=a.dtype).expand(a.shape))


def _binding(id, names, modes=("inference-mode", "requires-grad"), **forms):
    return Binding(
        function=id, forms={k.replace("_", "-"): f for k, f in forms.items()}, names=names, dtypes=SOLVED, layouts=LAYOUTS, modes=modes
    )


BINDINGS = (
    _binding(
        "inv",
        ("torch.linalg.inv", "torch.linalg.inv_ex", "torch.inverse", "torch.Tensor.inverse"),
        plain=lambda t, p, a: t.linalg.inv(a),
        inv_ex=lambda t, p, a: t.linalg.inv_ex(a).inverse,
        method=lambda t, p, a: a.inverse(),
        solve=_by_solve,
        out=lambda t, p, a: t.linalg.inv(a, out=t.empty(0, dtype=a.dtype)),
    ),
    _binding(
        "pinv",
        ("torch.linalg.pinv", "torch.pinverse", "torch.Tensor.pinverse"),
        plain=lambda t, p, a: t.linalg.pinv(a),
        function=lambda t, p, a: t.pinverse(a, rcond=1e-5),
        tolerance=lambda t, p, a: t.linalg.pinv(a, atol=0.0, rtol=1e-5),
    ),
    _binding(
        "det",
        ("torch.linalg.det", "torch.det", "torch.Tensor.det"),
        plain=lambda t, p, a: t.linalg.det(a),
        method=lambda t, p, a: a.det(),
        out=lambda t, p, a: t.linalg.det(a, out=t.empty(0, dtype=a.dtype)),
    ),
    _binding(
        "slogdet",
        ("torch.linalg.slogdet", "torch.slogdet", "torch.Tensor.slogdet"),
        plain=lambda t, p, a: t.linalg.slogdet(a),
        method=lambda t, p, a: a.slogdet(),
    ),
    _binding(
        "matrix_exp",
        ("torch.linalg.matrix_exp", "torch.matrix_exp", "torch.Tensor.matrix_exp"),
        plain=lambda t, p, a: t.linalg.matrix_exp(a),
        method=lambda t, p, a: a.matrix_exp(),
    ),
    _binding(
        "matrix_power",
        ("torch.linalg.matrix_power", "torch.matrix_power", "torch.Tensor.matrix_power"),
        plain=lambda t, p, a: t.linalg.matrix_power(a, p["n"]),
        method=lambda t, p, a: a.matrix_power(p["n"]),
        out=lambda t, p, a: t.linalg.matrix_power(a, p["n"], out=t.empty(0, dtype=a.dtype)),
    ),
    _binding(
        "matrix_rank",
        ("torch.linalg.matrix_rank",),
        modes=("inference-mode",),
        plain=lambda t, p, a: t.linalg.matrix_rank(a),
        tolerance=lambda t, p, a: t.linalg.matrix_rank(a, rtol=1e-5),
    ),
    _binding(
        "matrix_norm",
        ("torch.linalg.matrix_norm", "torch.linalg.norm", "torch.frobenius_norm", "torch.nuclear_norm"),
        plain=lambda t, p, a: t.linalg.matrix_norm(a, ord=_order(p["ord"])),
        norm=lambda t, p, a: t.linalg.norm(a, ord=_order(p["ord"]), dim=(-2, -1)),
        keepdim=lambda t, p, a: t.linalg.matrix_norm(a, ord=_order(p["ord"]), keepdim=True)[..., 0, 0],
        leading_axes=_norm_of_leading_axes,
        older_names=_older_norm,
        values=_norm_of_values,
    ),
    _binding("cond", ("torch.linalg.cond",), plain=_cond),
    _binding(
        "solve_triangular",
        ("torch.linalg.solve_triangular", "torch.triangular_solve", "torch.Tensor.triangular_solve"),
        plain=_triangular,
        function=_triangular_function,
        in_place=_triangular_in_place,
    ),
)
