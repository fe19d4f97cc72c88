"""Selection against plain loops, interpolation against rational numbers; models accepted by the ONNX checker."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.criteria import FORMATS
from csvkit_ml.libraries.onnxruntime.host import lowerings
from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.selection import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def _least(*x: Any) -> Any:
    return math.nan if any(v != v for v in x) else min(x)


def _most(*x: Any) -> Any:
    return math.nan if any(v != v for v in x) else max(x)


def _numbers(choose: Callable[..., Any], x: tuple[Any, ...]) -> Any:
    kept = [v for v in x if v == v]
    return choose(kept) if kept else math.nan


def _clamp(x: Any, low: Any, high: Any) -> Any:
    x = x if low is None or x >= low or x != x else low
    return x if high is None or x <= high or x != x else high


def _filled(sample: Sample, x: float) -> float:
    nan, top, bottom = (sample.param(n) for n in ("nan", "posinf", "neginf"))
    if x != x:
        return nan or 0.0
    if math.isinf(x):
        given = top if x > 0 else bottom
        return math.copysign(FORMATS[sample.dtype].largest, x) if given is None else given
    return x


LOOPS: dict[str, Callable[..., Any]] = {
    "minimum": lambda s, *x: _least(*x),
    "maximum": lambda s, *x: _most(*x),
    "min_of_many": lambda s, *x: _least(*x),
    "max_of_many": lambda s, *x: _most(*x),
    "fmin": lambda s, *x: _numbers(min, x),
    "fmax": lambda s, *x: _numbers(max, x),
    "clamp": lambda s, x: _clamp(x, s.param("low"), s.param("high")),
    "clamp_tensors": lambda s, x, low, high: _least(_most(x, low), high),
    "where": lambda s, c, x, y: x if c else y,
    "nan_to_num": _filled,
}
EXACT: dict[str, Callable[..., Fraction]] = {
    "lerp": lambda x, y, w: x * (1 - w) + y * w,
    "addcmul": lambda x, y, z, value: x + Fraction(value) * y * z,
    "addcdiv": lambda x, y, z, value: x + Fraction(value) * y / z,
}


@pytest.mark.parametrize("id", LOOPS)
def test_choices_are_those_of_a_loop(id: str) -> None:
    for sample in BY_ID[id].samples():
        (e,) = BY_ID[id].reference(sample)
        if e.value.size < 5000:
            with np.errstate(invalid="ignore"):
                wide = [a.astype(np.float64) if a.dtype.kind in "fV" else a for a in sample.arrays()]
            rows = zip(*(np.broadcast_to(a, e.shape).ravel().tolist() for a in wide), strict=True)
            np.testing.assert_array_equal(e.value.ravel(), [LOOPS[id](sample, *x) for x in rows], err_msg=sample.name)


@pytest.mark.parametrize("id", EXACT)
def test_interpolation_is_rational_arithmetic(id: str) -> None:
    for sample in BY_ID[id].samples():
        if "-ordinary" in sample.name:
            (e,) = BY_ID[id].reference(sample)
            rows = zip(*(a.astype(np.float64).ravel().tolist() for a in sample.arrays()), strict=True)
            assert e.low is not None
            for x, value, low, radius in zip(rows, e.value.ravel(), e.low.ravel(), np.asarray(e.radius).ravel(), strict=True):
                true = EXACT[id](*map(Fraction, x), **dict(sample.params))
                assert abs(Fraction(float(value)) + Fraction(float(low)) - true) <= Fraction(float(radius)), x


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id in lowerings()) > 50
