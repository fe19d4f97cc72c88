"""Torch bindings: tensors of no dimension, long axes, whole numbers where the answer is a floating-point number."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

_LAYERS = ("relu", "gelu")


def _named(t, p, x):
    of = p["of"]
    return getattr(t.nn.functional if of in _LAYERS else t, of)(x)


def _method(t, p, x):
    return t.nn.functional.gelu(x) if p["of"] == "gelu" else getattr(x, p["of"])()


def _reduced(axis):
    """Along the axis that a tensor of no dimension is taken to have; None = over all where the function has such a form."""

    def form(t, p, x):
        of = p["of"]
        given = axis if axis is not None else -1 if of in ("sort", "logsumexp", "cumsum", "cumprod") else None
        made = getattr(t, of)(x) if given is None else getattr(t, of)(x, given)
        return made[0] if isinstance(made, tuple) else made

    return form


def _long(t, p, x, tail):
    return t.cat([x.repeat(p["turns"]), tail])


def _asked(t, v):
    n = v.numel()
    return t.tensor([0, 2**24 - 1, 2**24, 2**24 + 1, n - 3, n - 1])


def _of_long(function, names, **forms):
    return Binding(function=function, forms=forms, names=names, dtypes=("float32", "float64", "int64", "int32", "uint8"), layouts=())


NAMES = ("torch.sum", "torch.mean", "torch.prod", "torch.amax", "torch.amin")
ORDERS = ("torch.median", "torch.sort", "torch.logsumexp", "torch.cumsum", "torch.cumprod")
BINDINGS = (
    Binding(
        function="pointwise_of_scalar", forms={"plain": _named, "method": _method}, names=("torch.exp", "torch.sqrt"),
        dtypes=("float32", "float64"), layouts=(), modes=("inference-mode",),
    ),
    Binding(
        function="pointwise_of_whole", forms={"plain": _named, "method": _method}, names=("torch.exp", "torch.sqrt"), dtypes=("float32",),
        layouts=("transposed", "strided"), modes=("inference-mode",),
    ),
    Binding(
        function="reduction_of_scalar", forms={"plain": _reduced(None), "first-axis": _reduced(0), "last-axis": _reduced(-1)}, names=NAMES,
        dtypes=("float32", "float64", "int64"), layouts=(), modes=("inference-mode",),
    ),
    Binding(
        function="order_of_scalar", forms={"plain": _reduced(None), "first-axis": _reduced(0), "last-axis": _reduced(-1)}, names=ORDERS,
        dtypes=("float32", "float64", "int64"), layouts=(), modes=("inference-mode",),
    ),
    _of_long(
        "sum_of_long", ("torch.sum",), plain=lambda t, p, x, y: t.sum(_long(t, p, x, y), dtype=x.dtype),
        mean=lambda t, p, x, y: (_long(t, p, x, y).double().mean() * (p["turns"] * x.numel() + 4)).round().to(x.dtype),
    ),
    _of_long(
        "argmax_of_long", ("torch.argmax", "torch.max"), plain=lambda t, p, x, y: t.argmax(_long(t, p, x, y)),
        max=lambda t, p, x, y: t.max(_long(t, p, x, y), 0).indices, topk=lambda t, p, x, y: t.topk(_long(t, p, x, y), 1).indices[0],
        nonzero=lambda t, p, x, y: t.nonzero(_long(t, p, x, y) == 3)[0, 0],
    ),
    _of_long("cumsum_of_long", ("torch.cumsum",), plain=lambda t, p, x, y: t.cumsum(_long(t, p, x, y), 0, dtype=x.dtype)[-7:]),
    _of_long(
        "index_of_long", ("torch.index_select", "torch.gather", "torch.take"),
        plain=lambda t, p, x, y: (lambda v: t.index_select(v, 0, _asked(t, v)))(_long(t, p, x, y)),
        gather=lambda t, p, x, y: (lambda v: t.gather(v, 0, _asked(t, v)))(_long(t, p, x, y)),
        take=lambda t, p, x, y: (lambda v: t.take(v, _asked(t, v)))(_long(t, p, x, y)),
        backwards=lambda t, p, x, y: (lambda v: v.flip(0)[v.numel() - 1 - _asked(t, v)])(_long(t, p, x, y)),
    ),
)  # fmt: skip
