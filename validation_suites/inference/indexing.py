"""Reading and writing by position: gather, index_select, scatter, scatter_add.

Positions counted from the end are defined by ONNX and by Python-style indexing, not by torch.gather, torch.index_select and
torch.scatter: functions of their own ask for them. Writing one position twice is undefined (ONNX) or picks any (torch): it is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, Side
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import U, exactly, expected_extended, extended
from csvkit_ml.references.positions import added, slices, written
from validation_suites import indexing_faults as wrong
from validation_suites.indexing_faults import MOVING, axis_of, named
from validation_suites.sampling.accumulating import additions
from validation_suites.sampling.pieces import MOVED
from validation_suites.sampling.positions import anywhere, from_end, gathers, once, scatters, selections

Reference = Callable[[Sample], tuple[Expected, ...]]
PORTABLE = tuple(d for d in MOVED if d != "bfloat16")
"""Dtypes of functions that only ONNX defines."""
GATHER_ELEMENTS = "ONNX operator specification, GatherElements"
SCATTER_ELEMENTS = "ONNX operator specification, ScatterElements"


def _gather(sample: Sample) -> tuple[Expected, ...]:
    return (exactly(sample.arrays()[0][named(sample)], dtype=sample.dtype),)


def _select(sample: Sample) -> tuple[Expected, ...]:
    x, index = sample.arrays()
    return (exactly(slices(x, index, axis_of(sample)), dtype=sample.dtype),)


def _scatter(sample: Sample) -> tuple[Expected, ...]:
    x, _, source = sample.arrays()
    return (exactly(written(x, named(sample), source), dtype=sample.dtype),)


def _scatter_add(sample: Sample) -> tuple[Expected, ...]:
    """n = the most terms of one sum; scale is S_k sqrt(k / n), so that n in the criterion's bounds becomes the k terms of each sum.

    An element to which nothing is added has an error of zero: its scale is zero.
    """
    x, _, source = sample.arrays()
    where = named(sample)
    if x.dtype.kind in "iu":
        return (exactly(added(x, where, source), dtype=sample.dtype),)
    count = added(np.zeros(x.shape), where, np.ones(source.shape))
    with np.errstate(invalid="ignore"):
        value = added(extended(x), where, extended(source))
    total = added(_magnitude(x), where, _magnitude(source))
    n = max(1, int(count.max(initial=0)))
    scale, radius = total * np.sqrt(count / n), count * U * total
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=n, any_sign_of_zero=True),)


def _magnitude(x: Array) -> Array:
    return np.nan_to_num(np.abs(x.astype(np.float64)), nan=0.0, posinf=0.0)


def _sums(sample: Sample) -> Criterion:
    """Each sum is kept in the tensor itself, so it is rounded to the data's format after every addition."""
    return Exact() if sample.inputs[0].array().dtype.kind in "iu" else Componentwise(own_format=True)


def function(
    id: str, requirement: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Reference, faults: tuple[Fault, ...]
) -> Function:
    """A function of this area that only moves values."""
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="indexing",
        requirement=f"The library shall {requirement}.",
        source=source,
        oracle="exact: moves values",
        samples=samples,
        reference=reference,
        criterion=Exact(),
        faults=(*MOVING, *faults),
    )


FUNCTIONS: tuple[Function, ...] = (
    function(
        "gather", "return, for every element of an index, the element at that position along an axis",
        f"torch.gather; {GATHER_ELEMENTS}", lambda: gathers("gather", anywhere), _gather, wrong.GATHERING,
    ),
    function(
        "gather_from_end", "count negative positions from the end of the axis when it gathers elements",
        GATHER_ELEMENTS, lambda: gathers("gather_from_end", from_end(anywhere), PORTABLE), _gather,
        (*wrong.GATHERING, wrong.GATHERED_FROM_FRONT),
    ),
    function(
        "index_select", "return the slices of an axis that an index names, in the index's order",
        "torch.index_select; ONNX operator specification, Gather",
        lambda: selections("index_select", anywhere, ((7,), (1,), (20,)), MOVED), _select, wrong.SELECTING,
    ),
    function(
        "index_axis", "return the slices of an axis named by an index of any rank, negative positions counted from the end",
        "ONNX operator specification, Gather; PyTorch documentation, tensor indexing",
        lambda: selections("index_axis", from_end(anywhere), ((2, 3), (4,), (), (2, 1, 3)), MOVED), _select,
        (*wrong.SELECTING, wrong.SELECTED_FROM_FRONT),
    ),
    function(
        "scatter", "write every element of a source to the position along an axis that an index names, and keep the rest",
        f"torch.scatter; {SCATTER_ELEMENTS}, reduction none", lambda: scatters("scatter", once), _scatter, wrong.WRITING,
    ),
    function(
        "scatter_from_end", "count negative positions from the end of the axis when it scatters elements",
        f"{SCATTER_ELEMENTS}, reduction none", lambda: scatters("scatter_from_end", from_end(once), PORTABLE), _scatter,
        (*wrong.WRITING, wrong.WRITTEN_FROM_FRONT),
    ),
    Function(
        id="scatter_add",
        side=Side.INFERENCE,
        area="indexing",
        requirement="The library shall add every element of a source to the position along an axis that an index names, however often.",
        source=f"torch.scatter_add; torch.scatter_reduce, sum; {SCATTER_ELEMENTS}, reduction add",
        oracle="sums in 80-bit extended precision, radius gamma_k of the sum of magnitudes; integers exact",
        samples=lambda: additions("scatter_add"),
        reference=_scatter_add,
        criterion=_sums,
        faults=(*MOVING, *wrong.ADDING),
    ),
)  # fmt: skip
