"""Training: the reference curve against forward-mode derivatives in 50 digits; runs repeated and resumed in numpy differ in no bit."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites import training_faults as tf
from validation_suites.training import seeded, training_determinism

REPEATED, RESUMED, CURVE = training_determinism.FUNCTIONS
LOADER, MASKS, WEIGHTS = seeded.FUNCTIONS
SMALL = [s for s in CURVE.samples() if s.param("steps") <= 3 and s.inputs[0].shape[0] <= 16]


def loss(theta: list[Any], x: Any, target: Any) -> tuple[Any, Any]:
    w, b, v, d = theta
    hidden = np.vectorize(lambda z: 1 / (1 + mpmath.exp(-z)), otypes=[object])(x @ w.T + b)
    out = hidden @ v.T + d
    return ((out - target) ** 2).sum() / out.size, out


@pytest.mark.parametrize("sample", SMALL, ids=lambda s: s.name)
def test_the_curve_by_difference_quotients_in_ninety_digits(sample: Sample) -> None:
    """The second route knows no derivative: quotients with h = 1e-40 at 90 digits."""
    assert SMALL
    with mpmath.workdps(90):
        x, target, *theta, probe = (np.vectorize(mpmath.mpf, otypes=[object])(a.astype(np.float64)) for a in sample.arrays())
        h, rate, curve = mpmath.mpf(10) ** -40, mpmath.mpf(sample.param("rate")), []
        for _ in range(sample.param("steps")):
            here, _out = loss(theta, x, target)
            curve.append(here)
            moved = []
            for k, part in enumerate(theta):
                step = np.empty_like(part)
                for at in np.ndindex(part.shape):
                    other = part.copy()
                    other[at] += h
                    step[at] = (loss([other if i == k else q for i, q in enumerate(theta)], x, target)[0] - here) / h
                moved.append(part - rate * step)
            theta = moved
        y = loss(theta, probe, 0)[1]
        for expected, found in zip(CURVE.reference(sample), (np.array(curve), y), strict=True):
            low = 0 if expected.low is None else expected.low
            far = np.vectorize(lambda a, b, c: float(abs(mpmath.mpf(a) + mpmath.mpf(b) - c)))(expected.value, low, found)
            assert (far <= 1e-17 * np.abs(expected.value.astype(np.float64)) + 1e-17).all()
            assert (np.asarray(expected.scale) > 0).all()


@pytest.mark.parametrize("function", [REPEATED, RESUMED], ids=lambda f: f.id)
def test_a_run_repeated_differs_in_no_bit(function: Any) -> None:
    for sample in function.samples():
        once, again = tf.trained(sample), tf.trained(sample)
        start = int(dict(sample.params).get("stop", 0))
        found = [tf.bits(a, b) for a, b in zip(once, again, strict=True)]
        found[0] = found[0][start:]
        expected = function.reference(sample)
        assert [e.value.tolist() for e in expected[:3]] == [f.tolist() for f in found]
        assert len(np.unique(once[0])) == len(once[0])
        assert expected[3].value.all()


def test_our_network_learns() -> None:
    sample = next(iter(REPEATED.samples()))
    longer = tuple(sorted({**dict(sample.params), "steps": 40, "p": 0.0, "batch": 24}.items()))
    curve = tf.trained(Sample(name="longer", dtype=sample.dtype, inputs=sample.inputs, params=longer))[0]
    assert (np.diff(curve[:5]) < 0).all()


def test_bits_see_the_sign_of_zero_and_nan() -> None:
    a, b = np.array([0.0, np.nan, 1.0], np.float32), np.array([-0.0, 0.0, 1.0], np.float32)
    assert (tf.bits(a, b) != 0).tolist() == [True, True, False]


@pytest.mark.parametrize(("kind", "count"), [("linear", 42), ("conv2d", 112), ("embedding", 44), ("lstm", 312), ("network", 58)])
def test_numbers_of_a_layer(kind: str, count: int) -> None:
    assert seeded.weights_of(kind, seeded.WEIGHTS[kind]) == count
    assert {s.param("kind") for s in WEIGHTS.samples()} == set(seeded.WEIGHTS)
    assert {int(e[0].value.size) for s in WEIGHTS.samples() if s.param("kind") == kind for e in [WEIGHTS.reference(s)]} == {count}


def test_a_loader_reads_every_item_once() -> None:
    for sample in LOADER.samples():
        made = LOADER.reference(sample)
        assert sorted(seeded.order(sample).tolist()) == made[1].value.tolist()
        assert not made[0].value.any() and not made[2].value.any()


def test_operands_of_masks_have_no_zeros() -> None:
    for sample in MASKS.samples():
        assert all((a.astype(np.float64) >= 1).all() for a in sample.arrays())
        assert not MASKS.reference(sample)[0].value.any()
