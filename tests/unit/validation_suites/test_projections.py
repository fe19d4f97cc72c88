"""Projected LSTM layers: as ordinary ones where the projection changes nothing, and by loops in double."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.recurrent import recurrent
from csvkit_ml.references.recurrent_steps import Weights
from validation_suites.inference.projections import FUNCTIONS, each, first, reference

SAMPLES = {s.name: s for s in FUNCTIONS[0].samples() if s.dtype == "float32"}


def by_loops(sample: Sample) -> tuple[Array, Array, Array]:
    """Number by number for one layer and direction after another, in double."""
    p = dict(sample.params)
    x, *rest = (a.astype(np.float64) for a in sample.arrays())
    flat, n, directions = rest[first(sample) - 1 :], each(sample), 1 + bool(p["bidirectional"])
    hs, cs = [], []
    for layer in range(int(p["layers"])):
        outs = []
        for d in range(directions):
            k = layer * directions + d
            w = flat[k * n : (k + 1) * n]
            batch, cells, projected = x.shape[1], w[-1].shape[1], w[-1].shape[0]
            h = rest[0][k] if p["initial"] else np.zeros((batch, projected))
            c = rest[1][k] if p["initial"] else np.zeros((batch, cells))
            out = np.zeros((x.shape[0], batch, projected))
            for t in range(x.shape[0])[:: -1 if d else 1]:
                raw = x[t] @ w[0].T + h @ w[1].T + (w[2] + w[3] if n == 5 else 0.0)
                gates = raw.reshape(batch, 4, cells)
                i, f, o = (1 / (1 + np.exp(-gates[:, g])) for g in (0, 1, 3))
                c = f * c + i * np.tanh(gates[:, 2])
                h = (o * np.tanh(c)) @ w[-1].T
                out[t] = h
            outs.append(out)
            hs.append(h)
            cs.append(c)
        x = np.concatenate(outs, axis=-1)
    return x, np.stack(hs), np.stack(cs)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_by_loops(name: str) -> None:
    for expected, own in zip(reference(SAMPLES[name]), by_loops(SAMPLES[name]), strict=True):
        np.testing.assert_allclose(expected.value, own, rtol=1e-12, atol=1e-13)


def test_with_the_identity_it_is_an_ordinary_lstm() -> None:
    made = SAMPLES["float32-t4-b1-i2-h17-p16-layers2-bias"]
    arrays = list(made.arrays())[: 1 + 5]
    cells = 17
    kernel, matrix, b, c = arrays[1], np.random.default_rng(3).normal(scale=0.3, size=(4 * cells, cells)), arrays[3], arrays[4]
    given = tuple(Tensor.of(a, "float32") for a in (arrays[0], kernel, matrix, b, c, np.eye(cells)))
    p = tuple((k, {"layers": 1, "projected": cells}.get(k, v)) for k, v in made.params)
    mine = reference(replace(made, inputs=given, params=p))
    weights = [[Weights(kernel=given[1].array(), recurrent=given[2].array(), bias=b, recurrent_bias=c)]]
    theirs = recurrent("lstm", given[0].array(), dtype="float32", weights=weights, initial=None, lengths=None)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12, atol=1e-14)
