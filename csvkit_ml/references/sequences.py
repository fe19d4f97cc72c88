"""Recurrent layers and connectionist temporal classification, for numbers on the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
    if len(parts) == 1:
        return parts[0]
    top = max(parts, key=lambda p: float(p.value.value)).value
    total = sum((np.exp(p - top) for p in parts[1:]), np.exp(parts[0] - top))
    return np.log(total) + top


def temporal_classification(log_share: Any, target: Sequence[int], length: int, blank: int = 0) -> Any:
    """-log of the sum over all paths of `length` steps that read as `target` (Graves et al. 2006, equations 6 to 8), in logarithms.

    Args:
        log_share: [T, C] logarithms of probabilities.
    """
    read = [blank]
    for label in target:
        read += [label, blank]
    ends: list[Any] = [log_share[0, read[s]] if s < 2 else None for s in range(len(read))]
    for t in range(1, length):
        ends = [_reached(ends, read, s, log_share[t, read[s]]) for s in range(len(read))]
    return -_log_sum([e for e in ends[-2:] if e is not None])


def _reached(ends: list[Any], read: list[int], s: int, here: Any) -> Any:
    """From the same place, the one before, and past a blank between two different labels; None = no path yet."""
    back = 3 if s >= 2 and read[s] != read[s - 2] and read[s] != read[0] else 2
    parts = [e for e in ends[max(0, s - back + 1) : s + 1] if e is not None]
    return _log_sum(parts) + here if parts else None
