"""References of normalisations against the definition as plain loops in 60 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Reason, Sample
from tests.unit.validation_suites.by_definition import close, moments, number, slices
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference import group_normalisation, normalisation
from validation_suites.training import normalisation as training

INFERENCE = (*normalisation.FUNCTIONS, *group_normalisation.FUNCTIONS)
BY_ID = {f.id: f for f in (*INFERENCE, *training.FUNCTIONS)}
Index = tuple[int, ...]


def some(id: str, step: int = 3, most: int = 300) -> list[Sample]:
    small = [s for s in BY_ID[id].samples() if 0 < s.inputs[0].array().size <= most and "special" not in s.name]
    return small[::step]


def affine(sample: Sample, leading: int, place: Callable[[Index], Index]) -> Callable[[Index, Any], Any]:
    """z -> z w + b with the sample's weights and biases behind `leading` inputs."""
    given = [a.astype(float) for a in sample.arrays()[leading:]]

    def apply(i: Index, z: Any) -> Any:
        w, b = (number(given[k][place(i)]) if len(given) > k else mpmath.mpf(1 - k) for k in (0, 1))
        return z * w + b

    return apply


def standard(sample: Sample, groups: list[list[Index]], eps: float, apply: Callable[[Index, Any], Any]) -> Any:
    x = sample.arrays()[0].astype(float)
    true = np.empty(x.shape, dtype=object)
    for at in groups:
        mean, variance = moments([number(x[i]) for i in at])
        for i in at:
            true[i] = apply(i, (number(x[i]) - mean) / mpmath.sqrt(variance + number(eps)))
    return true


def check(sample: Sample, id: str, groups: list[list[Index]], leading: int, place: Callable[[Index], Index]) -> None:
    true = standard(sample, groups, sample.param("eps"), affine(sample, leading, place))
    close(BY_ID[id].reference(sample)[0], true, sample.name)


@pytest.mark.parametrize("sample", some("layer_norm"), ids=lambda s: s.name)
def test_layer_norm(sample: Sample) -> None:
    shape = sample.inputs[0].shape
    axis = sample.param("axis") % len(shape)
    check(sample, "layer_norm", list(slices(shape, tuple(range(axis, len(shape)))).values()), 1, lambda i: i[axis:])


@pytest.mark.parametrize("sample", some("group_norm", 4), ids=lambda s: s.name)
def test_group_norm(sample: Sample) -> None:
    shape, size = sample.inputs[0].shape, sample.inputs[0].shape[1] // sample.param("groups")
    groups: dict[Index, list[Index]] = {}
    for i in np.ndindex(shape):
        groups.setdefault((i[0], i[1] // size), []).append(i)
    check(sample, "group_norm", list(groups.values()), 1, lambda i: (i[1],))


@pytest.mark.parametrize("sample", some("instance_norm", 4), ids=lambda s: s.name)
def test_instance_norm(sample: Sample) -> None:
    shape = sample.inputs[0].shape
    check(sample, "instance_norm", list(slices(shape, tuple(range(2, len(shape)))).values()), 1, lambda i: (i[1],))


@pytest.mark.parametrize("sample", some("mean_variance_normalization", 4), ids=lambda s: s.name)
def test_mean_variance_normalization(sample: Sample) -> None:
    check(sample, "mean_variance_normalization", list(slices(sample.inputs[0].shape, sample.param("axes")).values()), 1, lambda i: i)


@pytest.mark.parametrize("sample", some("batch_norm"), ids=lambda s: s.name)
def test_batch_norm(sample: Sample) -> None:
    x, mean, variance = (a.astype(float) for a in sample.arrays()[:3])
    apply, true = affine(sample, 3, lambda i: (i[1],)), np.empty(x.shape, dtype=object)
    for i in np.ndindex(x.shape):
        sd = mpmath.sqrt(number(variance[i[1]]) + number(sample.param("eps")))
        true[i] = apply(i, (number(x[i]) - number(mean[i[1]])) / sd)
    close(BY_ID["batch_norm"].reference(sample)[0], true, sample.name)


@pytest.mark.parametrize("sample", some("batch_norm_training"), ids=lambda s: s.name)
def test_batch_norm_in_training(sample: Sample) -> None:
    shape = sample.inputs[0].shape
    groups = slices(shape, (0, *range(2, len(shape))))
    check(sample, "batch_norm_training", list(groups.values()), 3, lambda i: (i[1],))
    x, old_mean, old_variance = (a.astype(float) for a in sample.arrays()[:3])
    momentum, before = sample.param("momentum"), sample.param("before")
    share = mpmath.mpf(1) / (before + 1) if momentum is None else number(momentum)
    for (c,), at in groups.items():
        mean, variance = moments([number(x[i]) for i in at])
        unbiased = variance * len(at) / (len(at) - 1)
        wanted = ((1 - share) * number(old_mean[c]) + share * mean, (1 - share) * number(old_variance[c]) + share * unbiased)
        for made, true in zip(BY_ID["batch_norm_training"].reference(sample)[1:], wanted, strict=True):
            low = 0.0 if made.low is None else made.low[c]
            assert abs(number(made.value[c]) + number(low) - true) <= number(np.broadcast_to(made.radius, made.shape)[c]), sample.name


RMS = [(id, s) for id in ("rms_norm", "rms_norm_16_bit", "rms_norm_eps_of_data") for s in some(id, 4)]


@pytest.mark.parametrize(("id", "sample"), RMS, ids=lambda v: v if isinstance(v, str) else v.name)
def test_rms_norm(id: str, sample: Sample) -> None:
    x, eps = sample.arrays()[0].astype(float), sample.param("eps")
    if eps is None:
        own = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
        eps = own[sample.dtype if id != "rms_norm_16_bit" else "float32"]
    axis = sample.param("axis") % x.ndim
    apply, true = affine(sample, 1, lambda i: i[axis:]), np.empty(x.shape, dtype=object)
    for at in slices(x.shape, tuple(range(axis, x.ndim))).values():
        square = mpmath.fsum(number(x[i]) ** 2 for i in at) / len(at)
        for i in at:
            true[i] = apply(i, number(x[i]) / mpmath.sqrt(square + number(eps)) if square + eps else mpmath.nan)
    close(BY_ID[id].reference(sample)[0], true, sample.name)


@pytest.mark.parametrize("sample", some("local_response_norm"), ids=lambda s: s.name)
def test_local_response_norm(sample: Sample) -> None:
    x, true = sample.arrays()[0].astype(float), np.empty(sample.inputs[0].shape, dtype=object)
    size, alpha, beta, k = (number(sample.param(n)) for n in ("size", "alpha", "beta", "k"))
    reach = (int(size) - 1) // 2
    for i in np.ndindex(x.shape):
        near = range(max(0, i[1] - reach), min(x.shape[1], i[1] + reach + 1))
        total = mpmath.fsum(number(x[(i[0], c, *i[2:])]) ** 2 for c in near)
        true[i] = number(x[i]) / (k + alpha / size * total) ** beta
    close(BY_ID["local_response_norm"].reference(sample)[0], true, sample.name)


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
        x, mean, variance, *rest = sample.arrays()
        shape = (1, -1, *[1] * (x.ndim - 2))

        def rounded(v: Any) -> Any:
            return round_to(dtype, np.asarray(v, dtype=np.float64)).astype(np.float64)

        m, v = (a.astype(np.float64).reshape(shape) for a in (mean, variance))
        y = rounded(rounded(x.astype(np.float64) - m) * rounded(1 / np.sqrt(v + sample.param("eps"))))
        for operation, a in zip((np.multiply, np.add), rest, strict=False):
            y = rounded(operation(y, a.astype(np.float64).reshape(shape)))
        (expected,) = function.reference(sample)
        assert function.criterion_for(sample).measure(y.astype(x.dtype), expected).reason is Reason.WITHIN_BAND, sample.name


def test_a_row_with_a_nan_or_an_infinity_is_nan_throughout_and_no_other_is() -> None:
    sample = next(s for s in BY_ID["layer_norm"].samples() if s.name == "float16-special")
    value = BY_ID["layer_norm"].reference(sample)[0].value
    assert np.isfinite(value[0]).all()
    assert np.isnan(value[1:]).all()


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(INFERENCE) > 300
