"""Shared by the tests of losses: a reference against plain loops in 50 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from csvkit_ml.model.function import Sample
from validation_suites.training.losses_pointwise import Loss

DIGITS = 60
LARGEST = 300
"""Elements of the first operand in samples that are compared."""


def numbers(array: Any) -> Any:
    """A floating-point array as exact multiprecision numbers; integers as they are."""
    return array if array.dtype.kind == "i" else np.vectorize(mpmath.mpf, otypes=[object])(array.astype(np.float64)) if array.size else array


def samples(loss: Loss) -> list[Sample]:
    """Small ones without NaN and not empty."""
    return [s for s in loss.samples() if 0 < s.inputs[0].array().size <= LARGEST and "-nan-" not in s.name]


def agrees(loss: Loss, each: Callable[..., Any], total: Callable[..., Any] | None = None) -> None:
    """Every reference lies within its radius of what loops give.

    Args:
        each: (sample, *operands) -> losses, as an array or list of numbers.
        total: divisor of the mean where it is not their number.
    """
    compared = 0
    for sample in samples(loss):
        with mpmath.workdps(DIGITS):
            operands = [numbers(a) for a in sample.arrays()]
            true = np.asarray(each(sample, *operands), dtype=object)
            reduction = sample.param("reduction")
            if reduction != "none":
                divisor = {"sum": 1, "batchmean": len(true), "mean": true.size if total is None else total(sample, *operands)}[reduction]
                true = np.asarray(mpmath.fsum(true.ravel()) / divisor, dtype=object)
            compared += compare(loss, sample, true)
    assert compared


def compare(loss: Loss, sample: Sample, true: Any) -> int:
    """Number of values compared."""
    (made,) = loss.reference(sample)
    assert made.shape == true.shape
    low = np.zeros(made.shape) if made.low is None else made.low
    radius = np.broadcast_to(made.radius, made.shape)
    for i in np.ndindex(*made.shape):
        if mpmath.isinf(true[i]):
            assert made.value[i] == float(true[i])
            continue
        own = mpmath.mpf(float(made.value[i])) + mpmath.mpf(float(low[i]))
        assert abs(own - true[i]) <= radius[i] + mpmath.mpf(2) ** -100 * abs(true[i]), (loss.id, sample.name, i, float(own), float(true[i]))
    return int(true.size)
