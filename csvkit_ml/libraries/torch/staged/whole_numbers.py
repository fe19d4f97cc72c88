"""Torch bindings: reductions, scans and products of whole numbers and truth values."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

NARROW = ("int32", "uint8", "int8", "int16", "bool")


def _given(p):
    return {} if p["axes"] is None else {"dim": p["axes"], "keepdim": p["keepdims"]}


def _one(p):
    return {} if p["axes"] is None else {"dim": p["axes"][0], "keepdim": p["keepdims"]}


def _binding(function, name, call, method, dtypes=NARROW, **more):
    forms = {"plain": call, "method": method, **more}
    return Binding(function=function, forms=forms, names=("torch." + name, "torch.Tensor." + name), dtypes=dtypes,
        modes=("inference-mode",))


BINDINGS = (
    _binding("sum_of_whole", "sum", lambda t, p, x: t.sum(x, **_given(p)), lambda t, p, x: x.sum(**_given(p))),
    _binding("prod_of_whole", "prod", lambda t, p, x: t.prod(x, **_one(p)), lambda t, p, x: x.prod(**_one(p))),
    _binding("cumsum_of_whole", "cumsum", lambda t, p, x: t.cumsum(x, p["axis"]), lambda t, p, x: x.cumsum(p["axis"])),
    _binding("cumprod_of_whole", "cumprod", lambda t, p, x: t.cumprod(x, p["axis"]), lambda t, p, x: x.cumprod(p["axis"])),
    _binding("max_of_whole", "amax", lambda t, p, x: t.amax(x, **_given(p)), lambda t, p, x: x.amax(**_given(p)), (*NARROW, "int64")),
    _binding("min_of_whole", "amin", lambda t, p, x: t.amin(x, **_given(p)), lambda t, p, x: x.amin(**_given(p)), (*NARROW, "int64")),
    _binding(
        "matmul_of_whole", "matmul", lambda t, p, a, b: t.matmul(a, b), lambda t, p, a, b: a.matmul(b),
        ("int64", "int32", "int16", "int8", "uint8"), operator=lambda t, p, a, b: a @ b,
    ),
)  # fmt: skip
