"""Fine-tuning and damaged checkpoints: expected results by a second route, in fractions, by differentiation of polynomials, or by hand."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training import tampering
from validation_suites.transfer import checkpoints, finetuning

BY_ID = {f.id: f for m in (checkpoints, finetuning, tampering) for f in m.FUNCTIONS}


def cases(id: str) -> list[Sample]:
    return list(BY_ID[id].samples())


def values(id: str, sample: Sample) -> list[Any]:
    return [e.value for e in BY_ID[id].reference(sample)]


@pytest.mark.parametrize("sample", cases("transfer_frozen_middle"), ids=lambda s: s.name)
def test_gradients_are_differences_of_a_piecewise_linear_loss(sample: Sample) -> None:
    """<g, C relu(B relu(A x))> is linear in each weight within a step that keeps every sign: exact in fractions, one weight at a time."""
    x, a, b, c, g = (np.vectorize(Fraction, otypes=[object])(v.astype(np.float64)) for v in sample.arrays())
    first, head, none = values("transfer_frozen_middle", sample)

    def loss(a: Any, c: Any) -> Any:
        h = np.maximum(x @ a.T, 0)
        return (g * (np.maximum(h @ b.T, 0) @ c.T)).sum()

    step = Fraction(1, 10**6)
    for which, weight, made in ((0, a, first), (1, c, head)):
        for at in itertools.product(*map(range, weight.shape)):
            up = weight.copy()
            up[at] += step
            true = (loss(*((up, c) if which == 0 else (a, up))) - loss(a, c)) / step
            if not (x @ a.T == 0).any() and not ((np.maximum(x @ a.T, 0) @ b.T) == 0).any():
                assert Fraction(float(made[at])) == true
    assert (values("transfer_head_gradients", sample)[0] == head).all()
    assert none.all()


@pytest.mark.parametrize("sample", cases("transfer_thawed_state"), ids=lambda s: s.name)
def test_steps_with_momentum_on_a_constant_gradient_have_a_closed_form(sample: Sample) -> None:
    """Velocity after i steps is g (1 - m^i) / (1 - m): n steps move by rate g (n - m (1 - m^n) / (1 - m)) / (1 - m)."""
    w, g, v, h = (a.astype(np.float64) for a in sample.arrays())
    body, head, steps = values("transfer_thawed_state", sample)
    m, rate = Fraction(1, 2), Fraction(1, 4)
    for start, gradient, made, n in ((w, g, body, int(steps[0])), (v, h, head, int(steps[1]))):
        distance = float(rate * (n - m * (1 - m**n) / (1 - m)) / (1 - m))
        assert (made == start - distance * gradient).all()
    assert steps.tolist() == [sample.param("after"), sample.param("before") + sample.param("after")]


def test_norms_are_pythagorean() -> None:
    found = {float(values("transfer_clipping", s)[0]) for s in cases("transfer_clipping")}
    assert found == {float(n) for _, _, _, near, far in finetuning.TRIPLES for n in (near, far)}


def test_recomputed_statistics_weigh_the_batch_twice() -> None:
    for sample in cases("transfer_recomputed_statistics"):
        x, old = (a.astype(np.float64) for a in sample.arrays())
        count = 2 if sample.param("again") else 1
        mean, counted, answers = values("transfer_recomputed_statistics", sample)
        assert mean == pytest.approx(0.9**count * old + (1 - 0.9**count) * x.mean(axis=0), rel=1e-6, abs=1e-6)
        assert int(counted) == count
        assert answers.all()


def test_casts_to_single_and_half_are_those_of_the_struct_module() -> None:
    for sample in cases("transfer_casting"):
        code = {"float32": "f", "float16": "e"}.get(sample.dtype)
        for x, y in zip(sample.arrays()[0].ravel().tolist(), values("transfer_casting", sample)[0].ravel().tolist(), strict=True):
            try:
                true = struct.unpack(code, struct.pack(code, x))[0] if code else y
            except OverflowError:
                true = float("inf") if x > 0 else -float("inf")
            assert true == y or (true != true and y != y)


def test_loading_leaves_what_does_not_fit() -> None:
    for sample in cases("transfer_shape_mismatch"):
        a, b, c, answers = values("transfer_shape_mismatch", sample)
        assert (a == sample.arrays()[3]).all()
        assert (b == sample.arrays()[1]).all()
        assert (c == sample.arrays()[5]).all()
        assert answers.all()
    for sample in cases("transfer_assignment"):
        assigned, copied, _ = values("transfer_assignment", sample)
        assert (assigned - copied == 8).all()
    for sample in cases("transfer_state_by_position"):
        made = values("transfer_state_by_position", sample)[:2]
        order = (1, 0) if sample.param("swapped") else (0, 1)
        assert all((m == sample.arrays()[i]).all() for m, i in zip(made, order, strict=True))


def test_what_is_not_stored_and_what_may_be_missing() -> None:
    for sample in cases("transfer_not_stored"):
        weight, buffer, answers = values("transfer_not_stored", sample)
        assert (weight == sample.arrays()[0]).all()
        assert (buffer == sample.arrays()[2]).all()
        assert answers.tolist() == [False, False, not sample.param("frozen"), False]
    table = {s.name: [int(values("transfer_missing_counter", s)[0][0]), bool(values("transfer_missing_counter", s)[1][0])]
             for s in cases("transfer_missing_counter")}  # fmt: skip
    assert table == {
        "with-counter-versioned-7": [7, False], "with-counter-plain-7": [7, False], "without-counter-plain-0": [0, False],
        "without-counter-versioned-0": [0, True], "with-counter-versioned-1099511627776": [2**40, False],
    }  # fmt: skip


def test_a_turned_bit_moves_one_element_by_a_power_of_two() -> None:
    for sample in cases("checkpoint_bit_flipped"):
        made, beside, _ = values("checkpoint_bit_flipped", sample)
        before, place, bit = sample.arrays()[0], sample.param("place"), sample.param("bit")
        assert np.flatnonzero(made != before).tolist() == [place]
        assert (beside == sample.arrays()[1]).all()
        if sample.dtype == "int64":
            assert abs(int(made[place]) - int(before[place])) == 1 << bit
        else:
            digits = {"float32": 23, "float64": 52}[sample.dtype]
            unit = 2.0 ** (np.frexp(before[place].astype(np.float64))[1] - 1 - digits + bit)
            assert abs(float(made[place]) - float(before[place])) == unit
    assert all(a.all() for s in cases("checkpoint_truncated") for a in values("checkpoint_truncated", s)[2:])
    assert {tuple(values("checkpoint_with_code", s)[2].tolist()) for s in cases("checkpoint_with_code")} == {(True, False)}
