"""Torch bindings: running products, extremes and log-sum-exp, differences, trapezoids, sums that leave NaN out."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
REAL = ("float32", "float64")
NUMBERS = (*FLOATS, "int64", "int32", "uint8")
_WIDENED = ("int32", "uint8")
"""Products and sums of narrow integers are returned in int64: not asked."""


def _binding(function, forms, names, dtypes=NUMBERS):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, modes=("inference-mode",))


def _both(*names):
    return tuple(n for name in names for n in ("torch." + name, "torch.Tensor." + name))


def _running(name):
    """Along an axis, as function and as method."""
    return {
        "plain": lambda t, p, x: getattr(t, name)(x, dim=p["axis"]),
        "method": lambda t, p, x: getattr(x, name)(dim=p["axis"]),
    }


def _values(name):
    return {
        "plain": lambda t, p, x: getattr(t, name)(x, dim=p["axis"]).values,
        "method": lambda t, p, x: getattr(x, name)(p["axis"])[0],
    }


def _out(name):
    return lambda t, p, x: getattr(t, name)(x, dim=p["axis"], out=t.empty(0, dtype=x.dtype))


def _typed(t, p, x):
    return t.cumprod(x, dim=p["axis"], dtype=x.dtype)


def _ends(ends):
    return {"prepend": ends[0], "append": ends[1]} if ends else {}


def _diff(t, p, x, *ends):
    """Operands are the data and, where given, what is put before and behind."""
    return t.diff(x, n=p["n"], dim=p["axis"], **_ends(ends))


def _diff_method(t, p, x, *ends):
    return x.diff(n=p["n"], dim=p["axis"], **_ends(ends))


def _area(name):
    def call(t, p, y, *points):
        if points:
            return getattr(t, name)(y, points[0], dim=p["axis"])
        return getattr(t, name)(y, dx=p["step"], dim=p["axis"])

    return call


def _gradient(t, p, x):
    return t.gradient(x, spacing=p["step"], dim=p["axis"], edge_order=p["edge_order"])[0]


def _without_nan(name):
    return {
        "plain": lambda t, p, x: getattr(t, name)(x, dim=p["axis"], keepdim=p["keepdims"]),
        "method": lambda t, p, x: getattr(x, name)(dim=(p["axis"],), keepdim=p["keepdims"]),
    }


BINDINGS = (
    _binding(
        "cumprod",
        {
            **_running("cumprod"), "out": _out("cumprod"), "dtype-given": _typed,
            "inplace": lambda t, p, x: x.clone().cumprod_(p["axis"]),
        },
        (*_both("cumprod"), "torch.Tensor.cumprod_"),
        tuple(d for d in NUMBERS if d not in _WIDENED),
    ),
    _binding("cummax", _running("cummax"), _both("cummax")),
    _binding("cummin", _running("cummin"), _both("cummin")),
    _binding("cummax_value", _values("cummax"), _both("cummax")),
    _binding("cummin_value", _values("cummin"), _both("cummin")),
    _binding("logcumsumexp", {**_running("logcumsumexp"), "out": _out("logcumsumexp")}, _both("logcumsumexp"), REAL),
    _binding("diff", {"plain": _diff, "method": _diff_method}, _both("diff"), (*FLOATS, "int64", "int32")),
    _binding("trapezoid", {"plain": _area("trapezoid"), "trapz": _area("trapz")}, ("torch.trapezoid", "torch.trapz"), REAL),
    _binding("cumulative_trapezoid", {"plain": _area("cumulative_trapezoid")}, ("torch.cumulative_trapezoid",), REAL),
    _binding("gradient", {"plain": _gradient}, ("torch.gradient",), REAL),
    _binding("nansum", _without_nan("nansum"), _both("nansum"), FLOATS),
    _binding("nanmean", _without_nan("nanmean"), _both("nanmean"), FLOATS),
)  # fmt: skip
