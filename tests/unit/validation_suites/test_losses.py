"""The references of the losses against plain loops in 50 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from validation_suites.training.losses import FUNCTIONS, IGNORED

mpmath.mp.dps = 50
BY_ID = {f.id: f for f in FUNCTIONS}


def small(id: str) -> list[tuple[Function, Sample]]:
    f = BY_ID[id]
    return [(f, s) for s in f.samples() if s.inputs[0].array().size <= 400 and "nan" not in s.name]


def numbers(array: Any) -> Any:
    return np.vectorize(mpmath.mpf, otypes=[object])(array.astype(np.float64))


def close(function: Function, sample: Sample, true: Any) -> None:
    (made,) = function.reference(sample)
    low = np.zeros(made.shape) if made.low is None else made.low
    radius, scale = np.broadcast_to(made.radius, made.shape), np.broadcast_to(made.scale, made.shape)
    for i in np.ndindex(*made.shape):
        own = mpmath.mpf(float(made.value[i])) + mpmath.mpf(float(low[i]))
        t = true[i] if isinstance(true, np.ndarray) else true
        assert abs(own - t) <= radius[i], (sample.name, i)
        assert radius[i] <= 2.0**-53 * max(float(scale[i]), float(abs(t)), 1e-300)


def reduce(loss: Any, reduction: str, total: Any) -> Any:
    return loss if reduction == "none" else mpmath.fsum(loss.ravel()) / (total if reduction == "mean" else 1)


@pytest.mark.parametrize(("function", "sample"), small("mse_loss"), ids=lambda v: getattr(v, "name", ""))
def test_mse(function: Function, sample: Sample) -> None:
    x, t = map(numbers, sample.arrays())
    close(function, sample, reduce((x - t) ** 2, sample.param("reduction"), x.size))


@pytest.mark.parametrize(("function", "sample"), small("bce_with_logits"), ids=lambda v: getattr(v, "name", ""))
def test_bce_with_logits_by_its_definition(function: Function, sample: Sample) -> None:
    """-w [p t log s(x) + (1 - t) log(1 - s(x))], enough digits for s(-1000)."""
    x, t, w, p = (numbers(np.broadcast_to(a, sample.arrays()[0].shape)) for a in sample.arrays())
    with mpmath.workdps(1200):
        sigmoid = np.vectorize(lambda v: 1 / (1 + mpmath.exp(-v)), otypes=[object])(x)
        log = np.vectorize(mpmath.log, otypes=[object])
        loss = -((p if sample.param("positive") else 1) * t * log(sigmoid) + (1 - t) * log(1 - sigmoid))
    close(function, sample, reduce(loss * (w if sample.param("weighted") else 1), sample.param("reduction"), x.size))


@pytest.mark.parametrize(("function", "sample"), small("cross_entropy"), ids=lambda v: getattr(v, "name", ""))
def test_cross_entropy_by_its_definition(function: Function, sample: Sample) -> None:
    x, target, weight = sample.arrays()
    s, classes = mpmath.mpf(sample.param("label_smoothing")), x.shape[1]
    w = numbers(weight if sample.param("weighted") else np.ones(classes))
    loss = np.full(target.shape, mpmath.mpf(0), dtype=object)
    total = mpmath.mpf(0)
    for i in np.ndindex(*target.shape):
        if target[i] == IGNORED:
            continue
        logits = numbers(x[i[0], :, *i[1:]])
        log_sum = mpmath.log(mpmath.fsum(mpmath.exp(v) for v in logits))
        own = (1 - s) * w[target[i]] * (log_sum - logits[target[i]])
        loss[i] = own + s / classes * mpmath.fsum(c * (log_sum - v) for c, v in zip(w, logits, strict=True))
        total += w[target[i]]
    close(function, sample, reduce(loss, sample.param("reduction"), total))
