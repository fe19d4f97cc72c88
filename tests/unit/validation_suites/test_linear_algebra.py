"""References of matrix products against rational arithmetic; models; seeded faults."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.linear_algebra import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def sample_of(function: Function, name: str) -> Sample:
    return next(s for s in function.samples() if s.name == name)


def rational(function: Function, name: str, exact: np.ndarray) -> None:
    """The reference's value is within its radius of the exact one."""
    (made,) = function.reference(sample_of(function, name))
    assert made.shape == exact.shape and made.low is not None
    radius = np.broadcast_to(made.radius, made.shape)
    for i in np.ndindex(made.shape):
        error = abs(Fraction(float(made.value[i])) + Fraction(float(made.low[i])) - exact[i])
        assert error <= Fraction(float(radius[i])), i


def fractions(array: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(array.astype(np.float64))


@pytest.mark.parametrize("name", ["float32-normal", "float64-positive", "float64-cancelling", "bfloat16-graded", "float32-broadcast"])
def test_matmul_is_within_its_radius_of_the_exact_product(name: str) -> None:
    a, b = (fractions(x) for x in sample_of(BY_ID["matmul"], name).arrays())
    rational(BY_ID["matmul"], name, np.matmul(a, b))


@pytest.mark.parametrize("name", ["float64-bias", "float16-cancelling", "float32-batch-bias"])
def test_linear_is_within_its_radius_of_the_exact_value(name: str) -> None:
    x, w, b = (fractions(v) for v in sample_of(BY_ID["linear"], name).arrays())
    rational(BY_ID["linear"], name, np.matmul(x, w.T) + b)


def test_gemm_applies_alpha_beta_and_both_transposes() -> None:
    seen = set()
    for sample in BY_ID["gemm"].samples():
        p = dict(sample.params)
        a, b, *c = (fractions(v) for v in sample.arrays())
        product = np.matmul(a.T if p["trans_a"] else a, b.T if p["trans_b"] else b) * Fraction(p["alpha"])
        rational(BY_ID["gemm"], sample.name, product + c[0] * Fraction(p["beta"]) if c else product)
        seen.add((p["trans_a"], p["trans_b"]))
    assert len(seen) == 4


def test_vector_forms_drop_their_axis() -> None:
    shapes = {s.name: BY_ID["matmul"].reference(s)[0].shape for s in BY_ID["matmul"].samples()}
    assert shapes["float32-vector-vector"] == ()
    assert shapes["float32-matrix-vector"] == (19,)
    assert shapes["float32-vector-matrix"] == (19,)
    assert shapes["float32-vector-batch"] == (3, 5)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 50
