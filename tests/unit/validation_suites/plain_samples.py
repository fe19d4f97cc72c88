"""Shared by the tests of functions that move values: samples small enough for plain loops, results as nested values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array, Tensor


def small(function: Function, limit: int = 400) -> Iterator[Sample]:
    """Samples with fewer elements than the limit; there must be some."""
    found = [s for s in function.samples() if sum(t.array().size for t in s.inputs) < limit]
    assert len(found) >= 3
    yield from found


def numbered(sample: Sample) -> Sample:
    """The sample with every element replaced by its number over all operands, so that a result says where it came from."""
    inputs, start = [], 0
    for t in sample.inputs:
        size = t.array().size
        inputs.append(Tensor.of(np.arange(start, start + size, dtype=np.int64).reshape(t.shape)))
        start += size
    return replace(sample, dtype="int64", inputs=tuple(inputs))


def first(function: Function, sample: Sample) -> Array:
    """The first true output."""
    return function.reference(sample)[0].value


def values(x: Array) -> Array:
    """Floats as float64, others as they are."""
    return x.astype(np.float64) if x.dtype.kind in "fV" else x
