"""What has no answer is refused: positions outside a tensor, labels outside the classes, sizes that do not fit, axes that are not there.

Every case asks for a right answer, for the wrong one, and for the right one again; what is counted is (refused, the same bits afterwards).
Not asked where a source gives such operands a meaning: slices that are cut to the extent, ONNX's one-hot of a number outside, ignored labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal

SHAPE = (5, 6, 7)
HUGE = 2**40
LONG = 300
"""Right positions before the one that is wrong."""
Cases = Mapping[str, tuple[Json, Mapping[str, Json]]]
"""By operator: operands with an answer, and by kind those without."""


def _flat(n: int, right: tuple[int, ...]) -> tuple[Json, Mapping[str, Json]]:
    """Positions below n along one axis."""
    last = tuple(i % n for i in range(LONG))
    wrong: dict[str, Json] = {k: (*right[:-1], v) for k, v in {"end": n, "far": n + 10**6, "before": -n - 1, "huge": HUGE}.items()}
    return right, {**wrong, "last-of-many": (*last, n)}


def _deep(n: int, right: tuple[tuple[int, ...], ...]) -> tuple[Json, Mapping[str, Json]]:
    """Rows of positions, the last number of the last row wrong."""
    *head, last = right
    return right, {k: (*head, (*last[:-1], v)) for k, v in {"end": n, "far": n + 10**6, "before": -n - 1, "huge": HUGE}.items()}


POSITIONS: Cases = {
    "gather": _flat(6, (0, 5, 2, 3)), "gather_elements": _deep(6, ((0, 3), (2, 1), (1, 5))),
    "scatter_elements": _deep(6, ((0, 3), (2, 1), (1, 5))),
    "gather_nd": _deep(6, ((0, 1), (4, 3), (2, 5))), "scatter_nd": _deep(6, ((0, 1), (4, 3), (2, 5))),
}  # fmt: skip
"""Along the second axis of SHAPE or, of `_elements`, of its first two axes."""
SIZES: Cases = {
    "topk": ((3,), {"too-many": (7,), "huge": (HUGE,), "negative": (-1,)}),
    "split": ((2, 4), {"too-much": (2, 5), "too-little": (2, 3), "negative": (7, -1)}),
    "reshape": ((7, 30), {"more": (7, 31), "less": (7, 29), "two-open": (-1, -1), "no-whole": (4, -1), "negative": (-2, 105)}),
    "expand": ((2, 5, 6, 7), {"other-last": (2, 5, 6, 8), "other-first": (4, 6, 7), "divisor": (5, 3, 7)}),
    "sum": ((1,), {"axis-past": (3,), "axis-before": (-4,)}),
    "unsqueeze": ((1,), {"axis-past": (4,), "axis-before": (-5,)}),
    "cumsum": ((1,), {"axis-past": (3,), "axis-before": (-4,)}),
    "tile": ((1, 2, 1), {"too-few": (1, 2), "none": ()}),
    "filled": ((2, 3), {"negative": (2, -3)}),
}
LABELS: Cases = {
    name: ((0, 5, 2, 3), {"end": (0, 6, 2, 3), "far": (0, 5, 2, 10**6), "huge": (0, 5, HUGE, 3), "before": (-7, 5, 2, 3)})
    for name in ("nll", "cross_entropy", "embedding")
}
"""Of six classes, or words."""
NAMED: Cases = {
    **{n: _flat(5, (0, 4, 2, 3)) for n in ("index_select", "index_add", "index_copy", "index_fill", "index_reduce")},
    **{n: _flat(210, (0, 209, 2, 3)) for n in ("take", "put", "put_add")},
    **{n: _deep(6, ((0, 3), (2, 1), (1, 5))) for n in ("take_along_dim", "scatter_add", "scatter_reduce", "scatter_number")},
    "embedding_bag": ((0, 4, 2, 3), {"end": (0, 5, 2, 3), "before": (0, 4, -6, 3), "huge": (HUGE, 4, 2, 3)}),
    "one_hot": ((0, 4, 2), {"end": (0, 5, 2), "negative": (0, 4, -1)}),
    "bincount": ((0, 4, 2), {"negative": (0, 4, -1)}),
    "narrow": ((1, 4), {"past": (3, 4), "start-past": (7, 0), "length-negative": (1, -1)}),
    "select": ((3,), {"end": (5,), "before": (-6,), "huge": (HUGE,)}),
    "kthvalue": ((3,), {"none": (0,), "too-many": (8,), "negative": (-1,)}),
    "permute": ((2, 0, 1), {"repeated": (2, 0, 0), "past": (2, 0, 3), "too-few": (2, 0)}),
    "diagonal": ((0, 1), {"same-axis": (1, 1), "past": (0, 3)}),
    "repeat_interleave": ((2, 0, 1, 1, 3), {"negative": (2, 0, 1, -1, 3), "too-few": (2, 0, 1)}),
    "masked_scatter": ((4,), {"too-few-values": (1,)}),
    "max_unpool": ((0, 3, 5), {"end": (0, 3, 6), "negative": (0, -1, 5), "huge": (0, HUGE, 5)}),
    "unflatten": ((2, 3), {"other-count": (2, 4)}),
    "chunk": ((2,), {"none": (0,), "negative": (-1,)}),
}
"""Further functions of torch."""


def _samples(cases: Cases) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        first = True
        for operator, (right, wrong) in cases.items():
            for kind, operand in wrong.items():
                x = normal("float32", SHAPE, "wrong positions", operator)
                why = SampleClass.ORDINARY if first else SampleClass.COVERING
                first = False
                name = f"float32-{operator}-{kind}".replace("_", "-")
                yield Sample(name=name, dtype="float32", inputs=(x,), params=params(operator=operator, right=right, wrong=operand), why=why)

    return made


def _reference(_: Sample) -> tuple[Expected, ...]:
    return (exactly(np.ones(2, dtype=np.int64), dtype="int64"),)


def _function(id: str, says: str, cases: Cases) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="runtime behaviour",
        requirement=f"The library shall refuse {says}, and answer right ones afterwards.",
        source="requirements of a medical device on its SOUP (IEC 62304, 5.3.3); ONNX operator specification and PyTorch reference, by operator",
        oracle="exact: what a sound library gives", samples=_samples(cases), reference=_reference,
        criterion=Exact(rationale="What is refused, and whether bits are the same, is counted.", literature="definition"),
        faults=(
            faults.changed("answered", "The wrong operand is answered.", lambda a: a * np.array([0, 1])),
            faults.changed("other-bits-afterwards", "What is asked next gets another answer.", lambda a: a * np.array([1, 0])),
            faults.stale(), faults.one_element(),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("refuse_wrong_positions", "to read or write at positions outside a tensor", POSITIONS),
    _function("refuse_wrong_sizes", "sizes and axes that do not fit the data", SIZES),
    _function("refuse_wrong_labels", "labels and words that are outside the classes or the table", LABELS),
    _function("refuse_wrong_arguments", "positions, counts and axes for which its further functions have no answer", NAMED),
)
