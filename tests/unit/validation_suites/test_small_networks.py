"""Training of small networks by a second route: plain numpy on complex numbers, whose imaginary part is the derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.small_networks import SHAPES
from csvkit_ml.references.tape import values_of
from tests.unit.validation_suites.test_gradients import gradient, layer_norm, softmax
from validation_suites.sampling.digits import digits
from validation_suites.training import small_networks

BY_ID = {f.id: f for f in small_networks.FUNCTIONS}


def rectified(x: Any) -> Any:
    return np.where(x.real > 0, x, 0)


def convolved(x: Any, w: Any, b: Any) -> Any:
    """[N, C, H, W] by windows."""
    h, k = x.shape[2] - 2, w.shape[0]
    out = np.zeros((x.shape[0], k, h, h), dtype=np.result_type(x, w))
    for i, j in np.ndindex(h, h):
        out[:, :, i, j] = np.einsum("nckl,ockl->no", x[:, :, i : i + 3, j : j + 3], w) + b
    return out


def cnn(x: Any, w: Any) -> Any:
    h = rectified(convolved(rectified(convolved(x[:, None], w[0], w[1])), w[2], w[3]))
    tiles = np.stack([h[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], -1)
    best = np.take_along_axis(tiles, tiles.real.argmax(-1)[..., None], -1)[..., 0]
    return best.reshape(len(x), -1) @ w[4].T + w[5]


def lstm(x: Any, w: Any) -> Any:
    h = c = np.zeros((len(x), 6))
    for t in range(8):
        i, f, g, o = np.split(x[:, t] @ w[0].T + w[2] + h @ w[1].T + w[3], 4, axis=1)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    return h @ w[4].T + w[5]


def transformer(x: Any, w: Any) -> Any:
    y = x + w[0]
    q, k, v = np.split(y @ w[1].T + w[2], 3, axis=-1)
    heads = [softmax(q[..., at] @ np.swapaxes(k[..., at], 1, 2) / 2, -1) @ v[..., at] for at in (slice(0, 4), slice(4, 8))]
    y = layer_norm(y + np.concatenate(heads, -1) @ w[3].T + w[4], w[9], w[10], 1e-5)
    y = layer_norm(y + rectified(y @ w[5].T + w[6]) @ w[7].T + w[8], w[11], w[12], 1e-5)
    return y.mean(1) @ w[13].T + w[14]


NETWORKS = {"cnn": cnn, "lstm": lstm, "transformer": transformer}


def loss(network: str, x: Any, labels: Any, w: Any) -> Any:
    z = NETWORKS[network](x, w)
    shifted = z - z.real.max(1, keepdims=True)
    return (np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(x)), labels]).mean()


def trained(sample: Sample, steps: int) -> tuple[Any, Any]:
    """Losses and logits, in double precision."""
    x, labels, probe, *w = (a.astype(np.float64) if a.dtype.kind == "f" else a for a in sample.arrays())
    network, rate, curve = sample.param("network"), sample.param("rate"), []
    first, second = [np.zeros_like(q) for q in w], [np.zeros_like(q) for q in w]
    for k in range(steps):
        rows = np.arange(16 * k, 16 * k + 16) % len(x)
        curve.append(loss(network, x[rows], labels[rows], w))
        found = gradient(lambda *q, rows=rows: loss(network, x[rows], labels[rows], q), w)
        if sample.param("optimiser") == "sgd":
            first = [0.9 * m + g for m, g in zip(first, found, strict=True)]
            w = [q - rate * m for q, m in zip(w, first, strict=True)]
            continue
        first = [0.9 * m + 0.1 * g for m, g in zip(first, found, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, found, strict=True)]
        moves = [m / (1 - 0.9 ** (k + 1)) / (np.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8) for m, v in zip(first, second, strict=True)]
        w = [q - rate * m for q, m in zip(w, moves, strict=True)]
    return np.array(curve), NETWORKS[network](probe, w)


@pytest.mark.parametrize("id", ["trained_cnn", "trained_lstm", "trained_transformer"])
def test_two_steps_by_the_complex_step(id: str) -> None:
    """The second route differentiates no operation: the loss of complex weights."""
    for sample in list(BY_ID[id].samples())[:2]:
        short = small_networks.replace(small_networks.course(sample), steps=2)
        curve, logits = values_of(small_networks.training(sample, short), *small_networks.numbers(sample))
        again, asked = trained(sample, 2)
        assert np.allclose(np.asarray(curve, dtype=np.float64), again, rtol=1e-12, atol=0)
        assert np.allclose(np.asarray(logits, dtype=np.float64), asked, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("function", small_networks.FUNCTIONS, ids=lambda f: f.id)
def test_samples_are_well_conditioned(function: Any) -> None:
    """No evaluation with errors took another side of a rectifier: that would show as an error of many u. Losses fall."""
    for sample in function.samples():
        curve, logits, best, right = function.reference(sample)
        assert np.max(np.asarray(curve.scale)) < 64
        assert np.max(np.asarray(logits.scale)) < 2048
        assert curve.value[-3:].min() < curve.value[0]
        assert best.value.shape == (24,)
        assert int(right.value) == sum(int(a == b) for a, b in zip(best.value, sample.param("labels"), strict=True))


def test_errors_of_the_reference_are_far_below_the_limit() -> None:
    """The same training in double precision stays within the limit that single precision is given."""
    sample = next(iter(BY_ID["trained_lstm"].samples()))
    run, numbers = small_networks.training(sample, small_networks.course(sample)), small_networks.numbers(sample)
    exact = values_of(run, *numbers)
    double = run(*(Noisy(a.astype(np.float64), 0.0, np.random.default_rng(0)) for a in numbers))
    assert all(np.abs(np.asarray(e - d.value, dtype=np.float64)).max() < 2.0**-44 for e, d in zip(exact, double, strict=True))


def test_the_digits_are_those_that_were_frozen() -> None:
    pictures, labels = digits()
    assert pictures.shape == (80, 8, 8)
    assert set(labels[:10].tolist()) == set(range(10))
    assert (pictures.min(), pictures.max()) == (0, 16)
    assert {n: len(s) for n, s in SHAPES.items()} == {"cnn": 6, "lstm": 6, "transformer": 15}
