"""Gradients of losses by every operand that carries one, for each reduction: derivatives by hand in numbers that carry their rounding errors.

The last operand is the upstream gradient: of the reduced loss one number, of unreduced losses one for each. Data keep away from kinks,
where no documentation says which derivative a composed loss has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.gradients_layers import SUM_FOR_MEAN
from validation_suites.training.losses_distances import norm
from validation_suites.vector_jacobian import Case, Product, away, indices, like, softmax, spread, wide

PAIR = ((4, 17), (4, 17))


def _share(sample: Sample, g: Any, losses: int, batch: int = 1) -> Any:
    """What every loss gets of the upstream gradient."""
    return g / {"mean": losses, "batchmean": batch}.get(sample.param("reduction"), 1)


def _row_share(sample: Sample, g: Any, rows: int) -> Any:
    """The same for one loss a row, to be multiplied by [rows, C]."""
    made = _share(sample, g, rows)
    return spread(made, -1) if made.value.ndim else made


def _picked(mask: Any, made: Any) -> Any:
    return np.where(mask, made, 0.0)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _better(one: Any, two: Any) -> Any:
    """A value that libraries form in either of two ways."""
    return like(one, one.value, np.maximum(one.error, two.error))


def _huber(sample: Sample, x: Any, t: Any, g: Any) -> tuple[Any, ...]:
    d: Any = x - t
    delta: Any = hyperparameter(sample.param("delta"))
    made = _share(sample, g, d.value.size) * np.where(np.abs(d.value) <= delta.value, d, delta * np.sign(d.value))
    return made, -made


def _kl(sample: Sample, x: Any, t: Any, g: Any) -> tuple[Any, ...]:
    """t (log t - x), or exp(l) (l - x) of a target l."""
    share = _share(sample, g, x.value.size, x.value.shape[0])
    if sample.param("log_target"):
        e: Any = np.exp(t)
        return -(share * e), share * e * (t - x) + share * e
    return -(share * t), share * (np.log(t) + 1 - x)


def _bce_with_logits(sample: Sample, x: Any, t: Any, w: Any, positive: Any, g: Any) -> tuple[Any, ...]:
    """(1 - t) - l s(-x) = l s(x) - p t with l = 1 + (p - 1) t."""
    scaled = 1 + (positive - 1) * t
    slope = _better(1 - t - scaled * _sigmoid(-x), scaled * _sigmoid(x) - positive * t)
    return (_share(sample, g, x.value.size) * w * slope,)


def _poisson(sample: Sample, x: Any, t: Any, g: Any) -> tuple[Any, ...]:
    slope = np.exp(x) - t if sample.param("log_input") else 1 - t / (x + hyperparameter(sample.param("eps")))
    return (_share(sample, g, x.value.size) * slope,)


def _gaussian(sample: Sample, x: Any, t: Any, v: Any, g: Any) -> tuple[Any, ...]:
    """The floor of the variance is no part of the derivative, as documented: what lies below it gets the derivative at the floor."""
    floor: Any = hyperparameter(sample.param("eps"))
    v = np.maximum(v, floor)
    share, d = _share(sample, g, x.value.size), x - t
    made = share * (d / v)
    return made, -made, share * (0.5 * (1 / v - d * d / (v * v)))


def _hinge(sample: Sample, x: Any, y: Any, g: Any) -> tuple[Any, ...]:
    share: Any = wide(_share(sample, g, x.value.size), x.value.shape)
    return (np.where(y.value == 1, share, -_picked(x.value < sample.param("margin"), share)),)


def _soft_margin(sample: Sample, x: Any, y: Any, g: Any) -> tuple[Any, ...]:
    return (-(_share(sample, g, x.value.size) * y * _sigmoid(-(x * y))),)


def _ranking(sample: Sample, a: Any, b: Any, y: Any, g: Any) -> tuple[Any, ...]:
    active = sample.param("margin") - y.value * (a.value - b.value) > 0
    made = _picked(active, wide(_share(sample, g, a.value.size), a.value.shape) * y)
    return -made, made


def _at_target(x: Any, target: Any) -> Any:
    return np.arange(x.value.shape[1]) == target[:, None]


def _multi_margin(sample: Sample, x: Any, target: Any, w: Any, g: Any) -> tuple[Any, ...]:
    """Classes too near the target's get w p gap^(p - 1) / C, and the target what they get together, negated."""
    hot = _at_target(x, target)
    own = like(x, x.value[hot][:, None], x.error[hot][:, None])
    gap: Any = hyperparameter(sample.param("margin")) - own + x
    one = like(x, np.ones_like(x.value), np.zeros_like(x.value))
    slope = _picked(~hot & (gap.value > 0), 2 * gap if sample.param("p") == 2 else one)
    made = _row_share(sample, g, len(target)) * (slope * w[target][:, None] / x.value.shape[1])
    return (np.where(hot, -made.sum(axis=1, keepdims=True), made),)


def _multilabel_margin(sample: Sample, x: Any, target: Any, g: Any) -> tuple[Any, ...]:
    """Every pair of a class of the row and one not of it that are too near: 1 / C from the first to the second."""
    c = x.value.shape[1]
    valid = np.cumsum(target < 0, axis=1) == 0
    chosen = np.where(valid, target, 0)
    member = ((chosen[:, :, None] == np.arange(c)) & valid[:, :, None]).any(axis=1)
    near_pairs = member[:, :, None] & ~member[:, None, :] & (1 - (x.value[:, :, None] - x.value[:, None, :]) > 0)
    up, down = near_pairs.sum(axis=1), near_pairs.sum(axis=2)
    each = _row_share(sample, g, len(target)) / c
    made = each * (up - down).astype(np.float64)
    terms = np.maximum(up + down, 1)  # added one by one
    return (like(x, made.value, made.error + np.minimum(terms, 6 * np.sqrt(terms)) * x.by.u * np.abs(each.value) * terms),)


def _multilabel_soft_margin(sample: Sample, x: Any, y: Any, w: Any, g: Any) -> tuple[Any, ...]:
    slope = np.where(y.value == 1, -_sigmoid(-x), _sigmoid(x)) * w / x.value.shape[1]
    return (_row_share(sample, g, x.value.shape[0]) * slope,)


def _cosine_embedding(sample: Sample, a: Any, b: Any, y: Any, g: Any) -> tuple[Any, ...]:
    """d cos / d a = (b - a (a b) / |a|^2) / (|a| |b|)."""
    aa, bb, ab = ((p * q).sum(axis=1, keepdims=True) for p, q in ((a, a), (b, b), (a, b)))
    size: Any = np.sqrt(aa * bb)
    sign = np.where(y.value[:, None] == 1, -1.0, ((ab / size).value > sample.param("margin")).astype(np.float64))
    share = _row_share(sample, g, len(y.value)) * sign / size
    return share * (b - a * (ab / aa)), share * (a - b * (ab / bb))


def _distance_slope(d: Any, order: float) -> Any:
    """Of the norm of the rows: sign(d) (|d| / |d|_p)^(p - 1)."""
    size: Any = np.abs(d)
    signs = np.sign(d.value)
    if order == 1:
        return like(d, signs, np.zeros_like(signs))
    share = size / norm(d, order)[:, None]
    return (share if order == 2 else share * share) * signs


def _triplet(sample: Sample, a: Any, p: Any, n: Any, g: Any) -> tuple[Any, ...]:
    """Of max(0, d(a, p) - d(a, n) + margin); swapped, d(p, n) stands for d(a, n) where it is smaller."""
    order, eps = sample.param("p"), hyperparameter(sample.param("eps"))
    near_by, far, other = a - p + eps, a - n + eps, p - n + eps
    swapped = (norm(other, order).value < norm(far, order).value) & bool(sample.param("swap"))
    loss = norm(near_by, order).value - np.where(swapped, norm(other, order).value, norm(far, order).value) + sample.param("margin")
    share = _row_share(sample, g, len(a.value)) * (loss > 0)[:, None].astype(np.float64)
    one, by_a, by_p = (share * _distance_slope(d, order) for d in (near_by, far, other))
    at_a, at_p = _picked(~swapped[:, None], by_a), _picked(swapped[:, None], by_p)
    return one - at_a, -one - at_p, at_a + at_p


def _probabilities(sample: Sample, x: Any, q: Any, w: Any, g: Any) -> tuple[Any, ...]:
    """p sum(h) - h with h = w [(1 - s) q + s / C], for the scores; -w (1 - s) log p for the target."""
    c, s = x.value.shape[1], hyperparameter(sample.param("label_smoothing"))
    p, top = softmax(x), x.value.max(axis=-1, keepdims=True)
    gap = 2 * x.by.u * (np.abs(x.value) + np.abs(top) + np.log(c))
    p = like(x, p.value, p.error + p.value * gap)
    lp = like(x, np.log(p.value), gap + p.error / p.value)
    h = w * (q * (1 - s) + s / c)
    share = _row_share(sample, g, len(x.value))
    return share * (p * h.sum(axis=1, keepdims=True) - h), -(share * (w * (1 - s) * lp))


def uniform(shape: tuple[int, ...], low: float, high: float) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.uniform(low, high, shape)


def signs(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """1 or -1."""
    return lambda random: np.where(random.random(shape) < 0.5, -1.0, 1.0)


def _labels(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda random: (random.random(shape) < 0.4).astype(np.float64)


def counts(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.poisson(2.0, shape).astype(np.float64)


def _shares(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Rows that sum to one."""

    def made(random: np.random.Generator) -> Any:
        q = np.exp(random.standard_normal(shape))
        return q / q.sum(axis=1, keepdims=True)

    return made


def _several(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """1 to C - 1 distinct classes a row, then -1, behind it numbers that do not count."""

    def made(random: np.random.Generator) -> Any:
        target = np.stack([random.permutation(shape[1]) for _ in range(shape[0])])
        target[np.arange(shape[0]), random.integers(1, shape[1], shape[0])] = -1
        return target

    return made


def _cases(
    operands: tuple[Any, ...], losses: tuple[int, ...], *settings: dict[str, Json], reductions: tuple[str, ...] = ("mean", "sum", "none")
) -> tuple[Case, ...]:
    """Every reduction with the first setting, the others in turn."""
    rows = [(r, settings[i % len(settings)]) for i, r in enumerate((*reductions, *reductions)[: max(len(reductions), len(settings))])]
    return tuple(
        Case(name="-".join([r, *(f"{n.replace('_', '.')}={str(v).lower()}" for n, v in how.items())]),
             operands=(*operands, losses if r == "none" else ()), how=params(reduction=r, **how))
        for r, how in rows
    )  # fmt: skip


def _other(name: str, value: Json) -> Any:
    return faults.other_params(f"{name.replace('_', '-')}-ignored", f"{name} is ignored.", **{name: value})


def _loss(id: str, of: str, product: Callable[..., tuple[Any, ...]], cases: tuple[Case, ...], *more: Any) -> Product:
    return Product(id=f"grad_{id}", of=of, product=product, cases=cases, faults=(SUM_FOR_MEAN, *more))


PRODUCTS = (
    _loss("huber_loss", "the Huber loss, for both operands", _huber, _cases(PAIR, (4, 17), {"delta": 1.0}, {"delta": 0.3}, {"delta": 2.5}),
          _other("delta", 1.0)),
    _loss("kl_div", "the Kullback-Leibler divergence, for the log probabilities and the target", _kl,
          (*_cases(((4, 17), uniform((4, 17), 0.05, 1.0)), (4, 17), {"log_target": False}, reductions=("batchmean", "mean", "none")),
           *_cases(PAIR, (4, 17), {"log_target": True}, reductions=("sum", "batchmean"))),
          faults.other_params("elements-for-batch", "The sum is divided by the elements instead of the batch.",
                              reduction=lambda r: "mean" if r == "batchmean" else r)),
    _loss("bce_with_logits", "the binary cross entropy of logits, weighted", _bce_with_logits,
          _cases(((4, 17), uniform((4, 17), 0.0, 1.0), uniform((17,), 0.25, 2.0), uniform((17,), 0.5, 3.0)), (4, 17), {})),
    _loss("poisson_nll_loss", "the Poisson negative log likelihood", _poisson,
          (*_cases(((4, 17), counts((4, 17))), (4, 17), {"log_input": True, "eps": 1e-8, "full": True}),
           *_cases((uniform((4, 17), 0.1, 4.0), counts((4, 17))), (4, 17), {"log_input": False, "eps": 1e-3, "full": True}, reductions=("sum", "none"))),
          faults.other_params("input-form", "A rate is taken for its logarithm or the reverse.", log_input=lambda v: not v)),
    _loss("gaussian_nll_loss", "the Gaussian negative log likelihood, for mean, target and variance", _gaussian,
          _cases((*PAIR, uniform((4, 17), 0.02, 2.0)), (4, 17), {"eps": 1e-6, "full": True}, {"eps": 0.5, "full": False}, {"eps": 1e-6, "full": False}),
          faults.other_params("no-floor", "Variances have no floor.", eps=1e-30)),
    _loss("hinge_embedding_loss", "the hinge embedding loss", _hinge,
          _cases(((4, 17), signs((4, 17))), (4, 17), {"margin": 1.0}, {"margin": 0.25}, {"margin": 1.0}), _other("margin", 9.0)),
    _loss("soft_margin_loss", "log(1 + exp(-y x))", _soft_margin, _cases(((4, 17), signs((4, 17))), (4, 17), {})),
    _loss("margin_ranking_loss", "the margin ranking loss, for both scores", _ranking,
          _cases((*PAIR, signs((4, 17))), (4, 17), {"margin": 0.7}, {"margin": 0.0}, {"margin": 0.7}), _other("margin", 0.0)),
    _loss("multi_margin_loss", "the multi-class margin loss", _multi_margin,
          _cases(((5, 9), indices(9, (5,)), uniform((9,), 0.25, 2.0)), (5,), {"p": 1, "margin": 1.0}, {"p": 2, "margin": 1.0}, {"p": 2, "margin": 0.4}),
          _other("margin", 1.0), _other("p", 1)),
    _loss("multilabel_margin_loss", "the multi-label margin loss", _multilabel_margin,
          _cases(((5, 9), _several((5, 9))), (5,), {})),
    _loss("multilabel_soft_margin_loss", "the multi-label soft margin loss", _multilabel_soft_margin,
          _cases(((5, 9), _labels((5, 9)), uniform((9,), 0.25, 2.0)), (5,), {})),
    _loss("cosine_embedding_loss", "the cosine embedding loss, for both vectors", _cosine_embedding,
          _cases((away((7, 9)), away((7, 9)), signs((7,))), (7,), {"margin": 0.0}, {"margin": 0.1}, {"margin": 0.1})),
    _loss("triplet_margin_loss", "the triplet margin loss, for anchor, positive and negative", _triplet,
          _cases((away((7, 9)), away((7, 9)), away((7, 9))), (7,), {"p": 2.0, "margin": 1.0, "swap": False, "eps": 1e-6},
                 {"p": 2.0, "margin": 1.0, "swap": True, "eps": 1e-6}, {"p": 3.0, "margin": 0.2, "swap": False, "eps": 1e-6},
                 {"p": 1.0, "margin": 2.0, "swap": True, "eps": 1e-6}),
          faults.other_params("swap-ignored", "The swap is ignored.", swap=False)),
    _loss("cross_entropy_probabilities", "the cross entropy of scores and class probabilities, for both", _probabilities,
          _cases(((5, 9), _shares((5, 9)), uniform((9,), 0.25, 2.0)), (5,), {"label_smoothing": 0.0}, {"label_smoothing": 0.1}, {"label_smoothing": 0.1}),
          _other("label_smoothing", 0.0)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
