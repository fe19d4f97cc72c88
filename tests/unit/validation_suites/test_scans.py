"""Along an axis: against itertools, exact fractions and many digits; models accepted by the ONNX checker."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from tests.unit.validation_suites.by_definition import close
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.scans import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def rows(x: Array, axis: int) -> list[list[Any]]:
    return [r.tolist() for r in np.moveaxis(values(x), axis, -1).reshape(-1, x.shape[axis])] if x.size else []


def pairs(id: str, output: int = 0) -> Iterator[tuple[Sample, list[Any], list[Any]]]:
    """(sample, row of the data, row of the result)."""
    for sample in small(BY_ID[id]):
        axis, x = sample.param("axis"), sample.arrays()[0]
        made = BY_ID[id].reference(sample)[output].value
        yield from ((sample, a, b) for a, b in zip(rows(x, axis), rows(made, axis), strict=True))


def test_running_sums_and_products_are_itertools() -> None:
    for sample, row, made in pairs("cumsum_forms"):
        ordered = row[::-1] if sample.param("reverse") else row
        sums = list(itertools.accumulate(ordered))
        sums = [0, *sums[:-1]] if sample.param("exclusive") else sums
        assert made == (sums[::-1] if sample.param("reverse") else sums), sample.name
    for sample, row, made in pairs("cumprod"):
        want = list(itertools.accumulate(row, operator.mul))
        assert made == ([v % 256 for v in want] if sample.dtype == "uint8" else want), sample.name


@pytest.mark.parametrize(("id", "extreme"), [("cummax", max), ("cummin", min)])
def test_running_extremes_are_itertools(id: str, extreme: Any) -> None:
    for sample, row, made in pairs(id):
        assert made == list(itertools.accumulate(row, extreme)), sample.name
        assert len(set(row)) == len(row), sample.name
    for _, row, made in pairs(id, 1):
        assert made == [row.index(v) for v in itertools.accumulate(row, extreme)]
    for sample, row, made in pairs(f"{id}_value"):
        np.testing.assert_equal(made, [math.nan if any(v != v for v in row[: k + 1]) else extreme(row[: k + 1]) for k in range(len(row))], sample.name)


def test_log_sums_in_many_digits() -> None:
    for sample in small(BY_ID["logcumsumexp"]):
        (e,) = BY_ID["logcumsumexp"].reference(sample)
        x, axis = sample.arrays()[0].astype(np.float64), sample.param("axis") % sample.arrays()[0].ndim
        if not np.isfinite(x).all():
            inf, nan = np.inf, np.nan
            assert e.value[0].tolist()[:3] == [-inf, -inf, 1.0]
            np.testing.assert_array_equal(e.value[2][1:], [inf] * 3)
            np.testing.assert_array_equal(e.value[3], [nan] * 4)
            np.testing.assert_array_equal(e.value[4], [-inf] * 4)
            continue
        true = np.empty(x.shape, dtype=object)
        for at in np.ndindex(x.shape):
            prefix = [x[tuple(j if a == axis else i for a, i in enumerate(at))] for j in range(at[axis] + 1)]
            true[at] = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(v))) for v in prefix))
        close(e, true, sample.name, decides=False)


def test_differences_by_loops() -> None:
    for sample in small(BY_ID["diff"]):
        x, *ends = sample.arrays()
        axis = sample.param("axis")
        joined = np.concatenate([values(a) for a in ([ends[0], x, ends[1]] if ends else [x])], axis)
        for row, made in zip(rows(joined, axis), rows(first(BY_ID["diff"], sample), axis) or [[]] * joined.size, strict=False):
            for _ in range(sample.param("n")):
                row = [b - a for a, b in itertools.pairwise(row)]
            assert made == row, sample.name


def test_areas_by_exact_fractions() -> None:
    for id in ("trapezoid", "cumulative_trapezoid"):
        for sample in small(BY_ID[id]):
            y, *points = sample.arrays()
            made = first(BY_ID[id], sample)
            found = made.reshape(-1) if id == "trapezoid" else rows(made, sample.param("axis")) or [[]] * y.size
            for row, got in zip(rows(y, sample.param("axis")), found, strict=False):
                at = [Fraction(float(v)) for v in points[0]] if points else [Fraction(1, 2) * i for i in range(len(row))]
                parts = [(Fraction(a) + Fraction(b)) / 2 * (q - p) for (a, b), (p, q) in zip(itertools.pairwise(row), itertools.pairwise(at), strict=True)]
                want = [sum(parts, Fraction(0))] if id == "trapezoid" else list(itertools.accumulate(parts))
                assert [Fraction(v) for v in np.atleast_1d(got)] == want, sample.name


def test_gradients_by_exact_fractions() -> None:
    for sample, row, made in pairs("gradient"):
        f, h = [Fraction(v) for v in row], Fraction(1, 2)
        inner = [(b - a) / (2 * h) for a, b in zip(f, f[2:], strict=False)]
        if sample.param("edge_order") == 1:
            ends = (f[1] - f[0]) / h, (f[-1] - f[-2]) / h
        else:
            ends = (-3 * f[0] + 4 * f[1] - f[2]) / (2 * h), (3 * f[-1] - 4 * f[-2] + f[-3]) / (2 * h)
        assert [Fraction(v) for v in made] == [ends[0], *inner, ends[1]], sample.name


@pytest.mark.parametrize("id", ["nansum", "nanmean"])
def test_sums_without_nan_by_python(id: str) -> None:
    for sample in small(BY_ID[id]):
        x = sample.arrays()[0]
        for row, made in zip(rows(x, sample.param("axis")), first(BY_ID[id], sample).reshape(-1), strict=False):
            kept = [v for v in row if v == v]
            total = sum(kept)
            want = total if id == "nansum" else total / len(kept) if kept else math.nan
            np.testing.assert_equal(float(made), want, sample.name)


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models([BY_ID["cumsum_forms"]]) > 40
