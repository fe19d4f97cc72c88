"""One step of an optimiser, from its paper. Every rule has the signature `trajectories.Rule`."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.references.trajectories import Hyper, State


def direction(p: Any, g: Any, h: Hyper) -> Any:
    """Gradient to descend: negated to maximise, plus the L2 penalty's."""
    g = -g if h["maximize"] else g
    return g + h["weight_decay"] * p if h["weight_decay"] else g


def sgd(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """b = m b + (1 - d) g, b = g at first; p -= lr b, or lr (g + m b) with Nesterov (Sutskever et al. 2013, lr outside the buffer)."""
    g = direction(p, g, h)
    if h["momentum"]:
        s["buffer"] = h["momentum"] * s["buffer"] + (1 - h["dampening"]) * g if "buffer" in s else g
        g = g + h["momentum"] * s["buffer"] if h["nesterov"] else s["buffer"]
    return p - h["lr"] * g


def moments(s: State, g: Any, h: Hyper) -> tuple[Any, Any]:
    """Decaying averages of g and g^2 (Kingma and Ba 2015, algorithm 1)."""
    b1, b2 = h["betas"]
    s["m"] = b1 * s.get("m", 0 * g) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0 * g) + (1 - b2) * (g * g)
    return s["m"], s["v"]


def adam(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= lr m' / (sqrt(v') + eps), m' = m / (1 - b1^t), v' = v / (1 - b2^t); AMSGrad: v = the largest v so far (Reddi et al. 2018)."""
    m, v = moments(s, direction(p, g, h), h)
    if h["amsgrad"]:
        v = s["largest"] = np.maximum(s["largest"], v) if "largest" in s else v
    b1, b2 = h["betas"]
    return p - h["lr"] / (1 - b1**t) * (m / (np.sqrt(v) / np.sqrt(1 - b2**t) + h["eps"]))


def adamw(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Adam without penalty on (1 - lr decay) p (Loshchilov and Hutter 2019, algorithm 2)."""
    decayed = p * (1 - h["lr"] * h["weight_decay"]) if h["weight_decay"] else p
    return adam(s, decayed, g, t, {**h, "weight_decay": 0.0})
