"""Torch bindings: pooling."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")


def _max_arguments(p):
    return {k: p[k] for k in ("stride", "padding", "dilation", "ceil_mode")}


def _avg_arguments(p):
    return {k: p[k] for k in ("stride", "padding", "ceil_mode", "count_include_pad")}


def _max(dims):
    def functional(t):
        return getattr(t.nn.functional, "max_pool%dd" % dims)

    return {
        "plain": lambda t, p, x: functional(t)(x, p["kernel"], **_max_arguments(p)),
        "module": lambda t, p, x: getattr(t.nn, "MaxPool%dd" % dims)(p["kernel"], **_max_arguments(p))(x),
        "with-indices": lambda t, p, x: functional(t)(x, p["kernel"], return_indices=True, **_max_arguments(p))[0],
    }


def _avg(dims):
    return {
        "plain": lambda t, p, x: getattr(t.nn.functional, "avg_pool%dd" % dims)(x, p["kernel"], **_avg_arguments(p)),
        "module": lambda t, p, x: getattr(t.nn, "AvgPool%dd" % dims)(p["kernel"], **_avg_arguments(p))(x),
    }


def _lp(dims):
    def plain(t, p, x):
        return getattr(t.nn.functional, "lp_pool%dd" % dims)(x, float(p["p"]), _sizes(p["kernel"]), _sizes(p["stride"]), p["ceil_mode"])

    def module(t, p, x):
        return getattr(t.nn, "LPPool%dd" % dims)(float(p["p"]), _sizes(p["kernel"]), _sizes(p["stride"]), p["ceil_mode"])(x)

    return {"plain": plain, "module": module}


def _sizes(values):
    """One number over one axis, as lp_pool1d wants it."""
    return values[0] if len(values) == 1 else tuple(values)


def _bindings(dims):
    layouts = LAYOUTS if dims > 1 else LAYOUTS[:-1]
    wide = ("float32", "float64")
    kinds = (("max", "Max", _max(dims), FLOATS), ("avg", "Avg", _avg(dims), FLOATS if dims < 3 else wide), ("lp", "LP", _lp(dims), wide))
    made = []
    for kind, module, forms, dtypes in kinds:
        function = "%s_pool%dd" % (kind, dims)
        names = ("torch.nn.functional." + function, "torch.nn.%sPool%dd" % (module, dims))
        more = ("torch." + function,) if kind == "max" or (kind, dims) == ("avg", 1) else ()
        made.append(Binding(function=function, forms=forms, names=names + more, dtypes=dtypes, layouts=layouts, modes=("inference-mode",)))
    return tuple(made)


BINDINGS = (*_bindings(1), *_bindings(2), *_bindings(3))
