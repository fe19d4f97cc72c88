"""Torch bindings: promotion of dtypes. A dtype is answered as its place in the sample's list."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

_NUMBERS = {"bool": True, "int64": 3, "float32": 0.5, "complex64": 0.5 + 1j}


def _place(t, p, dtype):
    return [getattr(t, k) for k in p["kinds"]].index(dtype)


def _operands(t, p):
    a = t.ones(2, dtype=getattr(t, p["a"]))
    if p["other"] == "number":
        return a, _NUMBERS[p["b"]]
    return a, t.ones(2 if p["other"] == "tensor" else (), dtype=getattr(t, p["b"]))


def _by_sum(t, p):
    """By what an addition answers in (truth values are added as numbers elsewhere: a product)."""
    a, b = _operands(t, p)
    return _place(t, p, (a * b).dtype)


BINDINGS = (
    Binding(
        function="promote_types",
        forms={"plain": lambda t, p: _place(t, p, t.promote_types(getattr(t, p["a"]), getattr(t, p["b"])))},
        names=("torch.promote_types",),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(
        function="can_cast",
        forms={"plain": lambda t, p: t.can_cast(getattr(t, p["a"]), getattr(t, p["b"]))},
        names=("torch.can_cast",),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(
        function="result_type",
        forms={"plain": lambda t, p: _place(t, p, t.result_type(*_operands(t, p))), "product": _by_sum},
        names=("torch.result_type",),
        dtypes=("int64",),
        layouts=(),
    ),
)
