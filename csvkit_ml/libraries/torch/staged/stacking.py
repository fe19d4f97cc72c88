"""Torch bindings: joining along new axes, taking apart, grids and combinations."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")


def _binding(function, forms, names, dtypes=MOVED):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, modes=("inference-mode",))


def _stacked(name, alias=None):
    """By the function, into a given tensor and by its alias."""
    forms = {
        "plain": lambda t, p, *xs: getattr(t, name)(xs),
        "out": lambda t, p, *xs: getattr(t, name)(xs, out=t.empty(0, dtype=xs[0].dtype)),
    }
    if alias:
        forms[alias.replace("_", "-")] = lambda t, p, *xs: getattr(t, alias)(xs)
    return _binding(name, forms, ("torch." + name, *(("torch." + alias,) if alias else ())))


def _by_shorthand(t, p, x):
    """hsplit, vsplit and dsplit where they say the same: parts that divide the extent."""
    axis, parts = p["axis"] % x.dim(), p["parts"]
    if x.shape[axis] % parts or axis > 2:
        return x.tensor_split(parts, dim=axis)
    if axis == 0:
        return t.vsplit(x, parts) if x.dim() > 1 else t.hsplit(x, parts)
    return t.hsplit(x, parts) if axis == 1 else t.dsplit(x, parts)


def _by_method(t, p, x):
    axis, parts = p["axis"] % x.dim(), p["parts"]
    if x.shape[axis] % parts or axis > 2:
        return x.tensor_split(parts, p["axis"])
    if axis == 0:
        return x.vsplit(parts) if x.dim() > 1 else x.hsplit(parts)
    return x.hsplit(parts) if axis == 1 else x.dsplit(parts)


def _by_places(t, p, x):
    """Parts by where they end."""
    n, parts = x.shape[p["axis"]], p["parts"]
    ends = [(n // parts) * (i + 1) + min(n % parts, i + 1) for i in range(parts - 1)]
    return t.tensor_split(x, ends, dim=p["axis"])


BINDINGS = (
    _binding(
        "stack",
        {
            "plain": lambda t, p, *xs: t.stack(xs, dim=p["axis"]),
            "out": lambda t, p, *xs: t.stack(xs, dim=p["axis"], out=t.empty(0, dtype=xs[0].dtype)),
        },
        ("torch.stack",),
    ),
    _stacked("hstack"),
    _stacked("vstack", "row_stack"),
    _stacked("dstack"),
    _stacked("column_stack"),
    _binding("block_diag", {"plain": lambda t, p, *xs: t.block_diag(*xs)}, ("torch.block_diag",)),
    _binding(
        "unbind",
        {
            "plain": lambda t, p, x: t.unbind(x, dim=p["axis"]),
            "method": lambda t, p, x: x.unbind(p["axis"]),
            "copy": lambda t, p, x: t.unbind_copy(x, p["axis"]),
            "iterated": lambda t, p, x: tuple(x.movedim(p["axis"], 0)),
        },
        ("torch.unbind", "torch.Tensor.unbind", "torch.unbind_copy"),
    ),
    _binding(
        "tensor_split",
        {
            "plain": lambda t, p, x: t.tensor_split(x, p["parts"], dim=p["axis"]),
            "method": lambda t, p, x: x.tensor_split(p["parts"], p["axis"]),
            "by-places": _by_places,
            "shorthand": _by_shorthand,
            "shorthand-method": _by_method,
        },
        (
            "torch.tensor_split", "torch.Tensor.tensor_split", "torch.hsplit", "torch.vsplit", "torch.dsplit", "torch.Tensor.hsplit",
            "torch.Tensor.vsplit", "torch.Tensor.dsplit",
        ),
    ),
    _binding(
        "chunk",
        {
            "plain": lambda t, p, x: t.chunk(x, p["parts"], dim=p["axis"]),
            "method": lambda t, p, x: x.chunk(p["parts"], p["axis"]),
            "unsafe": lambda t, p, x: t.unsafe_chunk(x, p["parts"], dim=p["axis"]),
            "unsafe-method": lambda t, p, x: x.unsafe_chunk(p["parts"], p["axis"]),
        },
        ("torch.chunk", "torch.Tensor.chunk", "torch.unsafe_chunk", "torch.Tensor.unsafe_chunk"),
    ),
    _binding("meshgrid", {"plain": lambda t, p, *xs: t.meshgrid(*xs, indexing=p["indexing"])}, ("torch.meshgrid",)),
    _binding("cartesian_prod", {"plain": lambda t, p, *xs: t.cartesian_prod(*xs)}, ("torch.cartesian_prod",)),
    _binding(
        "combinations",
        {"plain": lambda t, p, x: t.combinations(x, p["r"], p["replacement"])},
        ("torch.combinations",),
    ),
    *(
        _binding(name, {"plain": lambda t, p, x, name=name: getattr(t, name)(x)}, ("torch." + name,))
        for name in ("atleast_1d", "atleast_2d", "atleast_3d")
    ),
)  # fmt: skip
