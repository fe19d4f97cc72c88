"""The criterion of stated alternatives: they are accepted where they stand, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.criteria import OneOf
from csvkit_ml.model.function import Expected, Reason
from csvkit_ml.model.tensor import Array

CRITERION = OneOf(rationale="a test", literature="none")
TRUE = Expected(name="y", dtype="float32", value=np.array([1.0, np.nan, -0.0, 4.0]), extra={"also": np.array([[1.0, 7.0, -0.0, 5.0]])})


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([1.0, np.nan, -0.0, 4.0], Reason.IDENTICAL),
        ([1.0, 7.0, -0.0, 5.0], Reason.WITHIN_BAND),
        ([1.0, np.nan, -0.0, 5.0], Reason.WITHIN_BAND),
        ([5.0, np.nan, -0.0, 4.0], Reason.BEYOND_HARD),
        ([1.0, np.nan, -0.0, 4.5], Reason.BEYOND_HARD),
        ([np.nan, np.nan, -0.0, 4.0], Reason.SPECIAL_VALUE),
        ([1.0, np.nan, 0.0, 4.0], Reason.SPECIAL_VALUE),
    ],
)
def test_alternatives_hold_for_their_own_element(y: list[float], reason: Reason) -> None:
    assert CRITERION.measure(np.array(y, dtype=np.float32), TRUE).reason is reason


def test_without_alternatives_it_is_exact_agreement() -> None:
    whole = Expected(name="y", dtype="uint8", value=np.array([1, 2], dtype=np.uint8))

    def reason(y: Array) -> Reason:
        return CRITERION.measure(y, whole).reason

    assert reason(np.array([1, 2], dtype=np.uint8)) is Reason.IDENTICAL
    assert reason(np.array([1, 3], dtype=np.uint8)) is Reason.BEYOND_HARD
