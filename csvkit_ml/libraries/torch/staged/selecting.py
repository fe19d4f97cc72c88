"""Torch bindings: reading by masks, flat positions and several indices."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
LAYOUTS = ("strided", "transposed", "offset", "expanded")


def _binding(function, forms, names):
    return Binding(function=function, forms=forms, names=names, dtypes=MOVED, layouts=LAYOUTS, modes=("inference-mode",))


def _index(pattern, given):
    rest = iter(given)
    one = {":": slice(None), "...": Ellipsis, "none": None, "::2": slice(None, None, 2), "1:": slice(1, None)}
    return tuple(next(rest) if part == "i" else one[part] for part in pattern.split(","))


def _by_list(t, p, x, *index):
    """Positions as a Python list where the pattern is a single index."""
    return x[index[0].tolist()] if p["pattern"] == "i" and index[0].dim() == 1 else x[_index(p["pattern"], index)]


def _mask_at_nonzero(t, p, x, m):
    return x[t.nonzero(m, as_tuple=True)] if m.dim() else x[m]


BINDINGS = (
    _binding(
        "index_expression",
        {
            "plain": lambda t, p, x, *i: x[_index(p["pattern"], i)],
            "int32": lambda t, p, x, *i: x[_index(p["pattern"], [k.int() for k in i])],
            "by-list": _by_list,
        },
        ("torch.Tensor.__getitem__",),
    ),
    _binding(
        "masked_select",
        {
            "plain": lambda t, p, x, m: t.masked_select(x, m),
            "method": lambda t, p, x, m: x.masked_select(m),
            "out": lambda t, p, x, m: t.masked_select(x, m, out=t.empty(0, dtype=x.dtype)),
        },
        ("torch.masked_select", "torch.Tensor.masked_select"),
    ),
    _binding(
        "index_by_mask",
        {"plain": lambda t, p, x, m: x[m], "by-nonzero": _mask_at_nonzero},
        ("torch.Tensor.__getitem__",),
    ),
    _binding(
        "take",
        {
            "plain": lambda t, p, x, i: t.take(x, i),
            "method": lambda t, p, x, i: x.take(i),
            "out": lambda t, p, x, i: t.take(x, i, out=t.empty(i.shape, dtype=x.dtype)),
        },
        ("torch.take", "torch.Tensor.take"),
    ),
    _binding(
        "take_along_axis",
        {
            "plain": lambda t, p, x, i: t.take_along_dim(x, i, dim=p["axis"]),
            "method": lambda t, p, x, i: x.take_along_dim(i, dim=p["axis"]),
        },
        ("torch.take_along_dim", "torch.Tensor.take_along_dim"),
    ),
)
