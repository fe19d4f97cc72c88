"""Distances between outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.judgement.distance import arrays, difference
from csvkit_ml.model.comparison import Difference
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.observation import OutputRef
from csvkit_ml.model.tensor import DTYPES, Array

FLOATS = ("float16", "bfloat16", "float32", "float64")


def of(dtype: str, *values: Any) -> Array:
    return np.array(values, dtype=np.float64).astype(DTYPES[dtype])


@pytest.mark.parametrize("dtype", FLOATS)
def test_neighbours_are_one_apart(dtype: str) -> None:
    kind = np.dtype(f"u{DTYPES[dtype].itemsize}")
    x = of(dtype, 1.0, -1.0, 2.0**-14, 0.0)
    y = (x.view(kind) + kind.type(1)).view(DTYPES[dtype])
    assert arrays(x, y, dtype) == Difference(compared=4, differing=4, worst_ulp=1.0)
    assert arrays(x, x, dtype) == Difference(compared=4, differing=0, worst_ulp=0.0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(dtype: str) -> None:
    nan = of(dtype, math.nan)
    other = (nan.view(f"u{nan.itemsize}") ^ np.array(1, f"u{nan.itemsize}")).view(DTYPES[dtype])
    assert arrays(nan, other, dtype) == Difference(compared=1, differing=1, worst_ulp=0.0)
    assert arrays(nan, of(dtype, 1.0), dtype).worst_ulp == math.inf
    assert arrays(of(dtype, 0.0), of(dtype, -0.0), dtype) == Difference(compared=1, differing=1, worst_ulp=0.0)
    across = arrays(of(dtype, 2.0**-14), of(dtype, -(2.0**-14)), dtype)
    assert across.worst_ulp == 2 * arrays(of(dtype, 2.0**-14), of(dtype, 0.0), dtype).worst_ulp


@given(st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=1, max_size=20))
def test_it_is_symmetric_and_counts_bits(pairs: list[tuple[float, float]]) -> None:
    x, y = (np.array(v, np.float32) for v in zip(*pairs, strict=True))
    assert arrays(x, y, "float32") == arrays(y, x, "float32")
    assert arrays(x, y, "float32").differing == int((x.view(np.uint32) != y.view(np.uint32)).sum())


def test_integers_bools_and_complex_numbers() -> None:
    assert arrays(np.array([1, 5]), np.array([1, -5]), "int64") == Difference(compared=2, differing=1, worst_ulp=10.0)
    assert arrays(np.array([True]), np.array([False]), "bool").worst_ulp == 1.0
    a = np.array([1 + 2j], np.complex64)
    b = a + np.complex64(np.spacing(np.float32(2)) * 1j)
    assert arrays(a, b, "complex64") == Difference(compared=2, differing=1, worst_ulp=1.0)


def test_other_shapes_dtypes_and_numbers_of_outputs_are_no_distance() -> None:
    def ref(dtype: str, shape: tuple[int, ...]) -> OutputRef:
        return OutputRef(name="y", dtype=dtype, shape=shape, blob=sha256(b""))

    def never(digest: str) -> bytes:
        raise AssertionError("nothing needs to be read")

    a = ref("float32", (2,))
    assert difference((a,), (a,), never) == Difference(compared=2, differing=0, worst_ulp=0.0)
    for b in ((ref("float64", (2,)),), (ref("float32", (2, 1)),), (a, a), ()):
        found = difference((a,), b, never)
        assert found.worst_ulp == math.inf
        assert found.differing
