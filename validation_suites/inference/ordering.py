"""Ordering: topk, sort, argsort.

Sources differ in what they leave open. torch.topk and a sort that is not stable name any of equal elements: positions are judged by what
they point at. ONNX TopK names the lower position first: a function of its own asks for that (over the whole axis it is a stable sort).
ONNX says nothing about NaN: a function of its own, for libraries that order NaN, asks for it. k = 0 and the order of unsorted results
are undefined and not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Exact, Positions
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, Side
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import exactly
from csvkit_ml.references.ordering import taken
from validation_suites import faults
from validation_suites import ordering_faults as wrong
from validation_suites.ordering_faults import axis_of, both, positions_only, true_positions
from validation_suites.sampling.orders import sorts, tied, tops, tops_with_nan
from validation_suites.sampling.pieces import FLOATS, MOVED

NUMBERS = tuple(d for d in MOVED if d != "bool")
PORTABLE = ("float32", "float64", "float16", "int64", "int32", "uint8")
"""Dtypes of the function that only ONNX defines."""
TOPK_SOURCE = "torch.topk; ONNX operator specification, TopK"
NAN_LAST = "NaN above all numbers as in numpy.sort (PyTorch issue 16762)"


def _values(sample: Sample, positions: Array, *, any_sign: bool) -> Expected:
    return exactly(taken(sample.arrays()[0], positions, axis_of(sample)), dtype=sample.dtype, any_sign_of_zero=any_sign)


def _open(sample: Sample, positions: Array, name: str) -> Expected:
    """Positions of which any of equal elements is right."""
    extra = {"operand": sample.arrays()[0], "axis": np.array(axis_of(sample))}
    return replace(exactly(positions, dtype="int64", name=name), extra=extra)


def _any_of_equals(sample: Sample) -> tuple[Expected, ...]:
    """Zeros of both signs are equal, so either may be returned."""
    positions = true_positions(sample)
    return _values(sample, positions, any_sign=True), _open(sample, positions, "y1")


def _first_of_equals(sample: Sample) -> tuple[Expected, ...]:
    positions = true_positions(sample)
    return _values(sample, positions, any_sign=False), exactly(positions, dtype="int64", name="y1")


def _sort(sample: Sample) -> tuple[Expected, ...]:
    return _first_of_equals(sample) if sample.param("stable") else _any_of_equals(sample)


def _argsort(sample: Sample) -> tuple[Expected, ...]:
    positions = true_positions(sample)
    return (exactly(positions, dtype="int64") if sample.param("stable") else _open(sample, positions, "y"),)


def _by_stability(sample: Sample) -> Criterion:
    return Exact() if sample.param("stable") else Positions()


def function(
    id: str,
    requirement: str,
    source: str,
    samples: Callable[[], Iterable[Sample]],
    reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion | Callable[[Sample], Criterion],
    *extra: Fault,
    repeatable: bool = True,
) -> Function:
    """A function of this area."""
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="ordering",
        requirement=f"The library shall {requirement}.",
        source=source,
        oracle="exact: a stable sort of the values, widened exactly",
        samples=samples,
        reference=reference,
        criterion=criterion,
        faults=(*wrong.MOVING, *extra),
        repeatable=repeatable,
    )


POSITIONS = tuple(positions_only(*f) for f in wrong.POSITIONS)
WRONG_END = faults.other_params("wrong-end", "The smallest elements are returned for the largest and vice versa.", largest=lambda v: not v)
WRONG_WAY = faults.other_params("wrong-way", "Sorted in the other direction.", descending=lambda v: not v)
TOPK = (WRONG_END, *POSITIONS, *(both(*f) for f in (*wrong.BY_KEY, wrong.FIRST_LOST, wrong.ELSEWHERE)))

FUNCTIONS: tuple[Function, ...] = (
    function(
        "topk", "return the k largest or smallest elements along an axis in order, and where each of them was",
        TOPK_SOURCE, lambda: tops("topk", NUMBERS), _any_of_equals, Positions(), *TOPK,
        repeatable=False,
    ),
    function(
        "topk_ties_by_position", "return, of equal elements, those with the lower position first when it selects the k largest or smallest",
        "ONNX operator specification, TopK", lambda: tops("topk_ties_by_position", PORTABLE, tied), _first_of_equals, Exact(),
        *TOPK, both(*wrong.LAST_OF_TIES),
    ),
    function(
        "topk_nan", "take NaN for larger than every number when it selects the k largest or smallest elements",
        f"torch.topk; {NAN_LAST}", lambda: tops_with_nan("topk_nan", FLOATS), _any_of_equals, Positions(),
        WRONG_END, faults.nan_lost(), both(*wrong.NAN_SMALLEST), *POSITIONS[:2],
        repeatable=False,
    ),
    function(
        "sort", "return the elements in order along an axis and where each was, NaN above all numbers; equal ones in place where asked",
        f"torch.sort; {NAN_LAST}", lambda: sorts("sort", MOVED), _sort, _by_stability,
        WRONG_WAY, faults.nan_lost(), *POSITIONS,
        *(both(*f) for f in (*wrong.BY_KEY, wrong.ELSEWHERE, wrong.NAN_SMALLEST, wrong.LAST_OF_TIES)),
    ),
    function(
        "argsort", "return the positions that put the elements in order along an axis, NaN above all numbers; equal ones in place where asked",
        f"torch.argsort; {NAN_LAST}", lambda: sorts("argsort", MOVED), _argsort, _by_stability,
        WRONG_WAY,
        *(wrong.alone(*f) for f in (*wrong.POSITIONS, *wrong.BY_KEY, wrong.ELSEWHERE, wrong.NAN_SMALLEST, wrong.LAST_OF_TIES)),
    ),
)  # fmt: skip
