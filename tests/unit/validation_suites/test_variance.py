"""Variance, standard deviation and norms against their definitions in 60 digits."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Reason, Sample
from tests.unit.validation_suites.by_definition import close, moments, number, slices
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference import logits, variance, vector_norms

BY_ID = {f.id: f for f in (*variance.FUNCTIONS, *vector_norms.FUNCTIONS, *logits.FUNCTIONS)}
REDUCTIONS = ("reduce_l1", "reduce_l2", "reduce_sum_square", "reduce_log_sum", "vector_norm", "logsumexp")


def some(id: str, step: int = 1) -> list[Sample]:
    small = [s for s in BY_ID[id].samples() if 0 < s.inputs[0].array().size <= 400 and not ({"special", "masked"} & set(s.name.split("-")))]
    return small[::step]


def parts(sample: Sample) -> list[list[Any]]:
    """What is reduced, one list an output, in the order of the outputs."""
    x, axes = sample.arrays()[0].astype(float), sample.param("axes")
    gone = tuple(range(x.ndim)) if not axes else tuple(a % x.ndim for a in axes)
    return [[number(x[i]) for i in at] for _, at in sorted(slices(x.shape, gone).items())]


def compare(made: Any, values: list[Any], name: str) -> None:
    true = np.empty(made.shape, dtype=object)
    for i, v in zip(np.ndindex(*made.shape), values, strict=True):
        true[i] = v
    finite = np.array([bool(mpmath.isfinite(v)) for v in true.ravel()]).reshape(made.shape)
    assert (np.isfinite(made.value) == finite).all(), name
    if finite.all():
        close(made, true, name, decides=made.value.dtype.kind == "f")


def variance_of(values: list[Any], correction: float) -> Any:
    divisor = max(0, len(values) - number(correction))
    squares = moments(values)[1] * len(values)
    return squares / divisor if divisor else (mpmath.nan if squares == 0 else mpmath.inf)


@pytest.mark.parametrize("id", ["var", "std", "var_mean", "std_mean"])
def test_variance_by_its_definition(id: str) -> None:
    for sample in some(id, 3):
        made, groups = BY_ID[id].reference(sample), parts(sample)
        spread = [variance_of(v, sample.param("correction")) for v in groups]
        compare(made[0], [mpmath.sqrt(v) for v in spread] if id.startswith("std") else spread, sample.name)
        if id.endswith("mean"):
            compare(made[1], [moments(v)[0] for v in groups], sample.name)


def reduced(id: str, values: list[Any], order: float) -> Any:
    sizes = [abs(v) for v in values]
    if id == "vector_norm" and (order == 0 or math.isinf(order)):
        return number(sum(v != 0 for v in values)) if order == 0 else (max(sizes) if order > 0 else min(sizes))
    if id == "reduce_log_sum":
        return mpmath.log(mpmath.fsum(values))
    if id == "logsumexp":
        return mpmath.log(mpmath.fsum(mpmath.exp(v) for v in values))
    p = {"reduce_l1": 1.0, "reduce_l2": 2.0, "reduce_sum_square": 2.0}.get(id, order)
    total = mpmath.fsum(v ** number(p) for v in sizes)
    return total if id == "reduce_sum_square" else total ** (1 / number(p))


@pytest.mark.parametrize("id", REDUCTIONS)
def test_norms_and_sums_by_their_definition(id: str) -> None:
    for sample in some(id, 2):
        order = dict(sample.params).get("order", 0.0)
        compare(BY_ID[id].reference(sample)[0], [reduced(id, v, order) for v in parts(sample)], sample.name)


@pytest.mark.parametrize("id", ["normalize", "lp_normalization"])
def test_division_by_a_norm_by_its_definition(id: str) -> None:
    for sample in some(id, 2):
        x, order = sample.arrays()[0].astype(float), sample.param("order")
        true = np.empty(x.shape, dtype=object)
        for at in slices(x.shape, (sample.param("axis") % x.ndim,)).values():
            norm = reduced("vector_norm", [number(x[i]) for i in at], order)
            for i in at:
                true[i] = number(x[i]) / (max(norm, number(sample.param("eps"))) if id == "normalize" else norm)
        close(BY_ID[id].reference(sample)[0], true, sample.name)


def test_what_masks_infinities_and_nan_give_under_log_sum_exp() -> None:
    sample = next(s for s in BY_ID["logsumexp"].samples() if s.name == "float32-masked")
    value = BY_ID["logsumexp"].reference(sample)[0].value
    assert value[3] == -math.inf
    assert np.isnan(value[4:8]).all()
    assert value[8] == math.inf
    assert value[9] == np.finfo(np.float32).max
    nothing = next(s for s in BY_ID["logsumexp"].samples() if s.name == "float32-neutral")
    assert (BY_ID["logsumexp"].reference(nothing)[0].value == -math.inf).all()


def test_hardmax_is_one_at_the_first_of_the_largest() -> None:
    for sample in BY_ID["hardmax"].samples():
        if sample.inputs[0].array().size < 2000:
            both = (sample.arrays()[0].astype(float), BY_ID["hardmax"].reference(sample)[0].value)
            x, y = (np.moveaxis(a, sample.param("axis"), -1) for a in both)
            for i in np.ndindex(x.shape[:-1]):
                row = x[i].tolist()
                assert y[i].tolist() == [float(k == row.index(max(row))) for k in range(len(row))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_passes_far_from_zero_are_accepted(dtype: str) -> None:
    """Both passes in the data's own format; the textbook formula is a seeded fault."""
    function = BY_ID["var"]
    sample = next(s for s in function.samples() if s.name == f"{dtype}-offset")
    (x,) = sample.arrays()
    rest = x - x.mean(axis=1, keepdims=True, dtype=x.dtype)
    made = (rest * rest).sum(axis=1, dtype=x.dtype) / x.dtype.type(x.shape[1] - 1)
    assert function.criterion_for(sample).measure(made, function.reference(sample)[0]).reason is Reason.WITHIN_BAND


def test_every_sample_lowers_to_a_valid_model() -> None:
    bound = [BY_ID[i] for i in (*REDUCTIONS[:4], "logsumexp", "lp_normalization", "hardmax")]
    assert check_models(bound) > 300
