"""Attention blocks and transformer layers, for arrays whose operations may err (see monte_carlo)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Weights = Mapping[str, Any]
"""By name."""
HIDDEN = -(2.0**100)
"""What stands for a key that takes no part: exact in every format, its exponential is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a layer its weights do not tell."""

    heads: int
    eps: float = 1e-5
    norm_first: bool = False


def weighted(x: Any, w: Any, b: Any) -> Any:
    """x W' + b over the last axis."""
    return _product(x, w) + b


def _product(x: Any, w: Any) -> Any:
    """sum_k x[..., k] w[o, k]."""
    lead = x.shape[:-1]
    return (x.reshape(*lead, 1, x.shape[-1]) * w).sum(axis=-1)


def attended(query: Any, key: Any, value: Any, w: Weights, heads: int, taken: Any, prefix: str = "") -> Any:
    """Multi-head attention (Vaswani et al. 2017): [B, L, E] from queries [B, L, E], keys and values [B, S, E].

    Args:
        taken: [B, 1 or heads, L, S], true where a key takes part.
    """
    embed = query.shape[-1]
    into, bias = w[prefix + "in_w"], w[prefix + "in_b"]
    parts = [slice(i * embed, (i + 1) * embed) for i in range(3)]
    q, k, v = (weighted(x, into[at], bias[at]) for x, at in zip((query, key, value), parts, strict=True))
    batch, width = query.shape[0], embed // heads

    def split(x: Any) -> Any:
        return x.reshape(batch, -1, heads, width).transpose(0, 2, 1, 3)

    q, k, v = split(q), split(k), split(v)
    logits = (q.reshape(*q.shape[:3], 1, width) * k.reshape(batch, heads, 1, -1, width)).sum(axis=-1)
    logits = logits / np.sqrt(np.longdouble(width))
    logits = np.where(taken, logits, HIDDEN)
    e = np.where(taken, np.exp(logits - logits.max(axis=-1, keepdims=True)), 0.0)
    share = e / e.sum(axis=-1, keepdims=True)
    mixed = (share.reshape(*share.shape, 1) * v.reshape(batch, heads, 1, -1, width)).sum(axis=-2)
    joined = mixed.transpose(0, 2, 1, 3).reshape(batch, -1, embed)
    return weighted(joined, w[prefix + "out_w"], w[prefix + "out_b"])


def normalised(x: Any, gain: Any, offset: Any, eps: float) -> Any:
    """Layer normalisation over the last axis."""
    n = float(x.shape[-1])
    centred = x - x.sum(axis=-1, keepdims=True) / n
    variance = (centred * centred).sum(axis=-1, keepdims=True) / n
    return centred / np.sqrt(variance + np.longdouble(eps)) * gain + offset


def forward(x: Any, w: Weights) -> Any:
    """Two products with what is negative cut off between them."""
    inner = weighted(x, w["one_w"], w["one_b"])
    return weighted(np.maximum(inner, 0.0), w["two_w"], w["two_b"])


def encoder_layer(x: Any, w: Weights, shape: Shape, taken: Any) -> Any:
    """Attention of a sequence to itself and a feed-forward block, each added to what it reads; normalised after, or before, as the shape says."""

    def norm(v: Any, k: int) -> Any:
        return normalised(v, w[f"norm{k}_w"], w[f"norm{k}_b"], shape.eps)

    if shape.norm_first:
        y = norm(x, 1)
        x = x + attended(y, y, y, w, shape.heads, taken)
        return x + forward(norm(x, 2), w)
    x = norm(x + attended(x, x, x, w, shape.heads, taken), 1)
    return norm(x + forward(x, w), 2)


def decoder_layer(x: Any, memory: Any, w: Weights, shape: Shape, taken: Any, reached: Any) -> Any:
    """As the encoder layer, with attention to a memory between its two blocks.

    Args:
        reached: [B, 1, L, S], true where a place of the memory takes part.
    """

    def norm(v: Any, k: int) -> Any:
        return normalised(v, w[f"norm{k}_w"], w[f"norm{k}_b"], shape.eps)

    if shape.norm_first:
        y = norm(x, 1)
        x = x + attended(y, y, y, w, shape.heads, taken)
        x = x + attended(norm(x, 2), memory, memory, w, shape.heads, reached, "cross_")
        return x + forward(norm(x, 3), w)
    x = norm(x + attended(x, x, x, w, shape.heads, taken), 1)
    x = norm(x + attended(x, memory, memory, w, shape.heads, reached, "cross_"), 2)
    return norm(x + forward(x, w), 3)
