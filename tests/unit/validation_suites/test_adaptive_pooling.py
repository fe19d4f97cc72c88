"""References of adaptive pooling against the definition as plain loops over output places."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from csvkit_ml.model.function import Function
from csvkit_ml.references.adaptive import parts
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.adaptive_pooling import FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_every_output_is_reduced_over_its_own_window(function: Function) -> None:
    for sample in [s for s in function.samples() if s.dtype == "float64"]:
        x = sample.arrays()[0]
        (made,) = function.reference(sample)
        for n, c, *at in np.ndindex(made.shape):
            ends = [(i * k // m, math.ceil((i + 1) * k / m)) for i, k, m in zip(at, x.shape[2:], sample.param("sizes"), strict=True)]
            values = [float(x[(n, c, *place)]) for place in product(*(range(a, b) for a, b in ends))]
            want = math.fsum(values) / len(values) if "avg" in function.id else max(values)
            assert abs(float(made.value[(n, c, *at)]) - want) <= 1e-15


def test_windows_cover_the_axis_without_a_gap() -> None:
    for n, m in product(range(1, 20), range(1, 20)):
        made = parts(n, m)
        assert made[0].start == 0
        assert made[-1].stop == n
        assert all(a.stop >= b.start and b.stop > b.start for a, b in zip(made, made[1:], strict=False))


def test_special_values_reach_the_windows_that_hold_them() -> None:
    for function in FUNCTIONS:
        sample = next(s for s in function.samples() if s.name == "float32-not-finite")
        (made,) = function.reference(sample)
        assert np.isnan(made.value[0, 0]).any()
        assert np.isposinf(made.value[0, 1]).any()


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(f for f in FUNCTIONS if f.id.startswith("global")) >= 10
