"""Exported programs refuse operands that they were not exported for: a program is sound only for the shapes that it was traced with.

Each case asks for a right answer, for operands that do not fit, and for the right answer again. Operands of another dtype are not asked: no source says what
an exported program does with them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.training.autograd import whole

Shapes = tuple[tuple[int, ...], ...]
LEAST, MOST = 3, 9
"""Sizes of the first axis for which a ranged program was exported."""
ROWS: Mapping[str, Shapes] = {"rows-past-the-end": ((MOST + 1, 4),), "rows-too-few": ((LEAST - 1, 4),), "no-rows": ((0, 4),)}
WRONG: Mapping[str, Mapping[str, Shapes]] = {
    "affine": {
        **ROWS, "one-column": ((5, 1),), "more-columns": ((5, 5),), "axis-more": ((5, 4, 4),), "axis-before": ((5, 5, 4),), "axis-less": ((4,),),
        "no-axis": ((),), "operand-missing": (), "operand-more": ((5, 4), (5, 4)),
    },
    "pair": {
        "unequal": ((5, 4), (6, 1)), "one-row": ((5, 4), (1, 1)), "axis-more": ((5, 4), (5, 1, 1)), "axis-less": ((5, 4), (1,)),
        "exchanged": ((5, 1), (5, 4)), "both-wide": ((5, 4), (5, 4)), "operand-missing": ((5, 4),), "operand-more": ((5, 4), (5, 1), (5, 1)),
    },
    "layer": {**ROWS, "more-columns": ((5, 5),), "axis-before": ((5, 5, 4),), "axis-less": ((4,),), "transposed": ((4, 5),), "operand-missing": ()},
    "sum": {**ROWS, "one-column": ((5, 1),), "axis-more": ((5, 4, 4),), "axis-less": ((5,),), "operand-more": ((5, 4), (4,))},
}  # fmt: skip
"""By program: operands that it was not exported for; right ones are five rows of four, of `pair` also five rows of one."""


def _numbers(*key: Any, shape: tuple[int, ...]) -> Tensor:
    return Tensor.of(whole(shape, *map(str, key)).astype(np.float32), "float32")


def _cases() -> Iterable[Sample]:
    """(right operands, then those that do not fit); a ranged program is asked for seven rows though it was traced with five."""
    for ranged, (program, kinds) in itertools.product((False, True), WRONG.items()):
        rows, right = 7 if ranged else 5, ((4,), (1,)) if program == "pair" else ((4,),)
        for kind, shapes in kinds.items():
            made = [_numbers(program, i, shape=(rows, *s)) for i, s in enumerate(right)]
            made += [_numbers(program, kind, i, shape=s) for i, s in enumerate(shapes)]
            label = f"{program}-{'ranged' if ranged else 'fixed'}-{kind}"
            yield case(label, *made, dtype="float32", program=program, ranged=ranged, least=LEAST, most=MOST, right=len(right))


def _answer(sample: Sample, turned: bool = False) -> Array:
    """Whole numbers, so that every step is exact."""
    x, *rest = (a.astype(np.float64) for a in sample.arrays()[: sample.param("right")])
    scale, shift = np.arange(1.0, 5.0), np.array([3.0, -2.0, 5.0, 1.0])
    weight = np.arange(12.0).reshape(3, 4) - 5
    of: dict[str, Callable[[], Array]] = {
        "affine": lambda: x * scale + shift, "pair": lambda: x * rest[0], "layer": lambda: x @ weight.T + shift[:3], "sum": lambda: x.sum(axis=0),
    }  # fmt: skip
    made = np.asarray(of[sample.param("program")]())
    return made[::-1] if turned else made


ROWS_OF = (
    Guarantee(
        id="exported_program_operands", area="networks",
        source="PyTorch documentation, torch.export.export, soundness: a program is valid only where the assumptions on shapes hold; ExportedProgram.module",
        cases=_cases, truth=lambda s: (_answer(s), yes(True, True)),
        requirement="The library shall have an exported program answer for every size that was declared, refuse operands of another shape, rank or count, and "
        "then answer as before.",
        faults=(denied("answered", "What does not fit is answered.", 1, 0), denied("broken-afterwards", "What is asked next gets another answer.", 1, 1),
                wrong("rows-turned", "Rows come in reverse.", lambda s: (_answer(s, turned=True), yes(True, True))), faults.stale(),
                faults.relative(1e-4)),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS_OF)
