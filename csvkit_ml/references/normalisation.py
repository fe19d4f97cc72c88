"""Standardised values in extended precision, with the error that a two-pass or updating algorithm in a working precision may make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

RATIONALE = (
    "x - mean carries u (|x| + sqrt(n) mean|x|), which is divided by the standard deviation; the variance of the two-pass and of the"
    " updating algorithm carries sqrt(n) (1 + kappa) u, kappa = mean|x| / sd. The textbook formula E x^2 - (E x)^2 carries kappa^2 u and"
    " is not admitted."
    " 16-bit data: statistics are taken in float32 (u_acc), as the definition of LayerNormalization does; z, z w and y are stored in the"
    " data's format."
)
LITERATURE = "Chan, Golub, LeVeque 1983; Higham 2002, sec. 1.9; Higham and Mary 2019"
STORED_RATIONALE = RATIONALE.replace(
    "statistics are taken in float32 (u_acc), as the definition of LayerNormalization does; z,",
    "sums are accumulated in float32 (u_acc), every step of the definition, mean and 1 / sd included, may be stored in the data's format;"
    " z,",
)
SCALE = "{|w| [(|x| + sqrt(n) mean|x|) / sd + |z| (sqrt(n) (1 + mean|x| / sd) + 6)] + |b|} u_acc / u + 2|z w|"
STORED_SCALE = f"{SCALE} + |w| (|mean| / sd + 3|z|) (1 - u_acc / u)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What a normalisation works on; x may be a reshaped view of the sample's."""

    x: Any
    """Long double."""
    axes: tuple[int, ...]
    """Mean and variance are taken over these."""
    weight: Any = None
    """Broadcasts to x; None = one."""
    bias: Any = None
    """Broadcasts to x; None = zero."""

    @property
    def count(self) -> int:
        """Values behind each mean."""
        return math.prod(self.x.shape[a] for a in self.axes)


def growth(n: int) -> float:
    """Probable growth of the rounding errors of a sum of n terms, in u: min(n, 6 sqrt(n))."""
    return float(min(n, 6 * math.sqrt(n)))


def moments(group: Group) -> tuple[Any, Any, Any]:
    """(mean, x - mean, mean of its square); extents of the axes stay as 1."""
    mean = group.x.mean(axis=group.axes, keepdims=True)
    rest = group.x - mean
    return mean, rest, (rest * rest).mean(axis=group.axes, keepdims=True)


def standardised(group: Group, eps: float, *, statistics: float = 1.0, stored: float = 0.0) -> tuple[Any, Any]:
    """((x - mean) / sqrt(variance + eps) w + b, its scale in units of u); the variance is the biased one.

    A slice with a NaN or an infinity is NaN throughout.

    Args:
        statistics: unit roundoff of the arithmetic up to (x - mean) / sd, in units of u.
        stored: roundoff in which mean, x - mean and 1 / sd may be stored besides, in units of u; 0 = not before z.
    """
    with np.errstate(all="ignore"):
        mean, rest, variance = moments(group)
        sd = np.sqrt(variance + np.longdouble(eps))
        z, g = rest / sd, growth(group.count)
        drift = g * np.abs(group.x).mean(axis=group.axes, keepdims=True) / sd
        scale = statistics * (np.abs(group.x) / sd + drift + np.abs(z) * (g + drift + 6)) + stored * (np.abs(mean) / sd + 3 * np.abs(z))
        return affine(z, scale, group, statistics)


def affine(z: Any, scale: Any, group: Group, statistics: float = 1.0) -> tuple[Any, Any]:
    """(z w + b, its scale in units of u): z is known to `scale`; the bias may be joined with the mean, in the statistics' arithmetic."""
    w = np.longdouble(1) if group.weight is None else group.weight
    b = np.longdouble(0) if group.bias is None else group.bias
    return z * w + b, np.abs(w) * scale + 2 * np.abs(z * w) + statistics * np.abs(b)
