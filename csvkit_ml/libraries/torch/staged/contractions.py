"""Torch bindings: products beyond matmul."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

SOLVED = ("float32", "float64", "complex64", "complex128")
NARROW = ("float16", "bfloat16")


def _bilinear_module(t, p, x, z, w, b=None):
    m = t.nn.Bilinear(x.shape[-1], z.shape[-1], w.shape[0], bias=b is not None, dtype=w.dtype)
    m.weight = t.nn.Parameter(w, requires_grad=False)
    if b is not None:
        m.bias = t.nn.Parameter(b, requires_grad=False)
    return m(x, z)


def _tensordot(t, p, x, z):
    """The last axis of one against the first of the other, batch by batch."""
    made = [t.tensordot(x[i], z[i], dims=1) for i in range(len(x))]
    return t.stack(made) if made else t.bmm(x, z)


def _binding(id, names, dtypes, **forms):
    return Binding(function=id, forms={k.replace("_", "-"): f for k, f in forms.items()}, names=names, dtypes=dtypes, modes=("inference-mode", "requires-grad"))


BINDINGS = (
    _binding(
        "bmm", ("torch.bmm", "torch.Tensor.bmm", "torch.tensordot"), (*SOLVED, *NARROW),
        plain=lambda t, p, a, b: t.bmm(a, b),
        method=lambda t, p, a, b: a.bmm(b),
        out=lambda t, p, a, b: t.bmm(a, b, out=t.empty(0, dtype=a.dtype)),
        tensordot=_tensordot,
    ),
    _binding(
        "outer", ("torch.outer", "torch.ger", "torch.Tensor.outer", "torch.Tensor.ger"), (*SOLVED, *NARROW),
        plain=lambda t, p, a, b: t.outer(a, b),
        ger=lambda t, p, a, b: t.ger(a, b),
        method=lambda t, p, a, b: a.outer(b),
    ),
    _binding(
        "kron", ("torch.kron", "torch.Tensor.kron"), SOLVED,
        plain=lambda t, p, a, b: t.kron(a, b),
        method=lambda t, p, a, b: a.kron(b),
    ),
    _binding(
        "vecdot", ("torch.linalg.vecdot",), SOLVED,
        plain=lambda t, p, a, b: t.linalg.vecdot(a, b),
        first_axis=lambda t, p, a, b: t.linalg.vecdot(a.movedim(-1, 0), b.movedim(-1, 0), dim=0),
    ),
    _binding(
        "cross", ("torch.linalg.cross", "torch.cross", "torch.Tensor.cross"), SOLVED,
        plain=lambda t, p, a, b: t.linalg.cross(a, b, dim=p["dim"]),
        function=lambda t, p, a, b: t.cross(a, b, dim=p["dim"]),
        method=lambda t, p, a, b: a.cross(b, dim=p["dim"]),
    ),
    _binding(
        "multi_dot", ("torch.linalg.multi_dot",), SOLVED,
        plain=lambda t, p, *xs: t.linalg.multi_dot(xs),
        out=lambda t, p, *xs: t.linalg.multi_dot(xs, out=t.empty(0, dtype=xs[0].dtype)),
    ),
    _binding(
        "bilinear", ("torch.nn.functional.bilinear", "torch.nn.Bilinear"), ("float32", "float64"),
        plain=lambda t, p, x, z, w, b=None: t.nn.functional.bilinear(x, z, w, b),
        module=_bilinear_module,
    ),
    _binding(
        "einsum", ("torch.einsum",), SOLVED,
        plain=lambda t, p, *xs: t.einsum(p["equation"], *xs),
        list=lambda t, p, *xs: t.einsum(p["equation"], list(xs)),
    ),
)  # fmt: skip
