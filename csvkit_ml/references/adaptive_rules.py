"""One step of the adaptive optimisers, from their papers. Every rule has the signature `trajectories.Rule`."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.references.optimiser_rules import direction, moments
from csvkit_ml.references.running_error import Rounded
from csvkit_ml.references.trajectories import Hyper, State


def adagrad(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """s += g^2; p -= lr / (1 + (t - 1) decay) g / (sqrt(s) + eps) (Duchi, Hazan, Singer 2011)."""
    g = direction(p, g, h)
    s["sum"] = s.get("sum", 0 * g + h["initial_accumulator_value"]) + g * g
    return p - h["lr"] / (1 + (t - 1) * h["lr_decay"]) * (g / (np.sqrt(s["sum"]) + h["eps"]))


def adadelta(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Step sqrt(u + eps) / sqrt(v + eps) g, v and u decaying averages of g^2 and of the steps' squares (Zeiler 2012, algorithm 1)."""
    g, rho = direction(p, g, h), h["rho"]
    s["v"] = rho * s.get("v", 0 * g) + (1 - rho) * (g * g)
    before = s.get("u", 0 * g)
    step = np.sqrt(before + h["eps"]) / np.sqrt(s["v"] + h["eps"]) * g
    s["u"] = rho * before + (1 - rho) * (step * step)
    return p - h["lr"] * step


def adamax(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= lr / (1 - b1^t) m / u, u = max(b2 u, |g| + eps) (Kingma and Ba 2015, algorithm 2; eps as documented)."""
    g, (b1, b2) = direction(p, g, h), h["betas"]
    s["m"] = b1 * s.get("m", 0 * g) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0 * g), np.abs(g) + h["eps"])
    return p - h["lr"] / (1 - b1**t) * (s["m"] / s["u"])


def _penalised(p: Any, g: Any, h: Hyper) -> tuple[Any, Any]:
    """(parameters, gradients) after weight decay of either kind."""
    if not h["decoupled_weight_decay"] or not h["weight_decay"]:
        return p, direction(p, g, h)
    return p * (1 - h["lr"] * h["weight_decay"]), -g if h["maximize"] else g


def nadam(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """Adam with m' = mu_(t+1) m / (1 - prod_(t+1) mu) + (1 - mu_t) g / (1 - prod_t mu), mu_t = b1 (1 - 0.96^(t psi) / 2) (Dozat 2016)."""
    p, g = _penalised(p, g, h)
    m, v = moments(s, g, h)
    b1, b2 = h["betas"]
    now, then = (b1 * (1 - 0.5 * 0.96 ** (k * h["momentum_decay"])) for k in (t, t + 1))
    s["product"] = s.get("product", 1) * now
    root = np.sqrt(v / (1 - b2**t)) + h["eps"]
    return p - (h["lr"] * (1 - now) / (1 - s["product"])) * (g / root) - (h["lr"] * then / (1 - s["product"] * then)) * (m / root)


def radam(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= lr m' r sqrt(1 - b2^t) / (sqrt(v) + eps) where the variance is tractable (rho_t > 5), lr m' before (Liu et al. 2020, algorithm 2)."""
    p, g = _penalised(p, g, h)
    m, v = moments(s, g, h)
    b1, b2 = h["betas"]
    longest = 2 / (1 - b2) - 1
    rho = longest - 2 * t * b2**t / (1 - b2**t)
    mean = m / (1 - b1**t)
    if _value(rho) <= 5:
        return p - h["lr"] * mean
    rectified = np.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
    return p - h["lr"] * rectified * np.sqrt(1 - b2**t) * (mean / (np.sqrt(v) + h["eps"]))


def _value(x: Any) -> float:
    return float(x.value if isinstance(x, Rounded) else x)


def rmsprop(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= lr g / (sqrt(v) + eps), v a decaying average of g^2 (Tieleman and Hinton 2012), less the square of that of g if centred (Graves 2013)."""
    g, a = direction(p, g, h), h["alpha"]
    s["v"] = a * s.get("v", 0 * g) + (1 - a) * (g * g)
    v = s["v"]
    if h["centered"]:
        s["mean"] = a * s.get("mean", 0 * g) + (1 - a) * g
        v = v - s["mean"] * s["mean"]
    step = g / (np.sqrt(v) + h["eps"])
    if h["momentum"]:
        step = s["buffer"] = h["momentum"] * s.get("buffer", 0 * g) + step
    return p - h["lr"] * step


def rprop(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p -= sign(g) d; d grows while signs agree, shrinks and skips the step where they differ (Riedmiller and Braun 1993; Igel and Huesken: Rprop-)."""
    g = -g if h["maximize"] else g
    (less, more), (least, most) = h["etas"], h["step_sizes"]
    agree = np.sign(g) * np.sign(s.get("before", 0 * g))
    held = agree.value if isinstance(agree, Rounded) else agree
    size = s.get("size", 0 * g + h["lr"])
    size = np.where(held > 0, size * more, np.where(held < 0, size * less, size))
    s["size"] = np.minimum(np.maximum(size, least), most)
    s["before"] = np.where(held < 0, 0 * g, g)
    return p - np.sign(s["before"]) * s["size"]


def asgd(s: State, p: Any, g: Any, t: int, h: Hyper) -> Any:
    """p = (1 - lambda eta) p - eta g, eta = lr / (1 + lambda lr (t - 1))^alpha; average += (p - average) / max(1, t - 1 - t0).

    Polyak and Juditsky 1992; Bottou 2010. The average begins as the parameters themselves.
    """
    g = direction(p, g, h)
    eta = h["lr"] / (1 + h["lambd"] * h["lr"] * (t - 1)) ** h["alpha"] if h["lr"] else 0.0
    p = p * (1 - h["lambd"] * eta) - eta * g
    since = max(1.0, t - 1 - _value(h["t0"]))
    s["average"] = p if since == 1 else s["average"] + (p - s["average"]) * (1 / since)
    return p
