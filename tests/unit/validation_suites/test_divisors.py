"""Divisors by the standard library, the step function by numpy, whole tensors by loops."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from validation_suites.inference.divisors import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


@pytest.mark.parametrize(("id", "of"), [("gcd", math.gcd), ("lcm", math.lcm)])
def test_divisors_of_python(id: str, of: Callable[[int, int], int]) -> None:
    for sample in BY_ID[id].samples():
        x, y = np.broadcast_arrays(*sample.arrays())
        want = np.array([of(a, b) for a, b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)], dtype=np.int64)
        np.testing.assert_array_equal(BY_ID[id].reference(sample)[0].value.ravel(), want, err_msg=sample.name)


def test_the_step_function_of_numpy() -> None:
    for sample in BY_ID["heaviside"].samples():
        x, y = np.broadcast_arrays(*(a.astype(np.float64) for a in sample.arrays()))
        assert not np.isnan(x).any()
        np.testing.assert_array_equal(BY_ID["heaviside"].reference(sample)[0].value, np.heaviside(x, y), err_msg=sample.name)


def test_truths_by_loops() -> None:
    answers = set()
    for sample in BY_ID["equal"].samples():
        x, y = (a.astype(np.float64).tolist() for a in sample.arrays())
        want = len(x) == len(y) and all(a == b for a, b in zip(x, y, strict=True))
        assert bool(BY_ID["equal"].reference(sample)[0].value) is want, sample.name
        answers.add(want)
    for sample in BY_ID["allclose"].samples():
        want = "inside" in sample.name or sample.name.endswith("nan-equal_nan=true")
        assert bool(BY_ID["allclose"].reference(sample)[0].value) is want, sample.name
    assert answers == {True, False}
