"""Torch bindings: numbers between two ends."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

REAL = ("float32", "float64")


def _binding(function, given):
    """By ends and number or step, and into a given tensor."""

    def plain(t, p):
        return getattr(t, function)(*(p[g] for g in given), dtype=getattr(t, p["kind"]))

    def tensors(t, p):
        """Ends as tensors of no dimension."""
        kind = getattr(t, p["kind"])
        ends = (t.tensor(p["start"], dtype=kind), t.tensor(p["end"], dtype=kind))
        return getattr(t, function)(*ends, *(p[g] for g in given[2:]), dtype=kind)

    def out(t, p):
        return getattr(t, function)(*(p[g] for g in given), out=t.empty(0, dtype=getattr(t, p["kind"])))

    forms = {"plain": plain, "out": out, **({"ends-as-tensors": tensors} if function != "range" else {})}
    return Binding(function=function, forms=forms, names=("torch." + function,), dtypes=REAL, layouts=())


BINDINGS = (
    _binding("linspace", ("start", "end", "steps")),
    _binding("logspace", ("start", "end", "steps", "base")),
    _binding("range", ("start", "end", "step")),
)
