"""Layers in other dress by a second route: recurrent steps with their gates spelt out, padding element by element, exact norms in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from validation_suites.training import layer_variants


def sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def step(kind: str, x: Array, h: Array, c: Array, open_: float) -> tuple[Array, Array]:
    """One step of a cell with identity weights for its candidate and biases for its gates."""
    if kind == "relu":
        return np.maximum(x, 0), c
    if kind == "gru":
        z = sigmoid(np.full_like(x, -open_))
        return (1 - z) * np.tanh(x) + z * h, c
    i, f, o = (sigmoid(np.full_like(x, s * open_)) for s in (1, -1, 1))
    c = f * c + i * np.tanh(x)
    return o * np.tanh(c), c


@pytest.mark.parametrize("sample", [s for s in layer_variants._recurrent_samples() if s.dtype == "float64"], ids=lambda s: s.name)
def test_two_layers_step_by_step(sample: Sample) -> None:
    x, p, kind = sample.arrays()[0], sample.param("p"), sample.param("kind")
    kept, alone, _ = layer_variants._outputs(sample)
    for factor, true in ((1 / (1 - p), kept), (1.0, alone)):
        states = [np.zeros_like(x[0]) for _ in range(4)]
        for t, row in enumerate(x):
            states[0], states[1] = step(kind, row, states[0], states[1], 800.0)
            states[2], states[3] = step(kind, states[0] * factor, states[2], states[3], 800.0)
            np.testing.assert_allclose(states[2], true[t], rtol=1e-14)


@pytest.mark.parametrize("sample", list(layer_variants._padding_cases()), ids=lambda s: s.name)
def test_padding_element_by_element(sample: Sample) -> None:
    x, y, pads = sample.arrays()[0], layer_variants.padded(sample), sample.param("pads")
    for index in np.ndindex(*y.shape):
        at = list(index)
        for k in range(sample.param("axes")):
            at[-1 - k] -= pads[2 * k]
        inside = all(0 <= i < n for i, n in zip(at, x.shape, strict=True))
        assert y[index] == (x[tuple(at)] if inside else 0)
    for k in range(sample.param("axes")):
        assert y.shape[-1 - k] == x.shape[-1 - k] + pads[2 * k] + pads[2 * k + 1]


@pytest.mark.parametrize("sample", list(layer_variants._lazy_cases()), ids=lambda s: s.name)
def test_norms_are_exact(sample: Sample) -> None:
    x, w, b = sample.arrays()
    y = layer_variants._lazy(sample)[0]
    rows = [x[:, c].ravel() for c in range(x.shape[1])] if sample.param("kind") == "batch" else [r.ravel() for part in x for r in part]
    for r in rows:
        values = [Fraction(float(v)) for v in r]
        mean = sum(values) / len(values)
        assert mean == 0
        assert sum((v - mean) ** 2 for v in values) / len(values) + Fraction(sample.param("eps")) == 16
    at = (0, w.size - 1, *[0] * sample.param("axes"))
    assert y[at] == Fraction(float(x[at])) / 4 * Fraction(float(w[-1])) + Fraction(float(b[-1]))


def test_cases_of_graphs_name_every_class_in_both_forms() -> None:
    names = [s.name for s in layer_variants._graphed_cases()]
    assert len(names) == len(set(names)) == 2 * len(layer_variants.GRAPHED)


def test_statistics_of_synchronised_norms_are_not_those_of_a_new_layer() -> None:
    for sample in layer_variants._norm_cases():
        made = layer_variants._converted(sample)
        assert (made[2] != 0).all()
        assert (made[3] > 0).all()
        assert (made[0] == 1).all() == (not sample.param("affine"))
