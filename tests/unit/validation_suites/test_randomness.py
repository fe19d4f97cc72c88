"""The Mersenne Twister's known answers, fans and gains by hand, and that dropout's kept values are x / (1 - p)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from validation_suites.training import dropout, initialisers, randomness


def twister(seed: int, count: int) -> list[int]:
    """MT19937 written out (Matsumoto and Nishimura 1998)."""
    state = [seed]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ (state[-1] >> 30)) + i) & 0xFFFFFFFF)
    out: list[int] = []
    while len(out) < count:
        for i in range(624):
            y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7FFFFFFF)
            state[i] = state[(i + 397) % 624] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
        for y in state:
            y ^= y >> 11
            y ^= (y << 7) & 0x9D2C5680
            y ^= (y << 15) & 0xEFC60000
            out.append(y ^ (y >> 18))
    return out[:count]


@pytest.mark.parametrize("seed", randomness.SEEDS)
def test_the_stream_is_the_published_generator(seed: int) -> None:
    assert randomness.words(seed, 1500).tolist() == twister(seed, 1500)


def test_the_ten_thousandth_value_of_the_standard_seed() -> None:
    """ISO C++, [rand.predef]: 4123659995 for seed 5489."""
    assert randomness.words(5489, 10_000)[-1] == 4123659995


def test_fans_of_linear_and_convolution_weights() -> None:
    assert initialisers.fans((200, 150)) == (150, 200)
    assert initialisers.fans((64, 24, 5, 5)) == (600, 1600)


@pytest.mark.parametrize(
    ("part", "variance"),
    [
        ("200x150-fan_in-relu", Fraction(2, 150)),
        ("64x24x5x5-fan_out-relu", Fraction(2, 1600)),
        ("fan_in-tanh", None),
        ("leaky_relu-a0.3", None),
    ],
)
def test_kaiming_variance(part: str, variance: Fraction | None) -> None:
    function = next(f for f in initialisers.FUNCTIONS if f.id == "kaiming_normal")
    chosen = [s for s in function.samples() if part in s.name]
    assert chosen
    for sample in chosen:
        shape, mode = sample.param("shape"), sample.param("mode")
        fan = Fraction(int(np.prod(shape[1:])) if mode == "fan_in" else shape[0] * int(np.prod(shape[2:])))
        gain2 = {"tanh": Fraction(25, 9), "leaky_relu": 2 / (1 + Fraction(3, 10) ** 2)}.get(sample.param("nonlinearity"))
        true = variance if variance is not None else (gain2 or Fraction(0)) / fan
        assert initialisers.kaiming_deviation(sample) ** 2 == pytest.approx(float(true), rel=1e-14)


def test_what_dropout_keeps() -> None:
    function = next(f for f in dropout.FUNCTIONS if f.id == "dropout")
    for sample in function.samples():
        p = Fraction(float(sample.param("p")))
        (made,) = function.reference(sample)
        x, kept = sample.arrays()[0].ravel(), made.extra["kept"].ravel()
        for i in range(0, x.size, 4999):
            true = Fraction(float(x[i])) / (1 - p) if p != 1 else Fraction(float(x[i]))
            assert abs(Fraction(float(kept[i])) - true) <= Fraction(1, 2**52) * abs(true)
