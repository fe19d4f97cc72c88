"""Torch bindings: norms and division by a norm."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _forms(order):
    """`order(p)` gives the order of a sample."""

    def plain(t, p, x):
        return t.linalg.vector_norm(x, order(p), dim=p["axes"] or None, keepdim=p["keepdims"])

    def typed(t, p, x):
        return t.linalg.vector_norm(x, order(p), dim=p["axes"] or None, keepdim=p["keepdims"], dtype=x.dtype)

    def out(t, p, x):
        y = t.empty_like(plain(t, p, x))
        return t.linalg.vector_norm(x, order(p), dim=p["axes"] or None, keepdim=p["keepdims"], out=y)

    def older(t, p, x):
        return t.norm(x, p=order(p), dim=p["axes"] or tuple(range(x.dim())), keepdim=p["keepdims"])

    def method(t, p, x):
        return x.norm(p=order(p), dim=p["axes"] or tuple(range(x.dim())), keepdim=p["keepdims"])

    def linalg_norm(t, p, x):
        """torch.linalg.norm means a vector's norm where one axis is given."""
        one = p["axes"] and len(p["axes"]) == 1
        return t.linalg.norm(x, order(p), dim=p["axes"][0], keepdim=p["keepdims"]) if one else plain(t, p, x)

    return {"plain": plain, "dtype-given": typed, "out": out, "torch-norm": older, "method": method, "linalg-norm": linalg_norm}


NAMES = ("torch.linalg.vector_norm", "torch.norm", "torch.Tensor.norm", "torch.linalg.norm")


def _binding(function, order):
    return Binding(function=function, forms=_forms(order), names=NAMES, dtypes=FLOATS, modes=("inference-mode",))


def _normalize_out(t, p, x):
    return t.nn.functional.normalize(x, p=p["order"], dim=p["axis"], eps=p["eps"], out=t.empty_like(x, memory_format=t.contiguous_format))


BINDINGS = (
    _binding("vector_norm", lambda p: p["order"]),
    _binding("reduce_l1", lambda p: 1),
    _binding("reduce_l2", lambda p: 2),
    Binding(
        function="normalize",
        forms={
            "plain": lambda t, p, x: t.nn.functional.normalize(x, p=p["order"], dim=p["axis"], eps=p["eps"]),
            "out": _normalize_out,
        },
        names=("torch.nn.functional.normalize",),
        dtypes=FLOATS,
        modes=("inference-mode", "requires-grad"),
    ),
)
