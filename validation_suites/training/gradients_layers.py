"""Gradients of layers and losses: products, pooling, batch normalisation, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter, rounded
from validation_suites import faults
from validation_suites.vector_jacobian import (
    Case,
    Product,
    distinct,
    dot,
    indices,
    like,
    near,
    plain,
    scattered,
    softmax,
    spread,
    tied,
    turned,
)  # fmt: skip


def _linear(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, w), dot(turned(g), x), g.sum(axis=0)


def _bmm(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, turned(b)), dot(turned(a), g)


def _windows(x: Any, k: int, s: int) -> tuple[Any, Any]:
    """(values [N, C, H', W', k k], flat positions [H', W', k k] in H W) of square windows without padding."""
    h, w = x.shape[-2:]
    rows, columns = (np.arange(0, n - k + 1, s) for n in (h, w))
    y, z = np.divmod(np.arange(k * k), k)
    at = (rows[:, None, None] + y) * w + columns[None, :, None] + z
    return x.reshape(*x.shape[:2], h * w)[:, :, at], at


def _pooled(sample: Sample, x: Any, g: Any, of: Callable[[Any], Any]) -> tuple[Any, ...]:
    """`of(values of the windows)` gives the share of g that each place of a window gets."""
    n, c, h, w = x.value.shape
    values, at = _windows(x.value, sample.param("kernel"), sample.param("stride"))
    flat = (np.arange(n * c).reshape(n, c, 1, 1, 1) * h * w + at).ravel()
    return (scattered((spread(g, -1) * of(values)).reshape(-1), flat, n * c * h * w).reshape(n, c, h, w),)


def _max_pool2d(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """To the largest of each window."""
    return _pooled(sample, x, g, lambda v: (v == v.max(axis=-1, keepdims=True)).astype(np.float64))


def _avg_pool2d(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    (made,) = _pooled(sample, x, g, lambda v: np.ones(v.shape))
    return (made / sample.param("kernel") ** 2,)


def _batch_norm(sample: Sample, x: Any, w: Any, b: Any, mean: Any, variance: Any, g: Any) -> tuple[Any, ...]:
    """Training: through the batch's own mean and variance; evaluation: those given are constants."""
    n, eps = x.value.shape[0], hyperparameter(sample.param("eps"))
    if not sample.param("training"):
        inverse: Any = 1 / np.sqrt(variance + eps)
        return g * (w * inverse), (g * ((x - mean) * inverse)).sum(axis=0), g.sum(axis=0)
    d = x - x.sum(axis=0) / n
    inverse = 1 / np.sqrt((d * d).sum(axis=0) / n + eps)
    z = d * inverse
    inner = (g * z).sum(axis=0)
    return (g - g.sum(axis=0) / n - z * (inner / n)) * (w * inverse), inner, g.sum(axis=0)


def _attention(sample: Sample, q: Any, k: Any, v: Any, g: Any) -> tuple[Any, ...]:
    """softmax(q k^T / sqrt(d)) v, causal or not."""
    scale = 1 / np.sqrt(hyperparameter(q.value.shape[-1]))
    scores: Any = dot(q, turned(k)) * scale
    if sample.param("causal"):
        hidden = np.triu(np.ones(scores.value.shape[-2:], dtype=bool), 1)
        scores = np.where(hidden, -(2.0**14), scores)  # held by every format, and nothing behind an exponential
    p = softmax(scores)
    inner = dot(g, turned(v))
    ds: Any = p * (inner - (inner * p).sum(axis=-1, keepdims=True)) * scale
    return dot(ds, k), dot(turned(ds), q), dot(turned(p), g)


def _divisor(sample: Sample, x: Any) -> float:
    return float(x.value.size) if sample.param("reduction") == "mean" else 1.0


def _l1(sample: Sample, x: Any, t: Any) -> tuple[Any, ...]:
    """Sign of x - t, zero where they are equal."""
    return (rounded(np.sign(x.value - t.value).astype(np.float64), sample.dtype) / _divisor(sample, x),)


def _smooth_l1(sample: Sample, x: Any, t: Any) -> tuple[Any, ...]:
    beta: Any = hyperparameter(sample.param("beta"))
    d = x - t
    return (np.where(np.abs(d.value) < beta.value, d / beta, np.sign(d.value)) / _divisor(sample, x),)


def _nll(sample: Sample, x: Any, target: Any, w: Any) -> tuple[Any, ...]:
    """-w_t at the target, divided by the weights of all targets."""
    hot = (np.arange(x.value.shape[1]) == target[:, None]).astype(np.float64)
    total = w[target].sum(axis=0) if sample.param("reduction") == "mean" else 1.0
    return (-(hot * w) / total,)


def _bce(sample: Sample, p: Any, t: Any) -> tuple[Any, ...]:
    """(p - t) / (p (1 - p)), by the two quotients or by one."""
    q = 1 - p
    by_one = (p - t) / (p * q)
    by_two = (1 - t) / q - t / p
    return (like(p, by_one.value, np.maximum(by_one.error, by_two.error)) / _divisor(sample, p),)


def _pools(x: Callable[..., Any]) -> tuple[Case, ...]:
    rows = (("k2", (2, 3, 8, 10), 2, 2), ("k3-overlapping", (1, 2, 9, 11), 3, 2), ("k3-dense", (2, 1, 7, 7), 3, 1))
    return tuple(
        Case(name=n, operands=(x(s), (*s[:2], (s[2] - k) // d + 1, (s[3] - k) // d + 1)), how=params(kernel=k, stride=d)) for n, s, k, d in rows
    )


def _norms() -> tuple[Case, ...]:
    return tuple(
        Case(name=f"n{n}-{mode}", operands=((n, c), (c,), (c,), (c,), _positive((c,)), (n, c)), how=params(training=mode == "training", eps=eps))
        for n, c, eps in ((16, 5, 1e-5), (65, 3, 1e-3)) for mode in ("training", "evaluation")
    )  # fmt: skip


def _positive(shape: tuple[int, ...], low: float = 0.25, high: float = 2.0) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.uniform(low, high, shape)


def _losses(*operands: Any, **how: Json) -> tuple[Case, ...]:
    return tuple(Case(name=f"{r}", operands=operands, how=params(reduction=r, **how)) for r in ("mean", "sum"))


SUM_FOR_MEAN = faults.other_params("sum-for-mean", "1 / n of the mean is missing.", reduction=lambda r: "sum" if r == "mean" else r)

PRODUCTS = (
    Product(id="grad_linear", of="x W^T + b, for input, weight and bias", product=_linear,
            cases=tuple(Case(name=f"{n}x{k}x{m}", operands=((n, k), (m, k), (m,), (n, m))) for n, k, m in ((7, 33, 9), (1, 16, 16), (65, 3, 17)))),
    Product(id="grad_bmm", of="the batched matrix product, for both factors", product=_bmm,
            cases=tuple(Case(name=f"{b}x{n}x{k}x{m}", operands=((b, n, k), (b, k, m), (b, n, m)))
                        for b, n, k, m in ((3, 7, 16, 9), (1, 1, 33, 1), (5, 16, 8, 17)))),
    Product(id="grad_max_pool2d", of="2-d maximum pooling", product=_max_pool2d, cases=_pools(distinct), faults=(faults.rolled(),)),
    Product(id="grad_avg_pool2d", of="2-d mean pooling", product=_avg_pool2d, cases=_pools(plain), faults=(faults.rolled(),)),
    Product(id="grad_batch_norm", of="batch normalisation in training and in evaluation, for input, weight and bias", product=_batch_norm, cases=_norms(),
            faults=(faults.other_params("wrong-mode", "The other mode's statistics are used.", training=lambda m: not m),
                    faults.other_params("wrong-eps", "Another eps.", eps=lambda e: 2 * e))),
    Product(id="grad_scaled_dot_product_attention", of="scaled dot product attention, for query, key and value", product=_attention,
            cases=tuple(Case(name=f"{n}x{m}x{d}{'-causal' * c}", operands=((2, 3, n, d), (2, 3, m, d), (2, 3, m, d), (2, 3, n, d)), how=params(causal=c))
                        for n, m, d, c in ((7, 9, 8, False), (9, 9, 16, True), (1, 33, 4, False), (17, 17, 8, True))),
            faults=(faults.other_params("mask-ignored", "The causal mask is ignored.", causal=False),)),
    Product(id="grad_l1_loss", of="the L1 loss, zero where x = t", product=_l1, cases=(*_losses((4, 33), (4, 33)), *(
                Case(name=f"equal-{c.name}", operands=(tied((5, 7), 3), tied((5, 7), 3)), how=c.how) for c in _losses((1,))), *(
                Case(name=f"near-{c.name}", operands=(near(2.0**-16), near(0.0)), how=c.how) for c in _losses((1,)))), faults=(SUM_FOR_MEAN,)),
    Product(id="grad_smooth_l1_loss", of="the smooth L1 loss", product=_smooth_l1, cases=(*_losses((4, 33), (4, 33), beta=1.0), *(
                Case(name=f"narrow-{c.name}", operands=c.operands, how=c.how) for c in _losses((5, 17), (5, 17), beta=0.25))),
            faults=(SUM_FOR_MEAN, faults.other_params("beta-ignored", "beta is ignored.", beta=1.0))),
    Product(id="grad_nll_loss", of="the weighted negative log likelihood", product=_nll, cases=_losses((9, 17), indices(17, (9,)), _positive((17,))),
            faults=(SUM_FOR_MEAN, faults.rolled())),
    Product(id="grad_binary_cross_entropy", of="the binary cross entropy of probabilities", product=_bce,
            cases=_losses(_positive((4, 33), 0.01, 0.99), _positive((4, 33), 0.0, 1.0)), faults=(SUM_FOR_MEAN,)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
