"""Recurrent layers and connectionist temporal classification, for numbers on the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.small_networks import lstm_cell
from csvkit_ml.references.tape import affine, joined, sigmoid

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
Weights = Sequence[Any]
"""W [gates H, I], R [gates H, H], their biases [gates H]."""


def gru_cell(x: Any, h: Any, w: Weights) -> Any:
    """(1 - z) n + z h with n = tanh(W x + b + r (R h + b_R)) (Cho et al. 2014)."""
    n = h.shape[-1]
    a, b = affine(x, w[0], w[2]), affine(h, w[1], w[3])
    r, z = (sigmoid(a[:, k * n : (k + 1) * n] + b[:, k * n : (k + 1) * n]) for k in range(2))
    new = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
    return (1 - z) * new + z * h


def plain_cell(x: Any, h: Any, w: Weights, *, cut: bool = False) -> Any:
    """tanh or the rectifier of W x + b + R h + b_R (Elman 1990)."""
    raw = affine(x, w[0], w[2]) + affine(h, w[1], w[3])
    return np.maximum(raw, 0.0) if cut else np.tanh(raw)


_CELLS: dict[str, Callable[[Any, Any, Weights], Any]] = {
    "gru": gru_cell, "rnn_tanh": plain_cell, "rnn_relu": lambda x, h, w: plain_cell(x, h, w, cut=True),
}  # fmt: skip


def recurrent(kind: str, steps: Sequence[Any], states: Sequence[Any], w: Weights) -> list[Any]:
    """Hidden states [B, H] after each of the steps [B, I].

    Args:
        states: h [B, H] before the first step, for `lstm` c [B, H] as well.
    """
    made, h, c = [], states[0], states[-1]
    for x in steps:
        if kind == "lstm":
            h, c = lstm_cell(x, h, c, w)
        else:
            h = _CELLS[kind](x, h, w)
        made.append(h)
    return made


def stacked(kind: str, x: Any, states: Sequence[Any], w: Weights, *, layers: int, both_ways: bool) -> Any:
    """Outputs [T, B, D H] of x [T, B, I] through layers of one direction or two; states [layers D, B, H] each, four weights a layer and direction."""
    ways = 2 if both_ways else 1
    steps = [x[t] for t in range(x.shape[0])]
    for layer in range(layers):
        sides = []
        for way in range(ways):
            k = layer * ways + way
            order = steps[::-1] if way else steps
            found = recurrent(kind, order, [s[k] for s in states], w[4 * k : 4 * k + 4])
            sides.append(found[::-1] if way else found)
        steps = [s[0] if ways == 1 else _beside(*s) for s in zip(*sides, strict=True)]
    return joined(steps, 0)


def _beside(a: Any, b: Any) -> Any:
    """[B, 2 H] of two [B, H]."""
    return joined([a, b], 1).reshape(a.shape[0], 2 * a.shape[1])


def _log_sum(parts: list[Any]) -> Any:
    """Logarithm of a sum; None = no part."""
    there = [p for p in parts if p is not None]
    if len(there) < 2:
        return there[0] if there else None
    top = max(there, key=lambda p: float(p.value))
    total = sum((np.exp(p - top) for p in there[1:]), np.exp(there[0] - top))
    return np.log(total) + top


def _paths(here: Sequence[Sequence[Any]], read: list[int]) -> list[list[Any]]:
    """Logarithm of the probability of all beginnings of paths that end at step t in place s (Graves et al. 2006, equation 6)."""
    ends: list[Any] = [p if s < 2 else None for s, p in enumerate(here[0])]
    made = [ends]
    for row in here[1:]:
        ends = [_reached(ends, read, s, p) for s, p in enumerate(row)]
        made.append(ends)
    return made


def _reached(ends: list[Any], read: list[int], s: int, here: Any) -> Any:
    """From the same place, the one before, and past a blank between two different labels."""
    back = 3 if s >= 2 and read[s] != read[s - 2] and read[s] != read[0] else 2
    before = _log_sum(ends[max(0, s - back + 1) : s + 1])
    return None if before is None else before + here


def temporal_classification(log_share: Any, target: Sequence[int], length: int, blank: int = 0) -> Any:
    """Gradient [T, C] of -log of the sum over all paths of `length` steps that read as `target`, for what the log-softmax is taken of.

    Probability less the share of the paths that pass there, by beginnings and ends of paths in logarithms (Graves et al. 2006, equation 16).

    Args:
        log_share: [T, C] logarithms of probabilities, a Noisy array.
    """
    read = [blank]
    for label in target:
        read += [label, blank]
    here = [[log_share[t, k] for k in read] for t in range(length)]
    begins = _paths(here, read)
    ends = [row[::-1] for row in _paths([row[::-1] for row in here[::-1]], read[::-1])][::-1]
    total = _log_sum(begins[-1][-2:])
    made = np.exp(log_share)
    out = made.value.copy()
    out[length:] = 0
    for t in range(length):
        for k in sorted(set(read)):
            both = [a + b for a, b, label in zip(begins[t], ends[t], read, strict=True) if label == k and a is not None and b is not None]
            if both:
                out[t, k] = (made[t, k] - np.exp(_log_sum(both) - log_share[t, k] - total)).value
    return Noisy(out, made.u, made.rng)
