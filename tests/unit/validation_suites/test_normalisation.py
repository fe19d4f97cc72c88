"""References of normalisations against the definition as plain loops in 60 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Function, Reason, Sample
from csvkit_ml.references.rounding import ROUNDINGS
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.normalisation import FUNCTIONS

mpmath.mp.dps = 60
BY_ID = {f.id: f for f in FUNCTIONS}


def some(id: str, most: int = 300) -> list[Sample]:
    return [s for s in BY_ID[id].samples() if 0 < s.inputs[0].array().size <= most and "special" not in s.name]


def number(v: Any) -> Any:
    return mpmath.mpf(float(v))


def close(function: Function, sample: Sample, true: Any) -> None:
    """Within the radius, and the radius far below what the criterion may decide."""
    (made,) = function.reference(sample)
    low = np.zeros(made.shape) if made.low is None else made.low
    radius, scale = np.broadcast_to(made.radius, made.shape), np.broadcast_to(made.scale, made.shape)
    for i in np.ndindex(*made.shape):
        assert abs(number(made.value[i]) + number(low[i]) - true[i]) <= radius[i] + 5e-324, (sample.name, i)
        assert radius[i] <= ROUNDINGS[sample.dtype].store / 8 * scale[i] + 5e-324, (sample.name, i)


def slices(x: Any, axes: tuple[int, ...]) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Indices of the values that share a mean."""
    found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for i in np.ndindex(x.shape):
        found.setdefault(tuple(v for a, v in enumerate(i) if a not in axes), []).append(i)
    return found


def standard(x: Any, at: list[tuple[int, ...]], eps: float) -> dict[tuple[int, ...], Any]:
    values = [number(x[i]) for i in at]
    mean = mpmath.fsum(values) / len(values)
    variance = mpmath.fsum((v - mean) ** 2 for v in values) / len(values)
    return {i: (v - mean) / mpmath.sqrt(variance + number(eps)) for i, v in zip(at, values, strict=True)}


@pytest.mark.parametrize("sample", some("layer_norm")[::3], ids=lambda s: s.name)
def test_layer_norm_by_its_definition(sample: Sample) -> None:
    x, *affine = (a.astype(float) for a in sample.arrays())
    axis = sample.param("axis") % x.ndim
    true = np.empty(x.shape, dtype=object)
    for at in slices(x, tuple(range(axis, x.ndim))).values():
        for i, z in standard(x, at, sample.param("eps")).items():
            w, b = (number(affine[k][i[axis:]]) if len(affine) > k else mpmath.mpf(1 - k) for k in (0, 1))
            true[i] = z * w + b
    close(BY_ID["layer_norm"], sample, true)


@pytest.mark.parametrize("sample", some("batch_norm")[::3], ids=lambda s: s.name)
def test_batch_norm_by_its_definition(sample: Sample) -> None:
    x, mean, variance, *affine = (a.astype(float) for a in sample.arrays())
    true = np.empty(x.shape, dtype=object)
    for i in np.ndindex(x.shape):
        c = i[1]
        w, b = (number(affine[k][c]) if len(affine) > k else mpmath.mpf(1 - k) for k in (0, 1))
        true[i] = (number(x[i]) - number(mean[c])) / mpmath.sqrt(number(variance[c]) + number(sample.param("eps"))) * w + b
    close(BY_ID["batch_norm"], sample, true)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_updating_algorithm_far_from_zero_is_accepted_and_the_textbook_formula_is_not(dtype: str) -> None:
    """Welford's running mean and sum of squares in the data's own format, step by step."""
    function = BY_ID["layer_norm"]
    sample = next(s for s in function.samples() if s.name == f"{dtype}-offset")
    x, w, b = sample.arrays()
    work = x.dtype.type
    mean, square = np.zeros(x.shape[0], x.dtype), np.zeros(x.shape[0], x.dtype)
    for k in range(x.shape[1]):
        step = x[:, k] - mean
        mean = mean + step / work(k + 1)
        square = square + step * (x[:, k] - mean)
    n, eps = work(x.shape[1]), work(sample.param("eps"))
    updated = (x - mean[:, None]) / np.sqrt(square / n + eps)[:, None] * w + b
    (expected,) = function.reference(sample)
    assert function.criterion_for(sample).measure(updated, expected).reason is Reason.WITHIN_BAND
    textbook = np.maximum((x * x).mean(axis=1, dtype=x.dtype) - x.mean(axis=1, dtype=x.dtype) ** 2, 0)
    wrong = (x - x.mean(axis=1, keepdims=True, dtype=x.dtype)) / np.sqrt(textbook + eps)[:, None] * w + b
    assert function.criterion_for(sample).measure(wrong, expected).reason in (Reason.BEYOND_BAND, Reason.BEYOND_HARD)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_batch_norm_step_by_step_is_accepted(dtype: str) -> None:
    """Every operation of the definition rounded to the data's format."""
    function = BY_ID["batch_norm"]
    for sample in function.samples():
        if sample.dtype != dtype or "special" in sample.name or len({t.dtype for t in sample.inputs}) > 1:
            continue
        x, mean, variance, *affine = sample.arrays()
        shape = (1, -1, *[1] * (x.ndim - 2))

        def rounded(v: Any) -> Any:
            return round_to(dtype, np.asarray(v, dtype=np.float64)).astype(np.float64)

        m, v = (a.astype(np.float64).reshape(shape) for a in (mean, variance))
        y = rounded(rounded(x.astype(np.float64) - m) * rounded(1 / np.sqrt(v + sample.param("eps"))))
        for operation, a in zip((np.multiply, np.add), affine, strict=False):
            y = rounded(operation(y, a.astype(np.float64).reshape(shape)))
        (expected,) = function.reference(sample)
        assert function.criterion_for(sample).measure(y.astype(x.dtype), expected).reason is Reason.WITHIN_BAND, sample.name


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 100
