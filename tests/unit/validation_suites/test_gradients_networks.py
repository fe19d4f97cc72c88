"""Gradients of recurrent layers, attention, CTC, interpolation and grid sampling by the complex step of definitions written again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.test_gradients import gradient, layer_norm, softmax
from validation_suites.training import gradients_networks, gradients_sampling

BY_ID = {f.id: f for f in (*gradients_networks.FUNCTIONS, *gradients_sampling.FUNCTIONS)}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def step(kind: str, x: Any, h: Any, c: Any, w: Any) -> tuple[Any, Any]:
    a, b = x @ w[0].T + w[2], h @ w[1].T + w[3]
    if kind == "lstm":
        i, f, g, o = np.split(a + b, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    if kind == "gru":
        (r, z, n), (s, u, m) = np.split(a, 3, axis=-1), np.split(b, 3, axis=-1)
        z = sigmoid(z + u)
        return (1 - z) * np.tanh(n + sigmoid(r + s) * m) + z * h, c
    return (np.tanh(a + b) if kind == "rnn_tanh" else np.where((a + b).real > 0, a + b, 0)), c


def recurrent(s: Sample, x: Any, *rest: Any) -> Any:
    kind, ways = s.param("kind"), 1 + s.param("both_ways")
    states, weights = (rest[:2], rest[2:]) if kind == "lstm" else (rest[:1], rest[1:])
    for layer in range(s.param("layers")):
        out = []
        for way in range(ways):
            k = layer * ways + way
            h, c, found = states[0][k], states[-1][k], []
            for t in range(len(x))[:: -1 if way else 1]:
                h, c = step(kind, x[t], h, c, weights[4 * k : 4 * k + 4])
                found.append(h)
            out.append(np.stack(found[:: -1 if way else 1]))
        x = np.concatenate(out, axis=-1)
    return x


def attended(s: Sample, query: Any, key: Any, w: Any) -> Any:
    embed, heads = query.shape[-1], s.param("heads")
    q, k, v = (x @ w[0][i * embed : (i + 1) * embed].T + w[1][i * embed : (i + 1) * embed] for i, x in enumerate((query, key, key)))
    made = []
    for at in np.split(np.arange(embed), heads):
        scores = q[..., at] @ np.swapaxes(k[..., at], -1, -2) / np.sqrt(len(at))
        if s.param("causal"):
            scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -1e9)
        made.append(softmax(scores, -1) @ v[..., at])
    return np.concatenate(made, -1) @ w[2].T + w[3]


def layer(s: Sample, x: Any, *w: Any) -> Any:
    def forward(y: Any) -> Any:
        inner = y @ w[4].T + w[5]
        return np.where(inner.real > 0, inner, 0) @ w[6].T + w[7]

    def norm(y: Any, k: int) -> Any:
        return layer_norm(y, w[k], w[k + 1], 1e-5)

    if s.param("norm_first"):
        y = norm(x, 8)
        x = x + attended(s, y, y, w)
        return x + forward(norm(x, 10))
    x = norm(x + attended(s, x, x, w), 8)
    return norm(x + forward(x), 10)


@cache
def paths(length: int, classes: int, read: tuple[int, ...]) -> Any:
    """[paths, T] of all that read as asked."""
    every = itertools.product(range(classes), repeat=length)
    return np.array([p for p in every if tuple(k for k, _ in itertools.groupby(p) if k) == read])


def ctc(s: Sample, x: Any, target: Any) -> Any:
    """By every path."""
    share, losses = softmax(x, -1), []
    for n, (length, count) in enumerate(zip(s.param("input_lengths"), s.param("target_lengths"), strict=True)):
        total = share[np.arange(length), n, paths(length, x.shape[2], tuple(target[n, :count].tolist()))].prod(axis=1).sum()
        losses.append(-np.log(total) / (max(1, count) if s.param("reduction") == "mean" else 1))
    return sum(losses) / (len(losses) if s.param("reduction") == "mean" else 1)


def cubic(t: float) -> float:
    """Keys' kernel at a distance t."""
    a, t = -0.75, abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def interpolate(s: Sample, x: Any) -> Any:
    out = np.zeros((*x.shape[:2], *s.param("sizes")), dtype=x.dtype)
    mode, size = s.param("mode"), x.shape[2:]

    def place(i: int, n: int, m: int) -> float:
        if mode == "nearest":
            return float(np.floor(i * n / m))
        at = i * (n - 1) / max(m - 1, 1) if s.param("align_corners") else (i + 0.5) * n / m - 0.5
        return max(at, 0.0) if mode == "bilinear" else at

    for i, j in np.ndindex(*s.param("sizes")):
        at = [place(k, n, m) for k, n, m in zip((i, j), size, s.param("sizes"), strict=True)]
        for a, b in itertools.product(*(range(int(np.floor(v)) - 1, int(np.floor(v)) + 3) for v in at)):
            weight = 1.0
            for v, k in zip(at, (a, b), strict=True):
                weight *= cubic(v - k) if mode == "bicubic" else max(0.0, 1 - abs(v - k))
            out[..., i, j] += weight * x[..., min(max(a, 0), size[0] - 1), min(max(b, 0), size[1] - 1)]
    return out


def grid_sample(s: Sample, x: Any, grid: Any) -> Any:
    out = np.zeros((*x.shape[:2], *grid.shape[1:3]), dtype=np.complex128)
    for n, i, j in np.ndindex(*grid.shape[:3]):
        at = []
        for v, size in zip(grid[n, i, j], x.shape[:1:-1], strict=True):
            place = (v + 1) / 2 * (size - 1) if s.param("align_corners") else ((v + 1) * size - 1) / 2
            if s.param("padding") == "border":
                place = place if 0 <= place.real <= size - 1 else complex(min(max(place.real, 0), size - 1))
            at.append(place)
        for b, a in itertools.product(*(range(int(np.floor(v.real)), int(np.floor(v.real)) + 2) for v in at)):
            if 0 <= b < x.shape[3] and 0 <= a < x.shape[2]:
                wide = at[0] - (b - 1) if b > at[0].real else (b + 1) - at[0]
                high = at[1] - (a - 1) if a > at[1].real else (a + 1) - at[1]
                out[n, :, i, j] += wide * high * x[n, :, a, b]
    return out


def bag(s: Sample, table: Any, *rest: Any) -> Any:
    *weights, index, offsets = rest
    out = np.zeros((len(offsets), table.shape[1]), dtype=table.dtype)
    for k, (a, b) in enumerate(itertools.pairwise([*offsets, len(index)])):
        rows = table[index[a:b]] * (weights[0][a:b, None] if weights else 1)
        if len(rows) and s.param("mode") == "max":
            out[k] = np.take_along_axis(rows, rows.real.argmax(0)[None], 0)[0]
        elif len(rows):
            out[k] = rows.sum(0) / (len(rows) if s.param("mode") == "mean" else 1)
    return out


FORWARD: dict[str, Callable[..., Any]] = {
    **{f"grad_{k}": recurrent for k in GATES}, "grad_multi_head_attention": lambda s, q, k, *w: attended(s, q, k, w),
    "grad_transformer_encoder_layer": layer, "grad_ctc_loss": ctc, "grad_interpolate": interpolate, "grad_grid_sample": grid_sample,
    "grad_embedding_bag": bag,
}  # fmt: skip


@pytest.mark.parametrize("function", BY_ID.values(), ids=lambda f: f.id)
def test_by_the_complex_step(function: Function) -> None:
    """The second route differentiates no operation. Every sample of double precision."""
    samples = [s for s in function.samples() if s.dtype == "float64"]
    assert samples
    for sample in samples:
        arrays = list(sample.arrays())
        g = 1.0 if function.id == "grad_ctc_loss" else arrays.pop()
        expected = function.reference(sample)
        leaves = arrays[: len(expected)]

        rest = arrays[len(expected) :]

        def scalar(*q: Any, sample: Sample = sample, rest: Any = rest, g: Any = g) -> Any:
            return (FORWARD[function.id](sample, *q, *rest) * g).sum()

        for e, found in zip(expected, gradient(scalar, leaves), strict=True):
            assert e.value.shape == found.shape
            assert np.abs(e.value - found).max() <= 1e-12 * max(1.0, np.abs(found).max())
