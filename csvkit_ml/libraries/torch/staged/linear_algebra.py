"""Torch bindings: matrix products."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _matmul_out(t, p, a, b):
    return t.matmul(a, b, out=t.empty(t.matmul(a, b).shape, dtype=a.dtype))


def _module(t, p, x, w, b=None):
    m = t.nn.Linear(w.shape[1], w.shape[0], bias=b is not None, dtype=w.dtype)
    m.weight = t.nn.Parameter(w, requires_grad=False)
    if b is not None:
        m.bias = t.nn.Parameter(b, requires_grad=False)
    return m(x)


def _operands(p, a, b):
    return (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)


def _addmm(t, p, a, b, c=None):
    left, right = _operands(p, a, b)
    if c is None:
        c = t.zeros(1, dtype=a.dtype)
    return t.addmm(c, left, right, beta=p["beta"], alpha=p["alpha"])


def _baddbmm(t, p, a, b, c=None):
    left, right = _operands(p, a, b)
    if c is None:
        c = t.zeros(1, dtype=a.dtype)
    return t.baddbmm(c, left.unsqueeze(0), right.unsqueeze(0), beta=p["beta"], alpha=p["alpha"]).squeeze(0)


def _by_columns(call):
    """beta C + alpha A B, one column after the other."""

    def form(t, p, a, b, c=None):
        left, right = _operands(p, a, b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(left.shape[0], right.shape[1])
        given = {"beta": p["beta"], "alpha": p["alpha"]}
        columns = zip(c.unbind(1), right.unbind(1))  # noqa: B905 - Python 3.9
        return t.stack([call(t)(x.clone(), left, y, **given) for x, y in columns], 1)

    return form


BINDINGS = (
    Binding(
        function="addmv",
        forms={
            "plain": _by_columns(lambda t: t.addmv), "inplace": _by_columns(lambda t: t.addmv_), "method": _by_columns(lambda t: t.Tensor.addmv),
            "method-inplace": _by_columns(lambda t: t.Tensor.addmv_),
        },
        names=("torch.addmv", "torch.addmv_", "torch.Tensor.addmv", "torch.Tensor.addmv_"),
        dtypes=FLOATS[:2],
        modes=("inference-mode",),
    ),
    Binding(
        function="matmul",
        forms={
            "plain": lambda t, p, a, b: t.matmul(a, b),
            "method": lambda t, p, a, b: a.matmul(b),
            "operator": lambda t, p, a, b: a @ b,
            "out": _matmul_out,
        },
        names=("torch.matmul", "torch.Tensor.matmul", "torch.linalg.matmul"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="linear",
        forms={"plain": lambda t, p, x, w, b=None: t.nn.functional.linear(x, w, b), "module": _module},
        names=("torch.nn.functional.linear", "torch.nn.Linear"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="gemm",
        forms={"plain": _addmm, "batched": _baddbmm},
        names=("torch.addmm", "torch.baddbmm"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
)
