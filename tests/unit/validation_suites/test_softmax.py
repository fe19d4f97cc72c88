"""References of functions of logits against their definitions in 60 digits, and what masks, infinities and NaN must give."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.references import extended
from csvkit_ml.references.logits import log_softmax
from csvkit_ml.references.rounding import ROUNDINGS
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.softmax import FUNCTIONS

mpmath.mp.dps = 60
BY_ID = {f.id: f for f in FUNCTIONS}


def small(id: str) -> list[Sample]:
    return [s for s in BY_ID[id].samples() if 0 < s.arrays()[0].size <= 500 and "special" not in s.name][::3]


def defined(id: str, row: list[Any]) -> list[Any]:
    """Without any shift: the exponentials themselves."""
    weights = [mpmath.exp(-v if id == "softmin" else v) for v in row]
    total = mpmath.fsum(weights)
    return [mpmath.log(w / total) if id == "log_softmax" else w / total for w in weights]


@pytest.mark.parametrize("id", BY_ID)
def test_references_are_within_their_radius_of_the_definition(id: str) -> None:
    for sample in small(id):
        (made,) = BY_ID[id].reference(sample)
        axis = int(sample.param("axis"))
        x, value, low, radius = (
            np.moveaxis(np.broadcast_to(np.asarray(a), made.shape), axis, -1)
            for a in (sample.arrays()[0].astype(float), made.value, made.low, made.radius)
        )  # fmt: skip
        for i in np.ndindex(x.shape[:-1]):
            for k, true in enumerate(defined(id, [mpmath.mpf(float(v)) for v in x[i]])):
                error = abs(mpmath.mpf(float(value[i][k])) + mpmath.mpf(float(low[i][k])) - true)
                assert error <= mpmath.mpf(float(radius[i][k])) + mpmath.mpf(5e-324), (sample.name, i, k)


@pytest.mark.parametrize("id", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_masks_infinities_and_nan(id: str, dtype: str) -> None:
    sample = next(s for s in BY_ID[id].samples() if s.name == f"{dtype}-special")
    value = BY_ID[id].reference(sample)[0].value
    gone, whole = (-math.inf, 0.0) if id == "log_softmax" else (0.0, 1.0)
    assert (value[0, ::3] == gone).all()
    assert np.isfinite(value[0, 1::3]).all()
    assert value[1, 11] == whole
    assert (np.delete(value[1], 11) == gone).all()
    assert (value[2, 5:] == gone).all()
    assert np.isnan(value[3:9]).all()
    assert value[9, 4] == whole
    assert np.allclose(value[10:], -math.log(19) if id == "log_softmax" else 1 / 19)


def test_the_sum_counts_in_the_format_that_accumulates_it() -> None:
    x = extended(np.linspace(-3.0, 0.0, 900).reshape(1, 900))
    none, own, wide = (log_softmax(x, axis=1, sums=sums)[1] for sums in (0.0, 1.0, ROUNDINGS["bfloat16"].sums))
    assert np.allclose((own - none).astype(float), 180)
    assert np.allclose((wide - none).astype(float), 180 * 2.0**-16)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models([BY_ID["softmax"], BY_ID["log_softmax"]]) > 100
