"""Comparisons and bits against Python's operators, element by element; models accepted by the ONNX checker."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from csvkit_ml.libraries.onnxruntime.host import lowerings
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.comparison import FUNCTIONS, WIDTHS

BY_ID = {f.id: f for f in FUNCTIONS}


def _wrapped(value: int, dtype: str) -> int:
    """In two's complement."""
    info = np.iinfo(dtype)
    return (value - int(info.min)) % 2**info.bits + int(info.min)


PLAIN: dict[str, Callable[..., Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite, "isposinf": lambda x: x == math.inf, "isneginf": lambda x: x == -math.inf,
    "logical_and": lambda x, y: bool(x) and bool(y), "logical_or": lambda x, y: bool(x) or bool(y),
    "logical_xor": lambda x, y: bool(x) != bool(y), "logical_not": lambda x: not x,
}  # fmt: skip
BITS: dict[str, Callable[..., int]] = {
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "bitwise_not": operator.invert,
    "left_shift": operator.lshift, "right_shift": operator.rshift,
}  # fmt: skip


def _rows(id: str) -> Any:
    """(dtype, operands, value) of every sample but the largest."""
    for sample in BY_ID[id].samples():
        (e,) = BY_ID[id].reference(sample)
        if 0 < e.value.size < 5000:
            with np.errstate(invalid="ignore"):
                wide = [a.astype(np.float64) if a.dtype.kind in "fV" else a for a in sample.arrays()]
            operands = [np.broadcast_to(a, e.shape).ravel().tolist() for a in wide]
            for want, *x in zip(e.value.ravel().tolist(), *operands, strict=True):
                yield sample.dtype, x, want


@pytest.mark.parametrize("id", PLAIN)
def test_truths_are_pythons(id: str) -> None:
    for _, x, want in _rows(id):
        assert PLAIN[id](*x) == want, x


@pytest.mark.parametrize("id", BITS)
def test_bits_are_pythons(id: str) -> None:
    seen = set()
    for dtype, x, want in _rows(id):
        made = BITS[id](*x) if dtype != "bool" or id != "bitwise_not" else not x[0]
        assert (_wrapped(made, dtype) if dtype != "bool" else bool(made)) == want, (dtype, x)
        seen.add(dtype)
    assert seen >= set(WIDTHS)


def test_close_numbers_are_numpys() -> None:
    for sample in BY_ID["isclose"].samples():
        (e,), given = BY_ID["isclose"].reference(sample), dict(sample.params)
        x, y = (a.astype(np.float64) for a in sample.arrays())
        np.testing.assert_array_equal(e.value, np.isclose(x, y, **given))


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 100
