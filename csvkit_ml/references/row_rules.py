"""One step of optimisers that look beyond single elements: factored second moments, and rows that a sparse gradient touches."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.references.optimiser_rules import moments
from csvkit_ml.references.running_error import Rounded
from csvkit_ml.references.trajectories import Hyper, Rule, State


def _mean(x: Any, axis: int | None, keep: bool = True) -> Any:
    n = (x.value if isinstance(x, Rounded) else x).size if axis is None else (x.value if isinstance(x, Rounded) else x).shape[axis]
    return x.sum(axis=axis, keepdims=keep) / n


def root_mean_square(x: Any) -> Any:
    """sqrt(mean(x^2)) over all elements."""
    return np.sqrt(_mean(x * x, None, keep=False))


def adafactor(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Second moment from row and column means (matrices) or itself (vectors), update clipped to RMS d, rate relative to RMS(p).

    Shazeer and Stern 2018, algorithms 4 and 5, as documented: b = 1 - t^tau; a = max(eps2, RMS(p)) min(lr, 1 / sqrt(t)).
    """
    g = -g if h["maximize"] else g
    least, smallest = h["eps"][0] or h["machine_eps"], h["eps"][1]
    new, rate = (t + 0 * h["lr"]) ** h["beta2_decay"], np.minimum(h["lr"], 1 / np.sqrt(t + 0 * h["lr"]))
    step = np.maximum(smallest, root_mean_square(p)) * rate
    if h["weight_decay"]:
        p = p * (1 - h["lr"] * h["weight_decay"])
    square = g * g
    if len((g.value if isinstance(g, Rounded) else g).shape) > 1:
        rows, columns = _mean(square, -1), _mean(square, -2)
        s["rows"] = (1 - new) * s.get("rows", 0 * rows) + new * rows
        s["columns"] = (1 - new) * s.get("columns", 0 * columns) + new * columns
        v = s["rows"] * s["columns"] / np.maximum(_mean(s["rows"], -2), least)
    else:
        v = s["v"] = (1 - new) * s.get("v", 0 * square) + new * square
    update = g / np.maximum(np.sqrt(v), least)
    return p - step * (update / np.maximum(root_mean_square(update) / h["d"], 1.0))


def masked_adam(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps) (Kingma and Ba 2015, end of section 2)."""
    m, v = moments(s, -g if h["maximize"] else g, h)
    b1, b2 = h["betas"]
    return p - h["lr"] * np.sqrt(1 - b2**t) / (1 - b1**t) * (m / (np.sqrt(v) + h["eps"]))


def where_touched(rule: Rule, touched: Any) -> Rule:
    """A rule that moves and remembers nothing where the gradient has no entry; `touched(t)` are the rows [n, 1] of step t."""

    def masked(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
        before, rows = dict(s), touched(t)
        moved = rule(s, p, g, t, h)
        for key in s:
            s[key] = np.where(rows, s[key], before.get(key, 0 * s[key]))
        return np.where(rows, moved, p)

    return masked
