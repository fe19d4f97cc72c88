"""The exact results against reverse accumulation by hand in integers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from validation_suites.training.autograd import PROMISES, Promise

STEP = Fraction(1, 10**9)


def numbers(a: Any) -> Any:
    return np.vectorize(Fraction, otypes=[object])(a)


def slope(of: Callable[[Any], Any], x: Any) -> Any:
    """Gradient of a polynomial of degree 2 at most: the central difference of rationals is its derivative."""
    out = np.empty(x.shape, dtype=object)
    for i in np.ndindex(*x.shape):
        ends = []
        for way in (1, -1):
            moved = x.copy()
            moved[i] += way * STEP
            ends.append(of(moved))
        out[i] = (ends[0] - ends[1]) / (2 * STEP)
    return out


def updated(x: Any) -> Any:
    return np.stack([x[i] * (3 if 0 < i < len(x) - 1 else 1) for i in range(len(x))])


BY_DIFFERENCE: dict[str, Callable[..., Any]] = {
    "autograd_accumulation": lambda x, g: 3 * slope(lambda v: (v * v * g).sum(), x),
    "autograd_detach": lambda x, g: slope(lambda v: (v * x * g).sum(), x),
    "autograd_hooks": lambda x, g: slope(lambda v: (v * v * g).sum(), x) * 3 + 1,
    "autograd_retain_graph": lambda x, g: 2 * slope(lambda v: (v * v * g).sum(), x),
    "autograd_custom_function": lambda x, g: slope(lambda v: (7 * v * g).sum(), x),
    "autograd_views": lambda x, g: slope(lambda v: (updated(v) * g).sum(), x),
    "autograd_expanded": lambda x, g: slope(lambda v: sum((v * v * row).sum() for row in g), x),
    "autograd_second_order": lambda x, g: slope(lambda v: (3 * v * v * g).sum(), x),
    "autograd_forward_mode": lambda a, x, t: np.array([(slope(lambda v, r=row: r @ v + (v * v).sum(), x) * t).sum() for row in a]),
    "autograd_per_sample": lambda a, x: np.stack([slope(lambda v, r=row: (r @ v) ** 2, x) for row in a]),
}


@pytest.mark.parametrize("promise", [p for p in PROMISES if p.id in BY_DIFFERENCE], ids=lambda p: p.id)
def test_the_first_output_is_the_exact_difference_quotient(promise: Promise) -> None:
    for sample in (s for s in promise.samples() if s.dtype == "float64"):
        made = promise.reference(sample)[0].value
        true = BY_DIFFERENCE[promise.id](*(numbers(a) for a in sample.arrays()))
        assert (numbers(made) == true).all()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.id)
def test_every_result_is_a_whole_number_that_bfloat16_holds(promise: Promise) -> None:
    for sample in promise.samples():
        for made in promise.reference(sample):
            value = made.value.astype(np.float64)
            assert (value == np.rint(value)).all()
            assert np.abs(value).max() <= 256
