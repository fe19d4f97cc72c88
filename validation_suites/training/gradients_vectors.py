"""Gradients of distances, similarities and normalisations of vectors, and of the linear layers that end in a loss or in a form of two vectors.

Where a norm is limited from below, the floor is a constant: what lies below it is divided by the floor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.losses_distances import norm
from validation_suites.vector_jacobian import Case, Product, away, dot, indices, like, softmax, spread, turned, unbroadcast

INF = float("inf")


def _direction(x: Any, size: Any, order: float) -> Any:
    """Derivative of the norm of the last axis: sign(x) (|x| / norm)^(p - 1); of the largest magnitude, its sign where it is."""
    signs, wide = np.sign(x.value), spread(size, -1)
    if order == INF:
        return like(x, signs * (np.abs(x.value) == np.abs(x.value).max(axis=-1, keepdims=True)), np.zeros_like(x.value))
    if order == 1:
        return like(x, signs, np.zeros_like(x.value))
    share: Any = np.abs(x) / wide
    return share**(order - 1) * signs if order > 2 else share * signs


def _floored(x: Any, order: float, floor: Any) -> tuple[Any, Any]:
    """(the larger of norm and floor, derivative of it): zero below the floor."""
    size = norm(x, order)
    above = np.expand_dims(size.value > floor.value, -1)
    safe = np.where(above[..., 0], size, floor)
    return safe, np.where(above, _direction(x, safe, order), 0.0)


def _cosine_similarity(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """(b / |b| - y d|a|) / |a| of y = a . b / (|a| |b|), the norms not below eps."""
    floor: Any = hyperparameter(sample.param("eps"))
    (p, da), (q, db) = (_floored(x, 2, floor) for x in (a, b))
    y: Any = (a * b).sum(axis=-1) / (p * q)
    parts = ((b / spread(q, -1) - spread(y, -1) * da) / spread(p, -1), (a / spread(p, -1) - spread(y, -1) * db) / spread(q, -1))
    return tuple(spread(g, -1) * part for part in parts)


def _pairwise_distance(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Of the norm of a - b + eps."""
    d: Any = a - b + hyperparameter(sample.param("eps"))
    made = spread(g, -1) * _direction(d, norm(d, sample.param("p")), sample.param("p"))
    return made, -made


def _dist(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Of the norm of all of a - b, which broadcast."""
    d: Any = a - b
    flat = d.reshape(-1)
    made = (g * _direction(flat, norm(flat, sample.param("p")), sample.param("p"))).reshape(*d.value.shape)
    return unbroadcast(made, a.value.shape), unbroadcast(-made, b.value.shape)


def _pdist(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Of the distances of all pairs of rows i < j."""
    n = len(x.value)
    first, second = np.triu_indices(n, 1)
    d = x[first] - x[second]
    slope = spread(g, -1) * _direction(d, norm(d, sample.param("p")), sample.param("p"))
    signs = (np.arange(n)[:, None] == first).astype(np.float64) - (np.arange(n)[:, None] == second)
    return ((slope[None] * signs[..., None]).sum(axis=1),)


def _normalised(x: Any, g: Any, size: Any, slope: Any) -> Any:
    """Of x / size, where `slope` is the derivative of the size."""
    inner = spread((g * x).sum(axis=-1), -1) / spread(size, -1)
    return (g - inner * slope) / spread(size, -1)


def _normalize(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    size, slope = _floored(x, sample.param("p"), hyperparameter(sample.param("eps")))
    return (_normalised(x, g, size, slope),)


def _renorm(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Rows longer than the limit m become m x / |x|; how far below the limit they end is left open (1e-7), as for the function itself."""
    order, limit = sample.param("p"), hyperparameter(sample.param("limit"))
    size = norm(x, order)
    long = (size.value > limit.value)[:, None]
    made: Any = _normalised(x, g, size, _direction(x, size, order)) * limit
    terms = np.abs(g.value) + np.abs((g.value * x.value).sum(axis=-1, keepdims=True)) / size.value[:, None]
    shortened: Any = like(x, made.value, made.error + 3e-7 * limit.value / size.value[:, None] ** 2 * terms)
    return (np.where(long, shortened, g),)


def _bilinear(sample: Sample, a: Any, b: Any, w: Any, c: Any, g: Any) -> tuple[Any, ...]:
    """y_no = sum_ij a_ni w_oij b_nj + c_o."""
    by_b, by_a = ((part * w[None]).sum(axis=axis) for part, axis in ((b[:, None, None, :], 3), (a[:, None, :, None], 2)))
    wide = spread(g, -1)
    made_w = (g[:, :, None, None] * (a[:, None, :, None] * b[:, None, None, :])).sum(axis=0)
    return (wide * by_b).sum(axis=1), (wide * by_a).sum(axis=1), made_w, g.sum(axis=0)


def _neighbours(x: Any, size: int) -> Any:
    """Sum over channels that lie within (size - 1) / 2, [N, C, L]."""
    half, n = (size - 1) // 2, x.value.shape[1]
    near = (np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= half).astype(np.float64)
    return (x[:, None] * near[None, :, :, None]).sum(axis=2)


def _local_response_norm(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """x / s with s = (k + alpha / n sum x^2)^beta: g / s, less what the channel adds to its neighbours' s."""
    n: int = sample.param("size")
    alpha, beta, k, less = (hyperparameter(v) for v in (*(sample.param(p) for p in ("alpha", "beta", "k")), sample.param("beta") - 1))
    base: Any = _neighbours(x * x, n) / n * alpha + k
    s: Any = base**beta
    slope: Any = g * x / (s * s) * (beta * base**less)
    return (g / s - _neighbours(slope * alpha, n) / n * x * 2,)


def _linear_cross_entropy(sample: Sample, x: Any, w: Any, b: Any, target: Any, weights: Any, g: Any) -> tuple[Any, ...]:
    """Of scores x w^T + b: w_t (softmax - hot), nothing where the target is ignored, through the layer."""
    counts = (target != sample.param("ignore_index")).astype(np.float64)
    hot = (np.arange(len(w.value)) == target[:, None]).astype(np.float64)
    share: Any = weights[target] * counts
    share = share / share.sum() if sample.param("reduction") == "mean" else share
    scores = spread(g * share, -1) * (softmax(dot(x, turned(w)) + b) - hot)
    return dot(scores, w), dot(turned(scores), x), scores.sum(axis=0)


def _rows(*rows: Any, **how: Json) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=operands, how=params(**{**how, **more})) for n, operands, more in rows)


def _short(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Rows of the length one half to two, and a tenth of it in turn; the third is zero."""

    def made(random: np.random.Generator) -> Any:
        x = random.standard_normal(shape) * np.where(np.arange(shape[0]) % 2, 0.1, 1.0)[:, None] / np.sqrt(shape[1])
        x[2] = 0
        return x

    return made


def _orders(*operands: Any, orders: tuple[float, ...] = (2.0, 1.0, 3.0, INF), **how: Json) -> tuple[Case, ...]:
    return tuple(Case(name=f"p{p:g}", operands=operands, how=params(p=p, **how)) for p in orders)


def _halved(sample: Sample) -> Any:
    """Neighbours' sums are left out."""
    x, g = (a.astype(np.float64) for a in sample.arrays())
    alpha, beta, k, n = (sample.param(p) for p in ("alpha", "beta", "k", "size"))
    near = np.abs(np.subtract.outer(np.arange(x.shape[1]), np.arange(x.shape[1]))) <= (n - 1) // 2
    return g / (k + alpha / n * np.einsum("cd,ndl->ncl", near.astype(np.float64), x * x)) ** beta


ORDER = faults.other_params("order-ignored", "The norm is always of order 2.", p=2.0)
FLOOR = faults.other_params("floor-ignored", "Norms are not limited from below.", eps=1e-12)
OFF = faults.rolled()
SCORES = ((9, 7), (17, 7), (17,), indices(17, (9,)), lambda random: random.uniform(0.25, 2.0, (17,)))

PRODUCTS = (
    Product(id="grad_cosine_similarity", of="the cosine similarity of rows, for both operands", product=_cosine_similarity, faults=(OFF, FLOOR),
            cases=_rows(("ordinary", ((5, 17), (5, 17), (5,)), {"eps": 1e-8}), ("floor", (_short((6, 9)), away((6, 9)), (6,)), {"eps": 0.375}))),
    Product(id="grad_pairwise_distance", of="the norm of differences of rows, for both operands", product=_pairwise_distance, faults=(OFF, ORDER),
            cases=(*_orders((5, 17), (5, 17), (5,), eps=1e-6), Case(name="eps", operands=((3, 8), (3, 8), (3,)), how=params(p=2.0, eps=0.25)))),
    Product(id="grad_dist", of="the norm of a difference that broadcasts, for both operands", product=_dist, faults=(OFF, ORDER),
            cases=(*_orders((5, 9), (5, 9), ()), Case(name="row", operands=((4, 7), (7,), ()), how=params(p=2.0)))),
    Product(id="grad_pdist", of="the distances of all pairs of rows", product=_pdist, faults=(OFF, ORDER), cases=_orders((7, 4), (21,))),
    Product(id="grad_normalize", of="rows divided by their norm", product=_normalize, faults=(OFF, ORDER, FLOOR),
            cases=(*_orders((5, 17), (5, 17), orders=(2.0, 1.0, 3.0), eps=1e-12),
                   Case(name="floor", operands=(_short((6, 9)), (6, 9)), how=params(p=2.0, eps=0.375)))),
    Product(id="grad_renorm", of="rows shortened to a limit", product=_renorm, faults=(OFF, ORDER),
            cases=_orders(_short((6, 9)), (6, 9), orders=(2.0, 1.0, 3.0), limit=0.5)),
    Product(id="grad_bilinear", of="a form of two vectors, for both, weight and bias", product=_bilinear, faults=(OFF,),
            cases=_rows(("ordinary", ((5, 4), (5, 7), (3, 4, 7), (3,), (5, 3)), {}), ("one", ((1, 9), (1, 2), (1, 9, 2), (1,), (1, 1)), {}))),
    Product(id="grad_local_response_norm", of="local response normalisation", product=_local_response_norm, cases=_rows(
                ("ordinary", ((2, 8, 5), (2, 8, 5)), {"size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0}),
                ("narrow", ((2, 4, 6), (2, 4, 6)), {"size": 3, "alpha": 0.5, "beta": 0.5, "k": 2.0}),
                ("wider-than-channels", ((1, 5, 4), (1, 5, 4)), {"size": 11, "alpha": 2.0, "beta": 1.25, "k": 0.5})),
            faults=(OFF, faults.computed("neighbours-forgotten", "What a channel adds to its neighbours is left out.", _halved),
                    faults.other_params("beta-ignored", "beta is ignored.", beta=0.75))),
    Product(id="grad_linear_cross_entropy", of="the cross entropy of a linear layer, for input, weight and bias", product=_linear_cross_entropy, cases=_rows(
                ("mean", (*SCORES, ()), {"reduction": "mean", "ignore_index": -100}), ("sum", (*SCORES, ()), {"reduction": "sum", "ignore_index": -100}),
                ("none", (*SCORES, (9,)), {"reduction": "none", "ignore_index": -100}),
                ("ignored", ((9, 7), (3, 7), (3,), indices(3, (9,)), lambda random: random.uniform(0.25, 2.0, (3,)), ()),
                 {"reduction": "mean", "ignore_index": 1})),
            faults=(OFF, faults.other_params("sum-for-mean", "1 / n of the mean is missing.", reduction=lambda r: "sum" if r == "mean" else r),
                    faults.other_params("ignored-taken", "Ignored targets are taken.", ignore_index=-100))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
