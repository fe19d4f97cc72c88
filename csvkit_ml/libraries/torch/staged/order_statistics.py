"""Torch bindings: least elements, medians, modes, k-th values, quantiles. Positions are asked for with the axis kept."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
NUMBERS = (*FLOATS, "int64", "int32", "int16", "int8", "uint8")


def _binding(function, forms, names, dtypes=NUMBERS):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, modes=("inference-mode",))


def _both(*names):
    return tuple(n for name in names for n in ("torch." + name, "torch.Tensor." + name))


def _amin(t, p, x):
    return t.amin(x, dim=p["axes"] or (), keepdim=p["keepdims"])


def _min_one_axis(t, p, x):
    """torch.min where it can: along one axis, or over all."""
    axes = p["axes"]
    if axes is not None and len(axes) == 1:
        return t.min(x, dim=axes[0], keepdim=p["keepdims"]).values
    return x.min() if axes is None and not p["keepdims"] else x.amin(dim=axes or (), keepdim=p["keepdims"])


def _ranked(name, more=lambda p: ()):
    """(values, positions), with the axis kept, dropped and put back, and into given tensors."""

    def plain(t, p, x):
        return getattr(t, name)(x, *more(p), dim=p["axis"], keepdim=True)

    def dropped(t, p, x):
        return tuple(y.unsqueeze(p["axis"]) for y in getattr(t, name)(x, *more(p), dim=p["axis"]))

    def method(t, p, x):
        return getattr(x, name)(*more(p), dim=p["axis"], keepdim=True)

    def out(t, p, x):
        into = (t.empty(0, dtype=x.dtype), t.empty(0, dtype=t.int64))
        return getattr(t, name)(x, *more(p), dim=p["axis"], keepdim=True, out=into)

    return _binding(name, {"plain": plain, "method": method, "axis-dropped": dropped, "out": out}, _both(name))


def _quantile(name):
    def plain(t, p, x):
        q = t.tensor(p["q"], dtype=x.dtype)
        return getattr(t, name)(x, q, dim=p["axis"], keepdim=p["keepdims"], interpolation=p["interpolation"])

    def method(t, p, x):
        q = t.tensor(p["q"], dtype=x.dtype)
        return getattr(x, name)(q, dim=p["axis"], keepdim=p["keepdims"], interpolation=p["interpolation"])

    def one_by_one(t, p, x):
        return t.stack([
            getattr(t, name)(x, q, dim=p["axis"], keepdim=p["keepdims"], interpolation=p["interpolation"]) for q in p["q"]
        ])  # fmt: skip

    return _binding(name, {"plain": plain, "method": method, "one-by-one": one_by_one}, _both(name), ("float32", "float64"))


def _aminmax(t, p, x):
    return t.aminmax(x, dim=p["axis"], keepdim=p["keepdims"]) if p["axis"] is not None else t.aminmax(x)


def _aminmax_method(t, p, x):
    return x.aminmax(dim=p["axis"], keepdim=p["keepdims"]) if p["axis"] is not None else x.aminmax()


BINDINGS = (
    _binding("reduce_min", {"plain": _amin, "min": _min_one_axis}, _both("amin", "min"), (*FLOATS, "int64")),
    _binding(
        "argmin",
        {
            "plain": lambda t, p, x: t.argmin(x, dim=p["axis"], keepdim=p["keepdims"]),
            "method": lambda t, p, x: x.argmin(p["axis"], p["keepdims"]),
            "min-indices": lambda t, p, x: t.min(x, dim=p["axis"], keepdim=p["keepdims"]).indices,
        },
        _both("argmin", "min"),
    ),
    _binding("aminmax", {"plain": _aminmax, "method": _aminmax_method}, _both("aminmax")),
    _ranked("median"),
    _ranked("nanmedian"),
    _ranked("kthvalue", lambda p: (p["k"],)),
    _ranked("mode"),
    _quantile("quantile"),
    _quantile("nanquantile"),
)
