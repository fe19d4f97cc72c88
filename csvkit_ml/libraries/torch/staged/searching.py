"""Torch bindings: where values are, how often, and which differ."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
NUMBERS = (*FLOATS, "int64", "int32", "int16", "int8", "uint8")
MOVED = (*NUMBERS, "bool")


def _binding(function, forms, names, dtypes=MOVED):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, modes=("inference-mode",))


def _stacked(t, p, x):
    return t.stack(t.nonzero(x, as_tuple=True), dim=1)


def _static(t, p, x):
    return t.nonzero_static(x, size=int((x != 0).sum()))


def _told(name):
    def plain(t, p, x):
        return getattr(t, name)(x) if p["axes"] is None else getattr(t, name)(x, dim=p["axes"], keepdim=p["keepdims"])

    def method(t, p, x):
        return getattr(x, name)() if p["axes"] is None else getattr(x, name)(dim=p["axes"], keepdim=p["keepdims"])

    def one_by_one(t, p, x):
        for axis in sorted((a % x.dim() for a in (p["axes"] or range(x.dim()))), reverse=True):
            x = getattr(t, name)(x, axis, keepdim=p["keepdims"])
        return x if x.dtype == t.bool else getattr(t, name)(x)

    return {"plain": plain, "method": method, "axis-by-axis": one_by_one}


def _unsorted(t, p, rows, values):
    """The same data in reverse, with the order that sorts it."""
    n = rows.shape[-1]
    order = t.arange(n - 1, -1, -1).expand(rows.shape).contiguous()
    return t.searchsorted(rows.flip(-1).contiguous(), values, right=p["right"], sorter=order)


def _side(t, p, rows, values):
    return t.searchsorted(rows, values, side="right" if p["right"] else "left")


def _int32(name):
    def call(t, p, a, b):
        operands = (b, a) if name == "bucketize" else (a, b)
        return getattr(t, name)(*operands, right=p["right"], out_int32=True).long()

    return call


def _unique(name, **more):
    def plain(t, p, x):
        return getattr(t, name)(x, return_inverse=True, return_counts=True, dim=p["axis"], **more)

    def method(t, p, x):
        return getattr(x, name)(return_inverse=True, return_counts=True, dim=p["axis"], **more)

    def alone(t, p, x):
        """The values asked for alone; the others from the whole answer."""
        return (getattr(t, name)(x, dim=p["axis"], **more), *plain(t, p, x)[1:])

    return {"plain": plain, "method": method, "alone": alone}


def _histogram(t, p, x):
    ends = None if p["min"] == p["max"] else (float(p["min"]), float(p["max"]))
    return t.histogram(x, p["bins"], range=ends).hist


def _both(name):
    return ("torch." + name, "torch.Tensor." + name)


BINDINGS = (
    _binding(
        "nonzero",
        {"plain": lambda t, p, x: t.nonzero(x), "method": lambda t, p, x: x.nonzero(), "as-tuple": _stacked, "static": _static},
        (*_both("nonzero"), "torch.nonzero_static"),
    ),
    _binding("argwhere", {"plain": lambda t, p, x: t.argwhere(x), "method": lambda t, p, x: x.argwhere()}, _both("argwhere")),
    _binding(
        "count_nonzero",
        {"plain": lambda t, p, x: t.count_nonzero(x, dim=p["axes"]), "method": lambda t, p, x: x.count_nonzero(dim=p["axes"])},
        _both("count_nonzero"),
    ),
    _binding("reduce_any", _told("any"), _both("any")),
    _binding("reduce_all", _told("all"), _both("all")),
    _binding(
        "searchsorted",
        {
            "plain": lambda t, p, a, v: t.searchsorted(a, v, right=p["right"]),
            "side": _side,
            "int32": _int32("searchsorted"),
            "sorter": _unsorted,
        },
        ("torch.searchsorted",),
        NUMBERS,
    ),
    _binding(
        "bucketize",
        {"plain": lambda t, p, a, v: t.bucketize(v, a, right=p["right"]), "int32": _int32("bucketize")},
        ("torch.bucketize",),
        NUMBERS,
    ),
    _binding("isin", {"plain": lambda t, p, x, y: t.isin(x, y, invert=p["invert"])}, ("torch.isin",), NUMBERS),
    _binding("unique", _unique("unique", sorted=True), _both("unique")),
    _binding("unique_consecutive", _unique("unique_consecutive"), _both("unique_consecutive")),
    _binding(
        "bincount",
        {
            "plain": lambda t, p, x: t.bincount(x, minlength=p["minlength"]),
            "method": lambda t, p, x: x.bincount(minlength=p["minlength"]),
        },
        _both("bincount"),
    ),
    _binding(
        "bincount_weighted",
        {
            "plain": lambda t, p, x, w: t.bincount(x, w, p["minlength"]),
            "method": lambda t, p, x, w: x.bincount(weights=w, minlength=p["minlength"]),
        },
        _both("bincount"),
        ("float32", "float64"),
    ),
    _binding(
        "histc",
        {
            "plain": lambda t, p, x: t.histc(x, p["bins"], p["min"], p["max"]),
            "method": lambda t, p, x: x.histc(p["bins"], p["min"], p["max"]),
            "histogram": _histogram,
        },
        (*_both("histc"), *_both("histogram")),
        ("float32", "float64"),
    ),
    _binding("one_hot", {"plain": lambda t, p, x: t.nn.functional.one_hot(x, p["classes"])}, ("torch.nn.functional.one_hot",)),
    _binding("unravel_index", {"plain": lambda t, p, x: t.unravel_index(x, p["shape"])}, ("torch.unravel_index",)),
)
