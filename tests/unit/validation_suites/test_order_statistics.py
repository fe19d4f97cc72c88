"""Extremes, medians, modes, k-th values and quantiles against Python's own and exact fractions; models accepted by the ONNX checker."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.order_statistics import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def rows(x: Array, axis: int | None) -> list[list[float]]:
    """Values along the axis, the other axes in storage order."""
    wide = values(x).astype(np.float64)
    flat = wide.reshape(1, -1) if axis is None else np.moveaxis(wide, axis, -1).reshape(-1, x.shape[axis])
    return [[float(v) for v in r] for r in flat]


def along(y: Array, sample: Sample) -> list[Any]:
    """A result with the axis kept, one value for each row."""
    return np.moveaxis(y, sample.param("axis"), -1).reshape(-1).tolist()


def least(row: list[float]) -> float:
    return math.nan if any(v != v for v in row) else min(row)


def test_minimum_over_axes_by_loops() -> None:
    for sample in small(BY_ID["reduce_min"]):
        x, axes = sample.arrays()[0], sample.param("axes")
        gone = range(x.ndim) if axes is None else [a % x.ndim for a in axes]
        kept = [a for a in range(x.ndim) if a not in gone]
        for at, found in zip(np.ndindex(*(x.shape[a] for a in kept)), first(BY_ID["reduce_min"], sample).reshape(-1), strict=True):
            row = [float(x[i]) for i in np.ndindex(x.shape) if tuple(i[a] for a in kept) == at]
            np.testing.assert_equal(float(found), least(row))


def test_positions_of_extremes_by_python() -> None:
    for sample in small(BY_ID["argmin"]):
        want = [next((i for i, v in enumerate(r) if v != v), r.index(min(r))) for r in rows(sample.arrays()[0], sample.param("axis"))]
        assert first(BY_ID["argmin"], sample).reshape(-1).tolist() == want, sample.name
    for sample in small(BY_ID["arg_last"]):
        extreme = max if sample.param("kind") == "max" else min
        want = [len(r) - 1 - r[::-1].index(extreme(r)) for r in rows(sample.arrays()[0], sample.param("axis"))]
        assert first(BY_ID["arg_last"], sample).reshape(-1).tolist() == want, sample.name
    for sample in small(BY_ID["aminmax"]):
        low, high = (e.value.reshape(-1).tolist() for e in BY_ID["aminmax"].reference(sample))
        data = rows(sample.arrays()[0], sample.param("axis"))
        np.testing.assert_equal(low, [least(r) for r in data])
        np.testing.assert_equal(high, [-least([-v for v in r]) for r in data])


@pytest.mark.parametrize("id", ["median", "nanmedian", "kthvalue", "mode"])
def test_ranks_by_python(id: str) -> None:
    for sample in small(BY_ID[id], 1000):
        x = sample.arrays()[0]
        value, at = (along(e.value, sample) for e in BY_ID[id].reference(sample))
        for row, v, i in zip(rows(x, sample.param("axis")), value, at, strict=True):
            number = sorted(n for n in row if n == n)
            missing = len(row) - len(number)
            ordered = [*number, *[math.nan] * missing]
            if id == "median":
                want = math.nan if missing else statistics.median_low(row)
            elif id == "nanmedian":
                want = statistics.median_low(number) if number else math.nan
            else:
                want = ordered[sample.param("k") - 1] if id == "kthvalue" else statistics.mode(row)
                assert id == "kthvalue" or statistics.multimode(row) == [want]
            np.testing.assert_equal(float(v), want, err_msg=sample.name)
            np.testing.assert_equal(row[i], want, err_msg=sample.name)


@pytest.mark.parametrize("id", ["quantile", "nanquantile"])
def test_quantiles_by_exact_fractions(id: str) -> None:
    for sample in small(BY_ID[id]):
        (e,) = BY_ID[id].reference(sample)
        low = np.zeros(e.shape) if e.low is None else e.low
        data, mode = rows(sample.arrays()[0], sample.param("axis")), sample.param("interpolation")
        radius = np.broadcast_to(np.asarray(e.radius), e.shape)
        for j, q in enumerate(sample.param("q")):
            for k, row in enumerate(data):
                number = sorted(Fraction(v) for v in row if v == v)
                got, rest, rad = (a[j].reshape(-1)[k] for a in (e.value, low, radius))
                if not number or (id == "quantile" and len(number) < len(row)):
                    assert np.isnan(got)
                    continue
                rank = Fraction(float(np.array(q).astype(sample.dtype))) * (len(number) - 1)
                a, b = number[math.floor(rank)], number[math.ceil(rank)]
                part = rank - math.floor(rank)
                assert mode != "nearest" or part != Fraction(1, 2)
                weight = {"lower": Fraction(0), "higher": Fraction(1), "midpoint": Fraction(1, 2), "nearest": Fraction(int(part > 0.5))}.get(mode, part)
                true = a + (b - a) * weight
                assert abs(Fraction(float(got)) + Fraction(float(rest)) - true) <= Fraction(float(rad)), sample.name


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("reduce_min", "argmin", "arg_last")) > 60
