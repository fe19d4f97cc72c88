"""Torch bindings: interpolate and Upsample. `a` = None is linear, else cubic."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _given(p):
    if p["scales"] is None:
        return {"size": tuple(p["sizes"])}
    return {"scale_factor": tuple(p["scales"]), "recompute_scale_factor": p["recompute"]}


def _smooth(p, x):
    mode = "bicubic" if p.get("a") is not None else LINEAR[x.dim() - 2]
    return {"mode": mode, "align_corners": p["coordinates"] == "align_corners"}


def _nearest(mode):
    def call(t, p, x):
        return t.nn.functional.interpolate(x, mode=mode, **_given(p))

    def module(t, p, x):
        return t.nn.Upsample(mode=mode, **_given(p))(x)

    return {"plain": call, "module": module}


def _interpolate(t, p, x):
    return t.nn.functional.interpolate(x, antialias=bool(p.get("antialias")), **_smooth(p, x), **_given(p))


def _module(t, p, x):
    return t.nn.Upsample(**_smooth(p, x), **_given(p))(x)


def _bilinear(t, p, x):
    """By the older names for images with aligned corners; else the plain form."""
    if x.dim() != 4 or p.get("a") is not None or p["coordinates"] != "align_corners":
        return _interpolate(t, p, x)
    if p["scales"] is None:
        return t.nn.UpsamplingBilinear2d(size=tuple(p["sizes"]))(x)
    if p["recompute"]:
        return _interpolate(t, p, x)
    return t.nn.functional.upsample_bilinear(x, scale_factor=tuple(p["scales"]))


NAMES = ("torch.nn.functional.interpolate", "torch.nn.functional.upsample", "torch.nn.Upsample")

BINDINGS = (
    Binding(
        function="interpolate_nearest", forms=_nearest("nearest"), names=(*NAMES, "torch.nn.UpsamplingNearest2d"),
        dtypes=(*FLOATS, "uint8"), layouts=LAYOUTS, modes=("inference-mode",),
    ),
    Binding(
        function="interpolate_nearest_exact", forms=_nearest("nearest-exact"), names=NAMES, dtypes=(*FLOATS, "uint8"), layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="interpolate_linear", forms={"plain": _interpolate, "module": _module, "older-names": _bilinear},
        names=(*NAMES, "torch.nn.functional.upsample_bilinear", "torch.nn.UpsamplingBilinear2d"), dtypes=FLOATS, layouts=LAYOUTS,
        modes=("inference-mode", "deterministic"),
    ),
    Binding(
        function="interpolate_cubic", forms={"plain": _interpolate, "module": _module}, names=NAMES, dtypes=FLOATS, layouts=LAYOUTS,
        modes=("inference-mode", "deterministic"),
    ),
    Binding(
        function="interpolate_antialiased", forms={"plain": _interpolate}, names=NAMES, dtypes=("float32", "float64"), layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
)  # fmt: skip
