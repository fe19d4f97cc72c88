"""Torch bindings: joining, cutting and padding.

`pads` of a sample are (before, after) of every axis; torch lists them from the last axis and takes, where padding is not constant, only
the axes behind batch and channels.
"""

from __future__ import annotations

import itertools

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
NUMBERS = (*FLOATS, "int64")
MOVED = (*FLOATS, "int64", "int32", "uint8", "bool")


def _cat_out(t, p, *xs):
    return t.cat(xs, dim=p["axis"], out=t.empty(0, dtype=xs[0].dtype))


def _equal(name):
    """The form for equal sizes: by extent (split) or by number of pieces (chunk); by sizes where they differ or are zero."""

    def call(t, p, x):
        sizes = p["sizes"]
        if sizes[0] == 0 or len(set(sizes)) > 1:
            return t.split(x, sizes, dim=p["axis"])
        return getattr(t, name)(x, sizes[0] if name == "split" else len(sizes), dim=p["axis"])

    return call


def _tensor_split(t, p, x):
    return t.tensor_split(x, list(itertools.accumulate(p["sizes"]))[:-1], dim=p["axis"])


def _narrowed(t, p, x):
    ends = list(itertools.accumulate(p["sizes"]))
    return tuple(t.narrow(x, p["axis"], end - n, n) for end, n in zip(ends, p["sizes"]))  # noqa: B905 - Python 3.9


def _narrowed_copy(t, p, x):
    ends = list(itertools.accumulate(p["sizes"]))
    first = t.narrow_copy(x, p["axis"], 0, p["sizes"][0])
    return (first, *(x.narrow_copy(p["axis"], end - n, n) for end, n in list(zip(ends, p["sizes"]))[1:]))  # noqa: B905 - Python 3.9


def _flat(pads):
    return [n for pair in reversed(pads) for n in pair]


def _trimmed(pads):
    """Without leading axes that are not padded; the last axis stays."""
    kept = list(pads)
    while len(kept) > 1 and tuple(kept[0]) == (0, 0):
        kept = kept[1:]
    return _flat(kept)


def _spatial(x, p):
    """Pads of the axes behind batch and channels; of the last where there are only two."""
    return _flat(p["pads"][-max(1, x.dim() - 2) :])


def _constant_module(t, p, x):
    pads = _trimmed(p["pads"])
    if len(pads) > 6:
        return t.nn.functional.pad(x, pads, value=p["value"])
    return getattr(t.nn, "ConstantPad%dd" % (len(pads) // 2))(tuple(pads), p["value"])(x)


def _module(kind):
    def call(t, p, x):
        pads = _spatial(x, p)
        return getattr(t.nn, "%sPad%dd" % (kind, len(pads) // 2))(tuple(pads))(x)

    return call


def _padding(function, mode, kind, dtypes):
    return Binding(
        function=function,
        forms={
            "plain": lambda t, p, x: t.nn.functional.pad(x, _spatial(x, p), mode=mode),
            "module": _module(kind),
        },
        names=("torch.nn.functional.pad", *("torch.nn.%sPad%dd" % (kind, n) for n in (1, 2, 3))),
        dtypes=dtypes,
        layouts=("strided", "transposed", "offset", "channels-last"),
        modes=("inference-mode",),
    )


BINDINGS = (
    Binding(
        function="concat",
        forms={
            "plain": lambda t, p, *xs: t.cat(xs, dim=p["axis"]),
            "concat": lambda t, p, *xs: t.concat(xs, dim=p["axis"]),
            "concatenate": lambda t, p, *xs: t.concatenate(xs, axis=p["axis"]),
            "out": _cat_out,
        },
        names=("torch.cat", "torch.concat", "torch.concatenate"),
        dtypes=MOVED,
        modes=("inference-mode",),
    ),
    Binding(
        function="split",
        forms={
            "plain": lambda t, p, x: t.split(x, p["sizes"], dim=p["axis"]),
            "method": lambda t, p, x: x.split(p["sizes"], dim=p["axis"]),
            "with-sizes": lambda t, p, x: t.split_with_sizes(x, p["sizes"], dim=p["axis"]),
            "equal": _equal("split"),
            "chunk": _equal("chunk"),
            "tensor-split": _tensor_split,
            "narrow": _narrowed,
            "narrow-copy": _narrowed_copy,
            "copy": lambda t, p, x: t.split_with_sizes_copy(x, p["sizes"], dim=p["axis"]),
            "unsafe": lambda t, p, x: t.unsafe_split_with_sizes(x, p["sizes"], dim=p["axis"]),
            "unsafe-method": lambda t, p, x: x.unsafe_split_with_sizes(p["sizes"], dim=p["axis"]),
            "with-sizes-method": lambda t, p, x: x.split_with_sizes(p["sizes"], dim=p["axis"]),
        },
        names=(
            "torch.split", "torch.Tensor.split", "torch.split_with_sizes", "torch.chunk", "torch.tensor_split", "torch.narrow",
            "torch.narrow_copy", "torch.Tensor.narrow_copy", "torch.split_with_sizes_copy", "torch.unsafe_split_with_sizes",
            "torch.Tensor.unsafe_split_with_sizes", "torch.Tensor.split_with_sizes",
        ),
        dtypes=MOVED,
        modes=("inference-mode",),
    ),
    Binding(
        function="pad",
        forms={
            "plain": lambda t, p, x: t.nn.functional.pad(x, _flat(p["pads"]), mode="constant", value=p["value"]),
            "trimmed": lambda t, p, x: t.nn.functional.pad(x, _trimmed(p["pads"]), value=p["value"]),
            "module": _constant_module,
            "nd": lambda t, p, x: t.constant_pad_nd(x, _flat(p["pads"]), p["value"]),
        },
        names=(
            "torch.nn.functional.pad", "torch.constant_pad_nd", "torch.nn.ConstantPad1d", "torch.nn.ConstantPad2d", "torch.nn.ConstantPad3d",
        ),
        dtypes=MOVED,
        layouts=("strided", "transposed", "offset", "channels-last"),
        modes=("inference-mode",),
    ),
    _padding("pad_reflect", "reflect", "Reflection", NUMBERS),
    _padding("pad_replicate", "replicate", "Replication", NUMBERS),
    _padding("pad_circular", "circular", "Circular", (*NUMBERS, "bool")),
)  # fmt: skip
