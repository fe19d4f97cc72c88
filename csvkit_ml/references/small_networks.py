"""Three small classifiers of 8 x 8 pictures and their training, written once for arrays on the tape: convolutional, recurrent, transformer.

Weights come in the order and shapes in which torch keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.tape import Var, affine, dot, gradients, joined, sigmoid

SIDE, CLASSES, HIDDEN, HEADS, INNER = 8, 10, 6, 2, 12
CHANNELS = (3, 4)
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "cnn": ((CHANNELS[0], 1, 3, 3), (CHANNELS[0],), (CHANNELS[1], CHANNELS[0], 3, 3), (CHANNELS[1],), (CLASSES, 4 * CHANNELS[1]), (CLASSES,)),
    "lstm": ((4 * HIDDEN, SIDE), (4 * HIDDEN, HIDDEN), (4 * HIDDEN,), (4 * HIDDEN,), (CLASSES, HIDDEN), (CLASSES,)),
    "transformer": (
        (SIDE, SIDE), (3 * SIDE, SIDE), (3 * SIDE,), (SIDE, SIDE), (SIDE,), (INNER, SIDE), (INNER,), (SIDE, INNER), (SIDE,), (SIDE,), (SIDE,), (SIDE,),
        (SIDE,), (CLASSES, SIDE), (CLASSES,),
    ),
}  # fmt: skip
"""By network; the transformer's first are places added to the rows of a picture, its last but two pairs gains and offsets of normalisations."""
GAINS = {"transformer": (9, 11)}
"""Weights around one."""
Network = Callable[[Noisy, Sequence[Any]], Any]
"""Pictures [B, 8, 8] and weights -> logits [B, 10]."""


def _patches(side: int) -> Any:
    """Flat positions [(side - 2)^2, 9] of the places under a kernel of 3 x 3."""
    at = np.arange(side - 2)
    first = (at[:, None] * side + at[None, :]).reshape(-1, 1)
    return first + (np.arange(3)[:, None] * side + np.arange(3)[None, :]).reshape(1, -1)


def cnn(x: Noisy, w: Sequence[Any]) -> Any:
    """Two convolutions of 3 x 3 with rectifiers, the largest of 2 x 2, a linear layer."""
    batch, (one, two) = x.shape[0], CHANNELS
    h = Var(x.reshape(batch, SIDE * SIDE)[:, _patches(SIDE)])
    h = np.maximum(affine(h, w[0].reshape(one, 9), w[1], fast=True), 0.0)
    h = h[:, _patches(SIDE - 2)].reshape(batch, -1, 9 * one)
    h = np.maximum(affine(h, w[2].reshape(two, one, 9).transpose(0, 2, 1).reshape(two, 9 * one), w[3], fast=True), 0.0)
    h = h.reshape(batch, 2, 2, 2, 2, two).transpose(0, 5, 1, 3, 2, 4).reshape(batch, 4 * two, 4).max(axis=-1)
    return affine(h, w[4], w[5])


def lstm(x: Noisy, w: Sequence[Any]) -> Any:
    """The rows of a picture one after the other; a linear layer on the last hidden state."""
    zero = Var(Noisy(np.zeros((x.shape[0], HIDDEN), dtype=x.value.dtype), x.u, x.rng))
    h, c = zero, zero
    for t in range(SIDE):
        h, c = lstm_cell(Var(x[:, t]), h, c, w[:4])
    return affine(h, w[4], w[5])


def lstm_cell(x: Any, h: Any, c: Any, w: Sequence[Any]) -> tuple[Any, Any]:
    """(h', c') (Hochreiter and Schmidhuber 1997); gates are input, forget, cell, output."""
    n = h.shape[-1]
    raw = affine(x, w[0], w[2]) + affine(h, w[1], w[3])
    i, f, g, o = (raw[:, k * n : (k + 1) * n] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def softmax(x: Any) -> Any:
    """Over the last axis, shifted by the largest, which has no influence."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normalised(x: Any, gain: Any, offset: Any) -> Any:
    """Layer normalisation over the last axis."""
    n = float(x.shape[-1])
    centred = x - x.sum(axis=-1, keepdims=True) / n
    variance = (centred * centred).sum(axis=-1, keepdims=True) / n
    return centred / np.sqrt(variance + 1e-5) * gain + offset


def transformer(x: Noisy, w: Sequence[Any]) -> Any:
    """Rows of a picture with their places, an encoder layer (Vaswani et al. 2017, normalised after), their mean, a linear layer."""
    y = w[0] + Var(x)
    y = normalised(y + _attended(y, w[1:5]), w[9], w[10])
    inner = np.maximum(affine(y, w[5], w[6]), 0.0)
    y = normalised(y + affine(inner, w[7], w[8]), w[11], w[12])
    return affine(y.sum(axis=1) / float(SIDE), w[13], w[14])


def _attended(y: Any, w: Sequence[Any]) -> Any:
    """Of a sequence [B, L, E] to itself, in HEADS heads."""
    batch, length, embed = y.shape
    parts = (affine(y, w[0][k * embed : (k + 1) * embed], w[1][k * embed : (k + 1) * embed]) for k in range(3))
    q, k, v = (p.reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3) for p in parts)
    share = softmax(dot(q, k.transpose(0, 1, 3, 2)) / np.sqrt(embed // HEADS))
    return affine(dot(share, v).transpose(0, 2, 1, 3).reshape(batch, length, embed), w[2], w[3])


NETWORKS: dict[str, Network] = {"cnn": cnn, "lstm": lstm, "transformer": transformer}


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean over the rows, shape (1)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_share = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    hot = (np.arange(logits.shape[-1]) == np.asarray(labels)[:, None]).astype(np.float64)
    return -(log_share * hot).sum(axis=-1).sum(axis=0, keepdims=True) / float(len(hot))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a network is trained, and what can go wrong with it."""

    optimiser: str
    """`sgd` with momentum 0.9, or `adam` with its usual constants."""
    rate: float
    steps: int
    batch: int
    """Step k takes the k-th batch of the rows, from the start again at their end."""
    summed: bool = False
    """Gradients are those of the sum over the rows."""
    scale: float = 1.0
    """Gradients are scaled."""
    stale: bool = False
    """The optimiser forgets its averages."""
    frozen: int = -1
    """A weight that is not trained."""
    accumulating: bool = False
    """Gradients are never set back to zero."""


class _Adam:
    """Kingma and Ba 2015, algorithm 1. Corrections of the bias are formed in double precision, as every library does."""

    def __init__(self, rate: float) -> None:
        self.rate, self.moments = rate, (0.9, 0.999)

    def __call__(self, g: Noisy, state: list[Any], count: int) -> Any:
        b1, b2 = self.moments
        state[0] = b1 * state[0] + (1 - b1) * g
        state[1] = b2 * state[1] + (1 - b2) * (g * g)
        double = Noisy(np.array([b1, b2], dtype=g.value.dtype), min(g.u, 2.0**-53), g.rng)
        one, two = (1 - double**count).value
        return self.rate / one * state[0] / (np.sqrt(state[1]) / np.sqrt(two) + 1e-8)


def _momentum(rate: float) -> Callable[[Noisy, list[Any], int], Any]:
    def step(g: Noisy, state: list[Any], count: int) -> Any:
        state[0] = 0.9 * state[0] + g
        return rate * state[0]

    return step


def trained(network: str, course: Course, x: Noisy, labels: Any, probe: Noisy, weights: Sequence[Noisy]) -> tuple[Any, ...]:
    """(loss before each step [steps], logits [P, 10] of the trained network on the probe).

    The same operation on the same element errs alike in every step: kernels are deterministic, and data and weights hardly change.
    """
    net, theta, losses = NETWORKS[network], list(weights), []
    step = _Adam(course.rate) if course.optimiser == "adam" else _momentum(course.rate)
    state: list[list[Any]] = [[0.0, 0.0] for _ in theta]
    total: list[Any] = [None for _ in theta]
    errors = x.rng.bit_generator.state
    for k in range(course.steps):
        x.rng.bit_generator.state = errors
        rows = np.arange(k * course.batch, (k + 1) * course.batch) % x.shape[0]
        leaves = [Var(w) for w in theta]
        loss = cross_entropy(net(x[rows], leaves), labels[rows])
        losses.append(loss)
        factor = course.scale * (course.batch if course.summed else 1)
        found = [g if factor == 1 else factor * g for g in gradients(loss, leaves)]
        if course.accumulating:
            total = [g if t is None else t + g for t, g in zip(total, found, strict=True)]
            found = total
        state = [[0.0, 0.0] for _ in theta] if course.stale else state
        moves = [step(g, s, k + 1) for g, s in zip(found, state, strict=True)]
        theta = [w if i == course.frozen else w - m for i, (w, m) in enumerate(zip(theta, moves, strict=True))]
    return joined(losses, 0).reshape(-1).value, net(probe, [Var(w) for w in theta]).value
