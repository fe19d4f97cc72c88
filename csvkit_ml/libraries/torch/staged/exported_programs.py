"""Torch bindings: exported programs, asked for what they were exported for and for what they were not."""

from __future__ import annotations

import io
from typing import Any, Dict, List

from csvkit_ml.libraries.binding import Binding


def _affine(t, x):
    return x * t.arange(1.0, 5.0) + t.tensor([3.0, -2.0, 5.0, 1.0])


def _pair(t, x, y):
    return x * y


def _layer(t, x):
    weight = t.arange(12.0).reshape(3, 4) - 5
    return t.nn.functional.linear(x, weight, t.tensor([3.0, -2.0, 5.0]))


def _sum(t, x):
    return x.sum(0)


PROGRAMS = {"affine": (_affine, 1), "pair": (_pair, 2), "layer": (_layer, 1), "sum": (_sum, 1)}
"""By name: (torch, operands), how many."""
SHAPES = ((5, 4), (5, 1))
_made: Dict[Any, Any] = {}
"""Programs by what decides them: one is exported once a process and then asked, as in a product."""


def _whole(t: Any, of: Any, operands: int) -> Any:
    """As a module whose operands are named: of any number of operands, none can be declared."""

    class One(t.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return of(t, x)

    class Two(t.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any, y: Any) -> Any:
            return of(t, x, y)

    return One() if operands == 1 else Two()


def _program(t, p, way, **how):
    key = way, p["program"], p["ranged"]
    if key not in _made:
        of, operands = PROGRAMS[p["program"]]
        examples = tuple(t.ones(SHAPES[k]) for k in range(operands))
        rows = t.export.Dim("n", min=p["least"], max=p["most"])
        shapes = tuple({0: rows} for _ in examples) if p["ranged"] else None
        made = t.export.export(_whole(t, of, operands), examples, dynamic_shapes=shapes, **how)
        _made[key] = (_read_back(t, made) if way == "loaded" else made).module()
    return _made[key]


def _read_back(t, program):
    file = io.BytesIO()
    t.export.save(program, file)
    file.seek(0)
    return t.export.load(file)


def _asked(way, **how):
    """(the right answer, (what does not fit is refused, the same answer afterwards))."""

    def form(t, p, *inputs):
        call = _program(t, p, way, **how)
        right: List[Any] = list(inputs[: p["right"]])
        before = call(*right)
        try:
            call(*inputs[p["right"] :])
            refused = False
        except Exception:
            refused = True
        return before, t.tensor([refused, bool(t.equal(before, call(*right)))])

    return form


BINDINGS = (
    Binding(
        function="exported_program_operands",
        forms={"plain": _asked("plain"), "loaded": _asked("loaded"), "strict": _asked("strict", strict=True)},
        names=("torch.export.export", "torch.export.Dim", "torch.export.save", "torch.export.load"),
        dtypes=("float32",), layouts=(), since="2.3",
    ),
)  # fmt: skip
