"""References of reductions and of functions along an axis against rational arithmetic and plain loops."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference import along_axis, reductions

FUNCTIONS = (*reductions.FUNCTIONS, *along_axis.FUNCTIONS)
BY_ID = {f.id: f for f in FUNCTIONS}


def small(id: str) -> list[Sample]:
    return [s for s in BY_ID[id].samples() if s.arrays()[0].size < 3000 and "special" not in s.name]


def groups(sample: Sample) -> tuple[tuple[int, ...], dict[tuple[int, ...], list[float]]]:
    """Output shape, and the values that each output reduces, by plain loops."""
    x = sample.arrays()[0]
    axes = sample.param("axes")
    gone = {a % x.ndim for a in axes} if axes else set(range(x.ndim))
    keep = bool(sample.param("keepdims"))
    shape = tuple(1 if a in gone else n for a, n in enumerate(x.shape) if keep or a not in gone)
    found: dict[tuple[int, ...], list[float]] = {i: [] for i in np.ndindex(shape)}
    for i in np.ndindex(x.shape):
        found[tuple(0 if a in gone else v for a, v in enumerate(i) if keep or a not in gone)].append(x[i])
    return shape, found


def exact(id: str, values: list[float]) -> Fraction:
    terms = [Fraction(int(v)) if isinstance(v, np.integer) else Fraction(float(v)) for v in values]
    if id == "reduce_prod":
        return math.prod(terms, start=Fraction(1))
    return max(terms) if id == "reduce_max" else sum(terms, Fraction(0)) / (len(terms) if id == "reduce_mean" else 1)


@pytest.mark.parametrize("id", ["reduce_sum", "reduce_mean", "reduce_max", "reduce_prod"])
def test_reductions_are_within_their_radius_of_the_exact_value(id: str) -> None:
    for sample in small(id):
        (made,) = BY_ID[id].reference(sample)
        shape, found = groups(sample)
        assert made.shape == shape, sample.name
        radius = np.broadcast_to(np.asarray(made.radius), shape)
        for i, values in found.items():
            low = 0.0 if made.low is None else float(made.low[i])
            head = int(made.value[i]) if made.value.dtype.kind == "i" else float(made.value[i])
            assert abs(Fraction(head) + Fraction(low) - exact(id, values)) <= Fraction(float(radius[i])), (sample.name, i)


def test_cumsum_is_within_its_radius_of_the_exact_running_sums() -> None:
    for sample in small("cumsum"):
        (made,) = BY_ID["cumsum"].reference(sample)
        axis = sample.param("axis")
        x, value = np.moveaxis(sample.arrays()[0], axis, -1), np.moveaxis(made.value, axis, -1)
        radius = np.moveaxis(np.broadcast_to(np.asarray(made.radius), made.shape), axis, -1)
        for i in np.ndindex(x.shape[:-1]):
            total = Fraction(0)
            for k in range(x.shape[-1]):
                total += Fraction(float(x[(*i, k)]))
                assert abs(Fraction(float(value[(*i, k)])) - total) <= Fraction(float(radius[(*i, k)])) + abs(total) / 2**52


def test_argmax_is_the_first_of_equal_maxima_and_the_first_nan() -> None:
    for sample in BY_ID["argmax"].samples():
        x = np.moveaxis(sample.arrays()[0].astype(np.float64), sample.param("axis"), -1)
        (made,) = BY_ID["argmax"].reference(sample)
        got = made.value.reshape(x.shape[:-1]) if x.size < 3000 else made.value
        for i in np.ndindex(x.shape[:-1]):
            row = x[i].tolist()
            nans = [k for k, v in enumerate(row) if math.isnan(v)]
            assert int(got[i]) == (nans[0] if nans else row.index(max(row)))


def test_special_rows_of_a_sum() -> None:
    sample = next(s for s in BY_ID["reduce_sum"].samples() if s.name == "float32-special")
    (made,) = BY_ID["reduce_sum"].reference(sample)
    v = made.value
    assert np.isnan(v[[1, 4, 7, 8, 9]]).all()
    assert v[2] == math.inf
    assert v[3] == v[5] == -math.inf
    assert v[6] == 0


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 150
