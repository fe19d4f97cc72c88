"""Torch bindings: reading and writing by position."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

NUMBERS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8")
MOVED = (*NUMBERS, "bool")
LAYOUTS = ("strided", "transposed", "offset", "expanded")


def _whole_axes(p, x, index):
    """The index behind as many full slices as there are axes before it."""
    return x[(slice(None),) * (p["axis"] % x.dim()) + (index,)]


def _larger_source(t, p, x, index, source):
    """The source has one more element in every extent, which the index does not reach."""
    return t.scatter(x, p["axis"], index, t.nn.functional.pad(source, [0, 1] * source.dim()))


def _select_out(t, p, x, i):
    return t.index_select(x, p["axis"], i, out=t.empty(0, dtype=x.dtype))


BINDINGS = (
    Binding(
        function="gather",
        forms={
            "plain": lambda t, p, x, i: t.gather(x, p["axis"], i),
            "method": lambda t, p, x, i: x.gather(p["axis"], i),
            "out": lambda t, p, x, i: t.gather(x, p["axis"], i, out=t.empty(i.shape, dtype=x.dtype)),
        },
        names=("torch.gather", "torch.Tensor.gather"),
        dtypes=MOVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="index_select",
        forms={
            "plain": lambda t, p, x, i: t.index_select(x, p["axis"], i),
            "method": lambda t, p, x, i: x.index_select(p["axis"], i),
            "out": _select_out,
        },
        names=("torch.index_select", "torch.Tensor.index_select"),
        dtypes=MOVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="index_axis",
        forms={"plain": lambda t, p, x, i: _whole_axes(p, x, i)},
        names=("torch.Tensor.__getitem__",),
        dtypes=MOVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="scatter",
        forms={
            "plain": lambda t, p, x, i, s: t.scatter(x, p["axis"], i, s),
            "method": lambda t, p, x, i, s: x.scatter(p["axis"], i, s),
            "inplace": lambda t, p, x, i, s: x.clone().scatter_(p["axis"], i, s),
            "out": lambda t, p, x, i, s: t.scatter(x, p["axis"], i, s, out=t.empty(x.shape, dtype=x.dtype)),
            "larger-source": _larger_source,
        },
        names=("torch.scatter", "torch.Tensor.scatter", "torch.Tensor.scatter_"),
        dtypes=MOVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="scatter_add",
        forms={
            "plain": lambda t, p, x, i, s: t.scatter_add(x, p["axis"], i, s),
            "method": lambda t, p, x, i, s: x.scatter_add(p["axis"], i, s),
            "inplace": lambda t, p, x, i, s: x.clone().scatter_add_(p["axis"], i, s),
            "out": lambda t, p, x, i, s: t.scatter_add(x, p["axis"], i, s, out=t.empty(x.shape, dtype=x.dtype)),
            "reduce": lambda t, p, x, i, s: t.scatter_reduce(x, p["axis"], i, s, reduce="sum"),
            "reduce-inplace": lambda t, p, x, i, s: x.clone().scatter_reduce_(p["axis"], i, s, reduce="sum", include_self=True),
        },
        names=(
            "torch.scatter_add", "torch.Tensor.scatter_add", "torch.Tensor.scatter_add_", "torch.scatter_reduce",
            "torch.Tensor.scatter_reduce_",
        ),
        dtypes=NUMBERS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
)  # fmt: skip
