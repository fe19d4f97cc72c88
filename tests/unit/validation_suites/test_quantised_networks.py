"""Converted layers by a second route: fractions, element by element; no result is a tie; the LSTM cell in multiprecision."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training import quantised_networks
from validation_suites.training.quantised_networks import EPS, STEP, WEIGHT

NETWORKS = [s for finer in (quantised_networks.ONE_STEP, quantised_networks.BY_CHANNEL) for s in quantised_networks._networks(finer)]
DYNAMIC = [(levels, s) for levels in (127, 255) for s in quantised_networks._dynamic_cases(levels)]


def nearest(x: float, step: float) -> int:
    """The whole number next to x / step; a tie is an error of the sample."""
    q = Fraction(float(x)) / Fraction(step)
    assert (q - Fraction(1, 2)).denominator > 1
    return round(q)


def products(sample: Sample) -> dict[tuple[int, ...], Fraction]:
    """Real results before they are rounded to steps, by index."""
    x, w, b, mean, variance, gamma, beta = sample.arrays()
    steps = np.vectorize(lambda v: nearest(v, STEP))(x)
    whole = np.array([np.vectorize(lambda v, k=k: nearest(v, WEIGHT / 2**k))(row) for row, k in zip(w, sample.param("finer"), strict=True)])
    assert all(abs(row).max() == 127 for row in whole) or not any(sample.param("finer"))
    found = {}
    p, stride = sample.param("padding"), sample.param("stride")
    shape = (len(x), len(w)) if w.ndim == 2 else (len(x), len(w), *((n + 2 * p - 3) // stride + 1 for n in x.shape[2:]))
    for index in itertools.islice(np.ndindex(*shape), 0, None, 7):
        n, o, *place = index
        if w.ndim == 2:
            total = sum(int(a) * int(c) for a, c in zip(steps[n], whole[o], strict=True))
        else:
            total = 0
            for c, i, j in np.ndindex(*w.shape[1:]):
                row, column = place[0] * stride + i - p, place[1] * stride + j - p
                if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                    total += int(steps[n, c, row, column]) * int(whole[o, c, i, j])
        real = total * Fraction(STEP * WEIGHT) / 2 ** sample.param("finer")[o] + Fraction(float(b[o]))
        if "bn" in sample.param("kind"):
            assert Fraction(float(variance[o])) + Fraction(EPS) == 1
            real = (real - Fraction(float(mean[o]))) * Fraction(float(gamma[o])) + Fraction(float(beta[o]))
        found[index] = real
    return found


@pytest.mark.parametrize("sample", NETWORKS, ids=lambda s: s.name)
def test_results_in_fractions(sample: Sample) -> None:
    y, _ = quantised_networks.network(sample)
    step, zero = sample.param("out")
    for index, real in products(sample).items():
        quotient = real / Fraction(step)
        assert (quotient * 2).denominator > 1
        made = min(max(round(quotient) + zero, 0), 255)
        real_again = (max(made, zero) if sample.param("kind").endswith("relu") else made) - zero
        assert y[index] == real_again * step


def test_some_outputs_are_saturated_and_some_are_not() -> None:
    ends = [np.concatenate([quantised_networks.network(s)[0].ravel() / s.param("out")[0] + s.param("out")[1] for s in NETWORKS])]
    assert 0.02 < (np.isin(ends, (0, 255))).mean() < 0.9


@pytest.mark.parametrize(("levels", "sample"), DYNAMIC, ids=lambda v: getattr(v, "name", v))
def test_dynamic_layers_in_fractions(levels: int, sample: Sample) -> None:
    x, w, b = sample.arrays()
    assert float(x.max() - x.min()) / levels == STEP
    assert float(x.max()) / STEP % 1 == 0
    y, whole = quantised_networks.dynamic(sample)
    for n, o in np.ndindex(*y.shape):
        steps = [nearest(float(v), STEP) for v in x[n]]
        assert y[n, o] == sum(Fraction(s * int(q)) for s, q in zip(steps, whole[o], strict=True)) * Fraction(STEP * WEIGHT) + Fraction(float(b[o]))
        assert float(np.float32(y[n, o])) == y[n, o]


@pytest.mark.parametrize("sample", list(quantised_networks._lstm_samples()), ids=lambda s: s.name)
def test_an_lstm_step_in_multiprecision(sample: Sample) -> None:
    made = [e.value for e in quantised_networks.lstm(sample)]
    x, h, c, w, v, b, d = (a.astype(np.float64) for a in sample.arrays())
    for n, j in itertools.islice(np.ndindex(*c.shape), 12):
        sums = []
        for k in range(4):
            o = k * c.shape[1] + j
            parts = [(x[n], w[o]), (h[n], v[o])]
            total = sum(nearest(float(a), 2.0**-6) * min(nearest(float(q), WEIGHT / 1.0) if abs(q / WEIGHT) != 127.5 else 127, 127) for p, r in parts
                        for a, q in zip(p, r, strict=True))  # fmt: skip
            sums.append(mpmath.mpf(total) * 2**-12 + b[o] + d[o])
        i, f, g, o_gate = (1 / (1 + mpmath.exp(-s)) if k != 2 else mpmath.tanh(s) for k, s in enumerate(sums))
        new = f * c[n, j] + i * g
        assert made[1][n, j] == pytest.approx(float(new), rel=1e-13, abs=1e-15)
        assert made[0][n, j] == pytest.approx(float(o_gate * mpmath.tanh(new)), rel=1e-13, abs=1e-15)
