"""References of rearranging against the formula of each index, and each against its inverse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.rearranging import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
Place = tuple[int, int, int]
SOURCES: dict[str, Callable[[Place, int, tuple[int, ...]], Place]] = {
    "pixel_shuffle": lambda at, r, s: (at[0] * r * r + at[1] % r * r + at[2] % r, at[1] // r, at[2] // r),
    "depth_to_space": lambda at, r, s: ((at[1] % r * r + at[2] % r) * (s[1] // r**2) + at[0], at[1] // r, at[2] // r),
    "pixel_unshuffle": lambda at, r, s: (at[0] // r**2, at[1] * r + at[0] % r**2 // r, at[2] * r + at[0] % r),
    "space_to_depth": lambda at, r, s: (at[0] % s[1], at[1] * r + at[0] // s[1] // r, at[2] * r + at[0] // s[1] % r),
    "channel_shuffle": lambda at, g, s: (at[0] % g * (s[1] // g) + at[0] // g, at[1], at[2]),
}
"""Where an output comes from: (channel, row, column), block or groups, shape of the input."""


def small(id: str) -> list[Sample]:
    return [s for s in BY_ID[id].samples() if s.dtype == "float32" and np.prod(s.inputs[0].shape) < 5000]


@pytest.mark.parametrize("id", BY_ID)
def test_every_output_is_the_element_that_the_formula_names(id: str) -> None:
    for sample in small(id):
        x, block = sample.arrays()[0], int(sample.param("block"))
        (made,) = BY_ID[id].reference(sample)
        for n, c, h, w in np.ndindex(made.shape):
            assert made.value[n, c, h, w] == x[(n, *SOURCES[id]((c, h, w), block, x.shape))], sample.name


@pytest.mark.parametrize("id", BY_ID)
def test_nothing_is_lost_or_repeated(id: str) -> None:
    for sample in small(id):
        (made,) = BY_ID[id].reference(sample)
        assert np.array_equal(np.sort(made.value, axis=None), np.sort(sample.arrays()[0], axis=None))


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(BY_ID[id] for id in ("pixel_shuffle", "depth_to_space", "space_to_depth")) > 30
