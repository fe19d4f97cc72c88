"""Computations in single precision stay within the bound that running error analysis gives for them, and not far below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.tensor import DTYPES
from csvkit_ml.references.running_error import ARITHMETIC, DOUBLE, Rounded, expected_rounded, hyperparameter, in_format, rounded

FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "cancelling sum": lambda x, y: (x + y) - x,
    "product": lambda x, y: x * y * x * y,
    "quotient of a difference": lambda x, y: y / (x - 0.999 * x),
    "root of a difference": lambda x, y: np.sqrt(np.abs(x * x - y * y)),
    "power": lambda x, y: np.abs(x) ** 3 + np.exp(-np.abs(y)),
    "cosine": lambda x, y: 1 + np.cos(x * 3.14159),
    "logarithms": lambda x, y: np.log(np.abs(x) * np.abs(y)) - np.log1p(np.exp(x)),
    "difference to the largest": lambda x, y: np.exp((x * y).reshape(20, 25) - (x * y).reshape(20, 25).max(axis=1, keepdims=True)),
    "largest": lambda x, y: np.maximum(x * 0.1, np.minimum(y * 0.3, x - y)),
    "chosen": lambda x, y: np.where(np.arange(500) % 2 == 0, x * y, x / y),
    "normalised": lambda x, y: x / (np.sqrt((x * x).sum()) + 1e-8) * np.sign(y),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORMULAS)
def test_what_a_format_computes_is_within_the_bound(name: str, dtype: str) -> None:
    random = np.random.default_rng(1)
    x, y = (random.standard_normal(500).astype(dtype) for _ in range(2))
    made: Rounded = FORMULAS[name](rounded(x, dtype), rounded(y, dtype))
    with np.errstate(all="ignore"):
        computed = FORMULAS[name](x, y)
    off = np.abs(computed.astype(np.longdouble) - made.value)
    assert computed.dtype == dtype
    assert (off <= made.error + ARITHMETIC[dtype].tiny).all()
    assert (made.error < 1e-2 * np.abs(made.value).max()).any()
    assert off.max() > 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_sums_of_sixteen_bits_are_single_and_what_is_stored_is_not(dtype: str) -> None:
    random = np.random.default_rng(2)
    x, y = (random.standard_normal((40, 500)).astype(DTYPES[dtype]) for _ in range(2))
    made = (rounded(x, dtype) * rounded(y, dtype)).sum(axis=1)
    stored = x * y
    off = np.abs(stored.astype(np.float32).sum(axis=1).astype(stored.dtype).astype(np.longdouble) - made.value)
    assert stored.dtype == DTYPES[dtype]
    assert (off <= made.error).all()
    kept = stored[:, 0]
    for k in range(1, 500):
        kept = kept + stored[:, k]
    wholly = np.abs(kept.astype(np.longdouble) - made.value)  # one addition after the other in the format
    assert (off.max(), made.error.max()) < (wholly.max(), 2 * wholly.max())
    ones = rounded(np.ones(5000, DTYPES[dtype]), dtype).sum()
    assert ones.error < 5000 * ARITHMETIC[dtype].u * 1.1


def test_numbers_that_a_format_does_not_hold_are_rounded_to_it() -> None:
    x = rounded(np.ones(1), "bfloat16")
    assert (x * 0.5).error == ARITHMETIC["bfloat16"].u / 2
    assert (x * 1.001953125).error > 1.9 * ARITHMETIC["bfloat16"].u
    assert (rounded(np.ones(1), "float32") * 1.001953125).error < 1.1 * ARITHMETIC["float32"].u


def test_the_logarithm_of_zero_is_exact_and_of_what_may_be_zero_has_no_bound() -> None:
    x = rounded(np.zeros(1), "float32")
    with np.errstate(all="ignore"):
        assert np.log(x).error == 0
        assert np.log(x).value == -np.inf
        assert np.maximum(np.log(x), -100.0).error == 0
        assert np.isinf(np.log(rounded(np.ones(1), "float32") * 0.1 - 0.1).error)


def test_underflow_is_part_of_the_bound() -> None:
    g = np.array([1e-21, 1e-23, 0.0], dtype=np.float32)
    made = rounded(g, "float32") * rounded(g, "float32")
    assert (np.abs((g * g).astype(np.longdouble) - made.value) <= made.error).all()
    assert made.error[2] == 0


def test_numbers_are_doubles_until_they_meet_narrower_data() -> None:
    assert (1 - hyperparameter(0.999)).error <= 2 * DOUBLE.u
    assert (rounded(np.ones(1), "float32") * 0.1).error[0] > 2.0**-27
    assert (rounded(np.ones(1), "float64") * 0.1).error[0] <= 0.11 * DOUBLE.u
    assert in_format(0.999, "float32").error > 0.9 * 2.0**-24
    assert in_format(0.999, "float64").error == 0


def test_a_division_by_what_may_be_zero_has_no_bound() -> None:
    x = rounded(np.ones(1), "float32")
    difference = x * 0.1 - x * 0.1
    with np.errstate(all="ignore"):
        assert np.isinf((x / (difference + 1e-9)).error).all()
    with pytest.raises(SuiteError), np.errstate(all="ignore"):
        expected_rounded(x / (difference + 1e-9), dtype="float32")
