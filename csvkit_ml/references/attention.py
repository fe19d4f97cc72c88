"""Scaled dot-product attention in extended precision, with the rounding-error bound that its limit and its radius come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import Long, expected_extended, extended
from csvkit_ml.references.rounding import EXTENDED, ROUNDINGS, Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Everything of one evaluation that the error bound needs; axes (..., query, key)."""

    logits: Long
    """s = scale q.k + bias, -inf where masked."""
    magnitude: Array
    """A = |scale| |q|.|k|."""
    weights: Long
    """P = softmax(s)."""
    values: Long
    """v, heads repeated."""
    length: int
    """Head size d."""
    additive: bool
    """A floating-point mask was added."""
    capped: bool
    """Logits went through cap tanh(./cap) before anything was added."""


def attention(
    q: Array, k: Array, v: Array, *, dtype: str, scale: float | None = None, mask: Array | None = None, causal: bool = False,
    softcap: float = 0.0,
) -> Expected:  # fmt: skip
    """softmax(scale q k^T + bias) v over the last two axes.

    1. q is (..., Hq, L, d), k (..., H, S, d), v (..., H, S, e); query head i uses key head i // (Hq / H).
    2. scale is 1/sqrt(d) unless given; a boolean mask takes part where true, a floating-point one is added; causal keeps key j <= query i.
    3. A softcap c other than 0 replaces the scaled products s by c tanh(s / c); nothing is added to them then.
    4. scale of the criterion = the error bound of `_bound` in units of u; radius = the same bound for extended precision.
    """
    parts = _evaluate(q, k, v, scale, mask, causal, softcap)
    with np.errstate(all="ignore"):
        value = np.matmul(parts.weights, parts.values)
        bound = _bound(parts, ROUNDINGS[dtype]) / ROUNDINGS[dtype].store
        radius = 1.01 * _bound(parts, EXTENDED)
    return expected_extended(
        value, dtype=dtype, radius=_finite(radius), scale=_finite(bound), terms=parts.logits.shape[-1], any_sign_of_zero=True
    )


def scores(
    q: Array, k: Array, *, dtype: str, name: str, kind: str, scale: float | None = None, mask: Array | None = None, softcap: float = 0.0
) -> Expected:
    """What attention forms on the way, axes (..., query, key).

    Args:
        kind: `logits` (scale q k^T, with cap or mask), or `weights` (their softmax).
    """
    parts = _evaluate(q, k, np.zeros((*k.shape[:-1], 1), dtype=k.dtype), scale, mask, False, softcap)
    bound = _weight_bound if kind == "weights" else _logit_bound
    by, value = ROUNDINGS[dtype], parts.weights if kind == "weights" else parts.logits
    size, radius = bound(parts, by) / by.store, 1.01 * bound(parts, EXTENDED)
    return expected_extended(value, dtype=dtype, name=name, radius=radius, scale=size, terms=value.shape[-1], any_sign_of_zero=True)


def _finite(a: Array) -> Array:
    return np.nan_to_num(a, nan=0.0, posinf=0.0, neginf=0.0)


def _evaluate(q: Array, k: Array, v: Array, scale: float | None, mask: Array | None, causal: bool, softcap: float) -> _Parts:
    queries, keys, values = extended(q), extended(k), extended(v)
    if q.ndim > 3 and q.shape[-3] != k.shape[-3]:
        group = q.shape[-3] // k.shape[-3]
        keys, values = np.repeat(keys, group, axis=-3), np.repeat(values, group, axis=-3)
    factor = 1 / np.sqrt(np.longdouble(q.shape[-1])) if scale is None else np.longdouble(scale)
    turned = np.swapaxes(keys, -1, -2)
    with np.errstate(all="ignore"):
        products = np.matmul(queries, turned) * factor
        products = np.longdouble(softcap) * np.tanh(products / np.longdouble(softcap)) if softcap else products
        logits = products + _bias(mask, causal, q.shape[-2], k.shape[-2])
        magnitude = (np.matmul(np.abs(queries), np.abs(turned)) * abs(factor)).astype(np.float64)
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        weights = shifted / shifted.sum(axis=-1, keepdims=True)
    additive = mask is not None and mask.dtype.kind != "b"
    return _Parts(
        logits=logits, magnitude=magnitude, weights=weights, values=values, length=q.shape[-1], additive=additive,
        capped=bool(softcap),
    )  # fmt: skip


def _bias(mask: Array | None, causal: bool, queries: int, keys: int) -> Long:
    out = extended(np.zeros((queries, keys)))
    if causal:
        out = np.where(np.tri(queries, keys, dtype=bool), out, -np.inf)
    if mask is not None:
        out = out + (np.where(mask, 0.0, -np.inf) if mask.dtype.kind == "b" else extended(mask))
    return out


def _bound(p: _Parts, by: Rounding) -> Array:
    """Componentwise bound of |computed - true|, before the output is rounded.

    1. Weights: `_weight_shares`, with 2 u for storing them and the product with v, (n + 2) u_acc: t.
    2. Sum over keys of P (rho + t (1 + rho)) |v|, plus the floor times |v| for weights below the format's range.
    """
    weights, rho = _weight_shares(p, by)
    step = (2 * weights.shape[-1] + 10) * by.accumulate + 4 * by.store
    size = np.abs(p.values).astype(np.float64)
    return np.asarray(np.matmul(weights * (rho + step * (1 + rho)) + by.floor, size))


def _weight_bound(p: _Parts, by: Rounding) -> Array:
    """Of the weights themselves: exponential 6 u_acc + 2 u, sum of n terms n u_acc, quotient and storing 2 u."""
    weights, rho = _weight_shares(p, by)
    return np.asarray(weights * (rho + ((weights.shape[-1] + 8) * by.accumulate + 4 * by.store) * (1 + rho)) + by.floor)


def _logit_bound(p: _Parts, by: Rounding) -> Array:
    """Of the logits: scaling both operands by the rounded root of the scale (4 u A) or the product (2 u A), d products summed in the
    accumulating format ((d + 2) u_acc A), stored (u A); a cap takes a quotient, a tangent of 4 ulp and a product (6 u |s|, its slope is at
    most one); a mask is added (u |s|)."""
    size = np.nan_to_num(np.abs(p.logits).astype(np.float64), posinf=0.0)
    return ((p.length + 2) * by.accumulate + 5 * by.store) * p.magnitude + (6 * p.capped + p.additive) * by.store * size


def _weight_shares(p: _Parts, by: Rounding) -> tuple[Array, Array]:
    """(weights P, rho with |P'/P - 1| <= rho): logits err by D = `_logit_bound` and the maximum subtracted (u |s - max|); from exp(+-D) in
    numerator and denominator, exactly (no first-order argument)."""
    weights = p.weights.astype(np.float64)
    top = p.logits.max(axis=-1, keepdims=True)
    away = np.where(weights > 0, (top - p.logits).astype(np.float64), 0.0)
    shift = np.where(weights > 0, _logit_bound(p, by), 0.0) + by.store * away
    shift = np.where(weights > 0, np.minimum(shift, 300.0), np.where(weights == 0, 0.0, np.nan))
    more, less = _change(weights, shift), _change(weights, -shift)
    return weights, np.maximum(more, -less)


def _change(weights: Array, shift: Array) -> Array:
    """exp(shift) / sum(P exp(-shift)) - 1 without cancellation, shift of one sign."""
    total = (weights * np.expm1(-shift)).sum(axis=-1, keepdims=True)
    return np.asarray((np.expm1(shift) - total) / (1 + total))
