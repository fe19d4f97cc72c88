"""Torch bindings: adaptive pooling, and interpolation by areas, which is the adaptive mean."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
PLAIN = ("strided", "transposed", "offset")


def _forms(kind, dims):
    def plain(t, p, x):
        return getattr(t.nn.functional, "adaptive_%s_pool%dd" % (kind, dims))(x, tuple(p["sizes"]))

    def module(t, p, x):
        return getattr(t.nn, "Adaptive%sPool%dd" % (kind.title(), dims))(tuple(p["sizes"]))(x)

    def indices(t, p, x):
        return getattr(t.nn.functional, "adaptive_max_pool%dd" % dims)(x, tuple(p["sizes"]), return_indices=True)[0]

    def area(t, p, x):
        return t.nn.functional.interpolate(x, size=tuple(p["sizes"]), mode="area")

    return {"plain": plain, "module": module, **({"area": area} if kind == "avg" else {"with-indices": indices})}


def _binding(kind, dims):
    function = "adaptive_%s_pool%dd" % (kind, dims)
    names = ("torch.nn.functional." + function, "torch.nn.Adaptive%sPool%dd" % (kind.title(), dims))
    return Binding(
        function=function, forms=_forms(kind, dims), names=names, dtypes=FLOATS, layouts=PLAIN if dims == 1 else (*PLAIN, "channels-last"),
        modes=("inference-mode",),
    )  # fmt: skip


def _over_all(x):
    return tuple(range(2, x.dim()))


GLOBAL_AVG = {
    "plain": lambda t, p, x: getattr(t.nn.functional, "adaptive_avg_pool%dd" % (x.dim() - 2))(x, 1),
    "mean": lambda t, p, x: x.mean(_over_all(x), keepdim=True),
}
GLOBAL_MAX = {
    "plain": lambda t, p, x: getattr(t.nn.functional, "adaptive_max_pool%dd" % (x.dim() - 2))(x, 1),
    "amax": lambda t, p, x: x.amax(_over_all(x), keepdim=True),
}

BINDINGS = (
    *(_binding(kind, dims) for kind in ("avg", "max") for dims in (1, 2, 3)),
    Binding(function="global_avg_pool", forms=GLOBAL_AVG, names=("torch.nn.functional.adaptive_avg_pool2d",), dtypes=FLOATS),
    Binding(function="global_max_pool", forms=GLOBAL_MAX, names=("torch.nn.functional.adaptive_max_pool2d",), dtypes=FLOATS),
)
