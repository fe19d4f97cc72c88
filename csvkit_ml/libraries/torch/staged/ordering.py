"""Torch bindings: ordering."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
NUMBERS = (*FLOATS, "int64", "int32", "uint8")


def _topk_out(t, p, x):
    out = (t.empty(0, dtype=x.dtype), t.empty(0, dtype=t.int64))
    return t.topk(x, p["k"], dim=p["axis"], largest=p["largest"], out=out)


def _unsorted(t, p, x):
    """Without an order of its own, then put in order."""
    values, positions = t.topk(x, p["k"], dim=p["axis"], largest=p["largest"], sorted=False)
    order = t.argsort(values, dim=p["axis"], descending=p["largest"], stable=True)
    return t.gather(values, p["axis"], order), t.gather(positions, p["axis"], order)


def _sort_out(t, p, x):
    out = (t.empty(0, dtype=x.dtype), t.empty(0, dtype=t.int64))
    return t.sort(x, stable=p["stable"], dim=p["axis"], descending=p["descending"], out=out)


def _topk(function, dtypes):
    return Binding(
        function=function,
        forms={
            "plain": lambda t, p, x: t.topk(x, p["k"], dim=p["axis"], largest=p["largest"], sorted=True),
            "method": lambda t, p, x: x.topk(p["k"], dim=p["axis"], largest=p["largest"]),
            "out": _topk_out,
            "unsorted": _unsorted,
        },
        names=("torch.topk", "torch.Tensor.topk"),
        dtypes=dtypes,
        modes=("inference-mode",),
    )


BINDINGS = (
    _topk("topk", NUMBERS),
    _topk("topk_nan", FLOATS),
    Binding(
        function="sort",
        forms={
            "plain": lambda t, p, x: t.sort(x, dim=p["axis"], descending=p["descending"], stable=p["stable"]),
            "method": lambda t, p, x: x.sort(dim=p["axis"], descending=p["descending"], stable=p["stable"]),
            "out": _sort_out,
        },
        names=("torch.sort", "torch.Tensor.sort"),
        dtypes=(*NUMBERS, "bool"),
        modes=("inference-mode",),
    ),
    Binding(
        function="argsort",
        forms={
            "plain": lambda t, p, x: t.argsort(x, dim=p["axis"], descending=p["descending"], stable=p["stable"]),
            "method": lambda t, p, x: x.argsort(dim=p["axis"], descending=p["descending"], stable=p["stable"]),
        },
        names=("torch.argsort", "torch.Tensor.argsort"),
        dtypes=(*NUMBERS, "bool"),
        modes=("inference-mode",),
    ),
)
