"""Other names of products, convolutions, solvers and factorisations."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.torch.staged.aliases import Form, Names, named
from csvkit_ml.libraries.torch.staged.forms import resolve


def _gemm(name: str, in_place: bool) -> Form:
    """beta C + alpha A B as a method of C, batched for baddbmm."""

    def form(t: Any, p: Any, a: Any, b: Any, c: Any = None) -> Any:
        a, b = (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(a.shape[0], b.shape[1])
        batch = name.startswith("baddbmm")
        a, b, c = (v.unsqueeze(0) if batch else v for v in (a, b, c))
        made = getattr(c.clone() if in_place else c, name)(a, b, beta=p["beta"], alpha=p["alpha"])
        return made.squeeze(0) if batch else made

    return form


def _convolution(t: Any, p: Any, x: Any, w: Any, b: Any = None) -> Any:
    half = len(p["padding"]) // 2
    return t.convolution(x, w, b, p["stride"], p["padding"][:half], p["dilation"], False, [0] * half, p["groups"])


def _lazy(name: str) -> Form:
    """A module that takes its number of input features from the first batch."""

    def form(t: Any, p: Any, x: Any, w: Any, b: Any = None) -> Any:
        if name == "LazyLinear":
            m = t.nn.LazyLinear(w.shape[0], bias=b is not None, dtype=w.dtype)
        else:
            half = len(p["padding"]) // 2
            given = {k: p[k] for k in ("stride", "dilation", "groups", "output_padding") if k in p}
            out = w.shape[1] * p["groups"] if "Transpose" in name else w.shape[0]
            m = getattr(t.nn, name)(out, tuple(w.shape[2:]), padding=p["padding"][:half], bias=b is not None, dtype=w.dtype, **given)
        m.initialize_parameters(x)
        if m.weight.shape != w.shape:
            raise ValueError("the weight has the shape %s" % (tuple(m.weight.shape),))
        with t.no_grad():
            m.weight.copy_(w)
            if b is not None:
                m.bias.copy_(b)
        return m(x)

    return form


def _row_by_row(call: Form) -> Form:
    """A function of two vectors, for every pair of rows; it conjugates neither."""

    def form(t: Any, p: Any, a: Any, b: Any) -> Any:
        rows = zip(a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]))  # noqa: B905 - Python 3.9
        return t.stack([call(t, x, y) for x, y in rows]).reshape(a.shape[:-1])

    return form


def _one_batch(name: str) -> Form:
    """beta C + alpha sum of A_i B_i over a batch of one."""

    def form(t: Any, p: Any, a: Any, b: Any, c: Any = None) -> Any:
        a, b = (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(a.shape[0], b.shape[1]).clone()
        given = {"beta": p["beta"], "alpha": p["alpha"]}
        method = name.startswith("Tensor.")
        return getattr(c, name[7:])(a[None], b[None], **given) if method else resolve(t, name)(c, a[None], b[None], **given)

    return form


def _rank_one(name: str) -> Form:
    """An outer product added to zeros."""

    def form(t: Any, p: Any, a: Any, b: Any) -> Any:
        zeros = t.zeros(a.shape[0], b.shape[0], dtype=a.dtype)
        return getattr(zeros, name[7:])(a, b) if name.startswith("Tensor.") else resolve(t, name)(zeros, a, b)

    return form


def _tensor_inverse(t: Any, p: Any, a: Any) -> Any:
    """The matrix as a tensor of two axes each way."""
    n = a.shape[-1]
    return t.linalg.tensorinv(a.reshape(n, 2, n // 2), ind=1).reshape(n, n)


def _tensor_solve(t: Any, p: Any, a: Any, b: Any) -> Any:
    n = a.shape[-1]
    columns = b.unsqueeze(-1) if b.dim() == 1 else b
    made = [t.linalg.tensorsolve(a.reshape(n, 2, n // 2), c).reshape(n) for c in columns.unbind(-1)]
    return t.stack(made, -1).reshape(b.shape)


def _with_factors(method: bool) -> Form:
    def form(t: Any, p: Any, a: Any, b: Any) -> Any:
        columns = b.unsqueeze(-1) if b.dim() == 1 else b
        factors, pivots = t.linalg.lu_factor(a)
        return (columns.lu_solve(factors, pivots) if method else t.lu_solve(columns, factors, pivots)).reshape(b.shape)

    return form


def _old_lu(method: bool) -> Form:
    return lambda t, p, a: t.lu_unpack(*(a.lu() if method else t.lu(a)))


def _old_qr(method: bool) -> Form:
    return lambda t, p, a: a.qr(some=p["mode"] == "reduced") if method else t.qr(a, some=p["mode"] == "reduced")


def _orthogonal(method: bool, by_product: bool) -> Form:
    """Q of a square matrix from its reflectors, formed or multiplied by the identity."""

    def form(t: Any, p: Any, a: Any) -> Any:
        packed, tau = a.geqrf()
        eye = t.eye(a.shape[-2], dtype=a.dtype)
        product = (lambda: packed.ormqr(tau, eye)) if method else (lambda: t.ormqr(packed, tau, eye))
        formed = (lambda: packed.orgqr(tau)) if method else (lambda: t.orgqr(packed, tau))
        return (product if by_product else formed)(), packed.triu()

    return form


def _log_determinant(method: bool) -> Form:
    """log det after the first row has got the sign of the determinant; the real part of a complex logarithm."""

    def form(t: Any, p: Any, a: Any) -> Any:
        sign = t.linalg.slogdet(a).sign
        if not a.is_complex():
            a = t.cat([a[..., :1, :] * sign[..., None, None], a[..., 1:, :]], dim=-2)
        made = a.logdet() if method else t.logdet(a)
        return sign, made.real if a.is_complex() else made

    return form


PRODUCTS: "Names" = {
    "matmul": {
        **named("Tensor.__matmul__ Tensor.__rmatmul__ mm Tensor.mm"),
        "torch.mv": lambda t, p, a, b: t.stack([t.mv(a, c) for c in b.unbind(-1)], -1),
        "torch.Tensor.mv": lambda t, p, a, b: t.stack([a.mv(c) for c in b.unbind(-1)], -1),
        "torch.chain_matmul": lambda t, p, a, b: t.chain_matmul(a, b),
        "torch.inner": lambda t, p, a, b: t.inner(a, b.t()),
        "torch.Tensor.inner": lambda t, p, a, b: a.inner(b.t()),
    },
    "gemm": {
        **{"torch.Tensor." + n: _gemm(n, n.endswith("_")) for n in ("addmm", "addmm_", "baddbmm", "baddbmm_")},
        **{"torch." + n: _one_batch(n) for n in ("addbmm", "Tensor.addbmm", "Tensor.addbmm_")},
    },
    "outer": {"torch." + n: _rank_one(n) for n in ("addr", "Tensor.addr", "Tensor.addr_")},
    "vecdot": {
        "torch.dot": _row_by_row(lambda t, x, y: t.dot(x.conj(), y)),
        "torch.Tensor.dot": _row_by_row(lambda t, x, y: x.conj().dot(y)),
        "torch.vdot": _row_by_row(lambda t, x, y: t.vdot(x, y)),
        "torch.Tensor.vdot": _row_by_row(lambda t, x, y: x.vdot(y)),
    },
    "inv": {"torch.linalg.tensorinv": _tensor_inverse},
    "solve": {
        "torch.linalg.tensorsolve": _tensor_solve,
        "torch.lu_solve": _with_factors(False),
        "torch.Tensor.lu_solve": _with_factors(True),
    },
    "lu": {"torch.lu": _old_lu(False), "torch.Tensor.lu": _old_lu(True)},
    "qr": {
        "torch.qr": _old_qr(False), "torch.Tensor.qr": _old_qr(True),
        "torch.orgqr": _orthogonal(False, False), "torch.Tensor.orgqr": _orthogonal(True, False),
        "torch.ormqr": _orthogonal(False, True), "torch.Tensor.ormqr": _orthogonal(True, True),
        "torch.Tensor.geqrf": _orthogonal(True, False),
    },
    "slogdet": {"torch.logdet": _log_determinant(False), "torch.Tensor.logdet": _log_determinant(True)},
    "linear": {"torch.nn.LazyLinear": _lazy("LazyLinear")},
    **{"conv%dd" % d: {"torch.convolution": _convolution, "torch.nn.LazyConv%dd" % d: _lazy("LazyConv%dd" % d)} for d in (2, 3)},
    "conv1d": {
        "torch.convolution": _convolution,
        "torch.nn.LazyConv1d": _lazy("LazyConv1d"),
    },
    **{"conv_transpose%dd" % d: {"torch.nn.LazyConvTranspose%dd" % d: _lazy("LazyConvTranspose%dd" % d)} for d in (1, 2, 3)},
}
