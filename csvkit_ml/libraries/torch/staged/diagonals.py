"""Torch bindings: diagonals, triangles, windows and views by strides. What is written in place is written to a copy."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
LAYOUTS = ("strided", "transposed", "offset", "expanded")


def _binding(function, forms, names, layouts=LAYOUTS):
    return Binding(function=function, forms=forms, names=names, dtypes=MOVED, layouts=layouts, modes=("inference-mode",))


def _triangle(name):
    def out(t, p, x):
        return getattr(t, name)(x, p["k"], out=t.empty(x.shape, dtype=x.dtype))

    def masked(t, p, x):
        """By the positions that the library lists."""
        at = getattr(t, name + "_indices")(*x.shape[-2:], offset=p["k"])
        y = t.zeros_like(x)
        y[..., at[0], at[1]] = x[..., at[0], at[1]]
        return y

    forms = {
        "plain": lambda t, p, x: getattr(t, name)(x, p["k"]),
        "method": lambda t, p, x: getattr(x, name)(p["k"]),
        "inplace": lambda t, p, x: getattr(x.clone(), name + "_")(p["k"]),
        "out": out,
        "by-indices": masked,
    }
    return _binding(name, forms, ("torch." + name, "torch.Tensor." + name, "torch.Tensor.%s_" % name, "torch.%s_indices" % name))


def _plane(call):
    return lambda t, p, x: call(t, x, p["k"], p["first"], p["second"])


def _offset(x, p):
    """The sample counts from the data, torch from the storage."""
    return p["offset"] + x.storage_offset()


def _slice_inplace(t, p, x, source):
    y = x.clone()
    place = [slice(None)] * x.dim()
    place[p["axis"]] = slice(p["start"], p["stop"], p["step"])
    y[tuple(place)] = source
    return y


def _select_inplace(t, p, x, source):
    y = x.clone()
    y.select(p["axis"], p["at"]).copy_(source)
    return y


def _select_by_index(t, p, x):
    return x[(slice(None),) * (p["axis"] % x.dim()) + (p["at"],)]


BINDINGS = (
    _triangle("tril"),
    _triangle("triu"),
    _binding(
        "diagonal",
        {
            "plain": _plane(lambda t, x, *a: t.diagonal(x, *a)),
            "method": _plane(lambda t, x, *a: x.diagonal(*a)),
            "copy": _plane(lambda t, x, *a: t.diagonal_copy(x, *a)),
            "linalg": _plane(lambda t, x, k, a, b: t.linalg.diagonal(x, offset=k, dim1=a, dim2=b)),
        },
        ("torch.diagonal", "torch.Tensor.diagonal", "torch.diagonal_copy", "torch.linalg.diagonal"),
    ),
    _binding(
        "diag",
        {"plain": lambda t, p, x: t.diag(x, p["k"]), "method": lambda t, p, x: x.diag(p["k"])},
        ("torch.diag", "torch.Tensor.diag"),
    ),
    _binding(
        "diagflat",
        {"plain": lambda t, p, x: t.diagflat(x, p["k"]), "method": lambda t, p, x: x.diagflat(p["k"])},
        ("torch.diagflat", "torch.Tensor.diagflat"),
    ),
    _binding(
        "diag_embed",
        {"plain": _plane(lambda t, x, *a: t.diag_embed(x, *a)), "method": _plane(lambda t, x, *a: x.diag_embed(*a))},
        ("torch.diag_embed", "torch.Tensor.diag_embed"),
    ),
    _binding(
        "unfold_axis",
        {
            "plain": lambda t, p, x: x.unfold(p["axis"], p["size"], p["step"]),
            "copy": lambda t, p, x: t.unfold_copy(x, p["axis"], p["size"], p["step"]),
        },
        ("torch.Tensor.unfold", "torch.unfold_copy"),
    ),
    _binding(
        "as_strided",
        {
            "plain": lambda t, p, x: t.as_strided(x, p["size"], p["strides"], _offset(x, p)),
            "method": lambda t, p, x: x.as_strided(p["size"], p["strides"], _offset(x, p)),
            "inplace": lambda t, p, x: x.clone().as_strided_(p["size"], p["strides"], p["offset"]),
            "copy": lambda t, p, x: t.as_strided_copy(x, p["size"], p["strides"], _offset(x, p)),
        },
        ("torch.as_strided", "torch.Tensor.as_strided", "torch.Tensor.as_strided_", "torch.as_strided_", "torch.as_strided_copy"),
        layouts=("offset", "unaligned"),
    ),
    _binding(
        "select",
        {
            "plain": lambda t, p, x: t.select(x, p["axis"], p["at"]),
            "method": lambda t, p, x: x.select(p["axis"], p["at"]),
            "copy": lambda t, p, x: t.select_copy(x, p["axis"], p["at"]),
            "by-index": _select_by_index,
        },
        ("torch.select", "torch.Tensor.select", "torch.select_copy", "torch.Tensor.__getitem__"),
    ),
    _binding(
        "select_scatter",
        {
            "plain": lambda t, p, x, s: t.select_scatter(x, s, p["axis"], p["at"]),
            "method": lambda t, p, x, s: x.select_scatter(s, p["axis"], p["at"]),
            "inplace": _select_inplace,
        },
        ("torch.select_scatter", "torch.Tensor.select_scatter"),
    ),
    _binding(
        "slice_scatter",
        {
            "plain": lambda t, p, x, s: t.slice_scatter(x, s, p["axis"], p["start"], p["stop"], p["step"]),
            "method": lambda t, p, x, s: x.slice_scatter(s, p["axis"], p["start"], p["stop"], p["step"]),
            "inplace": _slice_inplace,
        },
        ("torch.slice_scatter", "torch.Tensor.slice_scatter", "torch.Tensor.__setitem__"),
    ),
    _binding(
        "diagonal_scatter",
        {
            "plain": lambda t, p, x, s: t.diagonal_scatter(x, s, p["k"], p["first"], p["second"]),
            "method": lambda t, p, x, s: x.diagonal_scatter(s, p["k"], p["first"], p["second"]),
        },
        ("torch.diagonal_scatter", "torch.Tensor.diagonal_scatter"),
    ),
    _binding(
        "as_strided_scatter",
        {
            "plain": lambda t, p, x, s: t.as_strided_scatter(x, s, p["size"], p["strides"], _offset(x, p)),
            "method": lambda t, p, x, s: x.as_strided_scatter(s, p["size"], p["strides"], _offset(x, p)),
        },
        ("torch.as_strided_scatter", "torch.Tensor.as_strided_scatter"),
        layouts=("unaligned",),
    ),
    _binding(
        "fill_diagonal",
        {"plain": lambda t, p, x: x.clone().fill_diagonal_(p["value"], wrap=p["wrap"])},
        ("torch.Tensor.fill_diagonal_",),
    ),
)
