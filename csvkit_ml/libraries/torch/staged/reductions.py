"""Torch bindings: reductions."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _additive(name):
    def plain(t, p, x):
        return getattr(t, name)(x, dim=p["axes"], keepdim=p["keepdims"])

    def method(t, p, x):
        return getattr(x, name)(dim=p["axes"], keepdim=p["keepdims"])

    def out(t, p, x):
        y = plain(t, p, x)
        return getattr(t, name)(x, dim=p["axes"], keepdim=p["keepdims"], out=t.empty_like(y))

    def typed(t, p, x):
        return getattr(t, name)(x, dim=p["axes"], keepdim=p["keepdims"], dtype=x.dtype)

    return {"plain": plain, "method": method, "out": out, "dtype-given": typed}


def _amax(t, p, x):
    return t.amax(x, dim=p["axes"] or (), keepdim=p["keepdims"])


def _max_one_axis(t, p, x):
    """torch.max where it can: along one axis, or over all."""
    axes = p["axes"]
    if axes is not None and len(axes) == 1:
        return t.max(x, dim=axes[0], keepdim=p["keepdims"]).values
    return t.max(x) if axes is None and not p["keepdims"] else _amax(t, p, x)


def _prod(t, p, x):
    """One axis at a time, as torch.prod offers; over all in one call."""
    if p["axes"] is None and not p["keepdims"]:
        return t.prod(x)
    axes = range(x.dim()) if p["axes"] is None else p["axes"]
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = t.prod(x, dim=axis, keepdim=p["keepdims"])
    return x


BINDINGS = (
    Binding(
        function="reduce_sum",
        forms=_additive("sum"),
        names=("torch.sum", "torch.Tensor.sum"),
        dtypes=(*FLOATS, "int64"),
        modes=("inference-mode",),
    ),
    Binding(
        function="reduce_mean",
        forms=_additive("mean"),
        names=("torch.mean", "torch.Tensor.mean"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="reduce_max",
        forms={"plain": _amax, "max": _max_one_axis},
        names=("torch.amax", "torch.max"),
        dtypes=(*FLOATS, "int64"),
        modes=("inference-mode",),
    ),
    Binding(
        function="reduce_prod",
        forms={"plain": _prod},
        names=("torch.prod",),
        dtypes=(*FLOATS, "int64"),
        modes=("inference-mode",),
    ),
)
