"""Transfer learning: expected results against plain arithmetic in fractions and multiprecision."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from validation_suites.transfer import freezing, loading

BY_ID = {f.id: f for f in (*freezing.FUNCTIONS, *loading.FUNCTIONS)}


def cases(id: str) -> list[tuple[Function, Sample]]:
    return [(BY_ID[id], s) for s in BY_ID[id].samples()]


def fractions(array: Any) -> Any:
    return np.vectorize(Fraction, otypes=[object])(array.astype(np.float64))


@pytest.mark.parametrize(("function", "sample"), cases("transfer_late_freeze"), ids=lambda v: getattr(v, "name", ""))
def test_a_late_freeze_by_two_steps_in_fractions(function: Function, sample: Sample) -> None:
    w, g = map(fractions, sample.arrays())
    rate, decay, momentum = (Fraction(sample.param(n)) for n in ("rate", "decay", "momentum"))
    buffer = None
    for gradient in (g, None if sample.param("cleared") == "none" else 0 * g):
        if gradient is not None:
            step = gradient + decay * w
            buffer = step if buffer is None or not momentum else momentum * buffer + step
            w = w - rate * (buffer if momentum else step)
    assert (fractions(function.reference(sample)[0].value) == w).all()


@pytest.mark.parametrize(("function", "sample"), cases("transfer_batch_norm_statistics"), ids=lambda v: getattr(v, "name", ""))
def test_running_statistics_in_fifty_digits(function: Function, sample: Sample) -> None:
    x, w, b, mean, variance = (np.vectorize(mpmath.mpf, otypes=[object])(a.astype(np.float64)) for a in sample.arrays())
    made = function.reference(sample)
    with mpmath.workdps(50):
        m, n = mpmath.mpf(sample.param("momentum")), len(x)
        for c in range(x.shape[1]):
            squares = mpmath.fsum(v * v for v in x[:, c]) - mpmath.fsum(x[:, c]) ** 2 / n
            new = (mpmath.fsum(x[:, c]) / n, squares / (n - 1))
            for place, old in enumerate((mean[c], variance[c])):
                true = old if sample.param("mode") == "evaluation" else old + m * (new[place] - old)
                own = mpmath.mpf(float(made[place].value[c])) + mpmath.mpf(float(made[place].low[c]))
                assert abs(own - true) <= np.broadcast_to(made[place].radius, made[place].shape)[c]
    assert (made[2].value == w).all()
    assert (made[3].value == b).all()


def test_frozen_parts_and_old_heads_are_expected_as_they_were() -> None:
    for function, sample in cases("transfer_frozen_unchanged"):
        weight, bias, answers = function.reference(sample)
        assert (weight.value == sample.inputs[1].array()).all()
        assert (bias.value == sample.inputs[2].array()).all()
        assert answers.value.all()
    for function, sample in cases("transfer_new_head"):
        old, answers = function.reference(sample)
        assert (old.value == sample.inputs[2].array()).all()
        assert answers.value.tolist() == [True, sample.param("added"), True]
    assert {s.param("optimiser") for _, s in cases("transfer_frozen_unchanged")} == set(freezing.OPTIMISERS)


def test_loading_of_two_small_sets() -> None:
    made = {s.name: (s, BY_ID["transfer_loading"].reference(s)) for _, s in cases("transfer_loading")}
    sample, (values, missing, unexpected, refused) = made["int64-both"]
    _, _, before, stored = sample.arrays()
    assert values.value.tolist() == [*before[:3], *stored[:2]]
    assert (missing.value.tolist(), unexpected.value.tolist(), refused.value.tolist()) == ([0, 1, 2], [5, 6], [True])
    sample, (values, missing, unexpected, refused) = made["int64-prefix"]
    assert values.value.tolist() == sample.arrays()[2].tolist()
    assert (missing.value.tolist(), unexpected.value.tolist()) == ([0, 1, 2], [103, 104, 105])
    assert not made["int64-equal"][1][3].value.any()


@pytest.mark.parametrize(("function", "sample"), cases("transfer_parameter_groups"), ids=lambda v: getattr(v, "name", ""))
def test_two_steps_of_every_group_in_fractions(function: Function, sample: Sample) -> None:
    arrays, rates = [fractions(a) for a in sample.arrays()], sample.param("rates")
    for i, made in enumerate(function.reference(sample)):
        w, rate = arrays[i], Fraction(rates[i])
        for _ in range(2):
            w = w - rate * arrays[len(rates) + i]
            rate *= Fraction(sample.param("factor"))
        assert (fractions(made.value) == w).all()
