"""Positions: accepted by what they point at, refused when doubled, outside or pointing elsewhere."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from csvkit_ml.criteria import Positions
from csvkit_ml.model.function import Expected, Reason
from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references import exactly

CRITERION = Positions()
ROW = np.array([2.0, -0.0, np.nan, 2.0, 0.0, np.nan, 1.0])
TRUE = np.array([1, 4, 6, 0, 3, 2, 5])


def expected(operand: Array, true: Array, axis: int = 0) -> Expected:
    made = exactly(true.astype(np.int64), dtype="int64", name="y1")
    return Expected(name=made.name, dtype="int64", value=made.value, extra={"operand": operand, "axis": np.array(axis)})


def accepts(positions: Array, operand: Array = ROW, true: Array = TRUE, axis: int = 0) -> bool:
    return CRITERION.measure(positions, expected(operand, true, axis)).reason in (Reason.IDENTICAL, Reason.WITHIN_BAND)


def test_every_permutation_is_accepted_exactly_when_it_orders_the_row() -> None:
    row = np.array([1.0, 0.0, -0.0, 1.0, 3.0])
    true = np.argsort(row, kind="stable")
    for order in permutations(range(5)):
        ranked = [float(row[i]) for i in order]
        assert accepts(np.array(order), row, true) == (ranked == sorted(ranked)), order


def test_equal_elements_may_change_places() -> None:
    assert CRITERION.measure(TRUE, expected(ROW, TRUE)).reason is Reason.IDENTICAL
    swapped = np.array([4, 1, 6, 3, 0, 5, 2])
    assert CRITERION.measure(swapped, expected(ROW, TRUE)).reason is Reason.WITHIN_BAND


@pytest.mark.parametrize(
    "wrong",
    [
        [1, 1, 6, 0, 3, 2, 5],
        [4, 4, 6, 0, 3, 2, 5],
        [1, 4, 0, 6, 3, 2, 5],
        [1, 4, 6, 0, 3, 2, 7],
        [-6, 4, 6, 0, 3, 2, 5],
        [1, 4, 6, 2, 3, 0, 5],
    ],
    ids=["doubled", "doubled-other", "exchanged", "beyond", "negative", "nan-for-number"],
)
def test_wrong_positions_are_refused(wrong: list[int]) -> None:
    found = CRITERION.measure(np.array(wrong), expected(ROW, TRUE))
    assert found.reason is Reason.BEYOND_HARD
    assert found.offenders >= 1
    assert found.ratio == float("inf")
    assert wrong[found.worst_index[0]] == int(found.actual)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "uint8", "int64", "bool"])
def test_rows_of_any_axis_and_dtype(dtype: str) -> None:
    x = np.array([[1, 0], [0, 1], [1, 1]]).astype(DTYPES[dtype])
    true = np.array([[1, 0], [0, 1], [2, 2]])
    other = np.array([[1, 0], [2, 2], [0, 1]])
    assert accepts(true, x, true, 0)
    assert accepts(other, x, true, 0)
    assert not accepts(np.array([[0, 0], [1, 1], [2, 2]]), x, true, 0)


def test_fewer_positions_than_elements() -> None:
    row, true = np.array([5, 7, 7, 1]), np.array([1, 2])
    assert accepts(np.array([2, 1]), row, true)
    assert not accepts(np.array([1, 0]), row, true)


def test_values_are_exact_and_an_empty_result_is_told() -> None:
    value = exactly(np.array([1.0, -0.0]), dtype="float32")
    assert CRITERION.measure(np.array([1.0, -0.0], dtype=np.float32), value).reason is Reason.IDENTICAL
    assert CRITERION.measure(np.array([1.0, 0.0], dtype=np.float32), value).reason is Reason.SPECIAL_VALUE
    nothing = expected(np.zeros((0, 3)), np.zeros((0, 2)), 1)
    assert CRITERION.measure(np.zeros((0, 2), dtype=np.int64), nothing).reason is Reason.EMPTY_AS_DEFINED
