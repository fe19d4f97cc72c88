"""Losses of class scores [N, C, ...]: likelihoods and margins, of one class, several classes or class probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.logits import log_softmax
from csvkit_ml.references.running_error import Rounded, hyperparameter
from validation_suites import faults
from validation_suites.sampling import normal, uniform
from validation_suites.training.losses_pointwise import Loss, softplus

DEEP = ((9, 17), (3, 10, 4), (2, 5, 3, 4))
FLAT = ((9, 17), (5, 4), (3, 33))
EDGES = ((1, 1), (2, 16), (4, 257), (0, 5))


def _classes(shape: tuple[int, ...], name: str) -> Tensor:
    return Tensor.of(seed_for("classes", name).integers(0, shape[1], (shape[0], *shape[2:])), "int64")


def _weights(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    return uniform(dtype, (shape[1],), name, "weights", low=0.25, high=2.0)


def _likelihood_operands(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Log probabilities, classes, weights."""
    x = normal("float64", shape, name, scale=scale).array()
    return Tensor.of(x - np.log(np.exp(x).sum(axis=1, keepdims=True)), dtype), _classes(shape, name), _weights(dtype, shape, name)


def _scored(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Scores, classes, weights."""
    return normal(dtype, shape, name, scale=scale), _classes(shape, name), _weights(dtype, shape, name)


def _several(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Scores; 0 to C - 1 distinct classes a row, then -1, behind it numbers that do not count."""
    random = seed_for("several", name)
    target = np.stack([random.permutation(shape[1]) for _ in range(shape[0])]) if shape[0] else np.zeros(shape, dtype=np.int64)
    for row, count in zip(target, random.integers(0, shape[1], shape[0]), strict=True):
        row[count] = -1
    return normal(dtype, shape, name, scale=scale), Tensor.of(target, "int64")


def _labelled(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Scores, 0 or 1 for every class, weights."""
    y = (seed_for("labels", name).random(shape) < 0.4).astype(np.float64)
    return normal(dtype, shape, name, scale=scale), Tensor.of(y, dtype), _weights(dtype, shape, name)


def _mixed(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Logits, class probabilities, weights."""
    q = np.exp(normal("float64", shape, name, "q").array())
    return normal(dtype, shape, name, scale=3 * scale), Tensor.of(q / q.sum(axis=1, keepdims=True), dtype), _weights(dtype, shape, name)


def _picked(x: Rounded, target: Any) -> Rounded:
    """The entry of every target, class axis removed."""
    at = np.expand_dims(target, 1)
    return Rounded(np.take_along_axis(x.value, at, 1).squeeze(1), np.take_along_axis(x.error, at, 1).squeeze(1), x.by)


def _nll(sample: Sample, x: Any, target: Any, w: Any) -> Any:
    """-w_t x_t, zero where t is ignored; the mean is divided by the weights of the targets that count."""
    counts = (target != sample.param("ignore_index")).astype(np.float64)
    share = w[target] if sample.param("weighted") else 1.0
    return -(_picked(x, target) * share * counts), (Rounded(counts, 0 * counts, x.by) * share).reshape(-1).sum(axis=0)


def _softmax_nll(sample: Sample, x: Any, target: Any, w: Any) -> Any:
    """The likelihood loss of log softmax."""
    lp, error = log_softmax(x.value, axis=1)
    return _nll(sample, Rounded(lp, error * x.by.u, x.by), target, w)


def _multi_margin(sample: Sample, x: Any, target: Any, w: Any) -> Any:
    """sum over i != t of w_t max(0, margin - x_t + x_i)^p, divided by C."""
    others = np.arange(x.value.shape[1]) != target[:, None]
    gap = np.maximum(hyperparameter(sample.param("margin")) - _picked(x, target)[:, None] + x, 0.0)
    each = np.where(others, gap * gap if sample.param("p") == 2 else gap, 0.0)
    return (each * (w[target][:, None] if sample.param("weighted") else 1.0)).sum(axis=1) / x.value.shape[1]


def _multilabel_margin(sample: Sample, x: Any, target: Any) -> Any:
    """sum over classes j of the row and i not of it of max(0, 1 - (x_j - x_i)), divided by C."""
    n, c = target.shape
    valid = np.cumsum(target < 0, axis=1) == 0
    chosen = np.where(valid, target, 0)
    member = ((chosen[:, :, None] == np.arange(c)) & valid[:, :, None]).any(axis=1)
    own = x[np.arange(n)[:, None], chosen]
    gaps = np.maximum(1 - (own[:, :, None] - x[:, None, :]), 0.0)
    return np.where(valid[:, :, None] & ~member[:, None, :], gaps, 0.0).reshape(n, c * c).sum(axis=1) / c


def _multilabel_soft_margin(sample: Sample, x: Any, y: Any, w: Any) -> Any:
    """Mean over the classes of -w_c [y log s(x) + (1 - y) log s(-x)]."""
    loss = y * softplus(-x) + (1 - y) * softplus(x)
    return (loss * w if sample.param("weighted") else loss).sum(axis=1) / x.value.shape[1]


def _soft_targets(sample: Sample, x: Any, q: Any, w: Any) -> Any:
    """-sum_c w_c [(1 - s) q_c + s / C] log p_c; the mean is over positions, whatever the weights."""
    c, s = x.value.shape[1], hyperparameter(sample.param("label_smoothing"))
    lp, error = log_softmax(x.value, axis=1)
    share = q * (1 - s) + s / c if sample.param("label_smoothing") else q
    if sample.param("weighted"):
        share = share * w.reshape(-1, *[1] * (x.value.ndim - 2))
    return -(share * Rounded(lp, error * x.by.u, x.by)).sum(axis=1)


def _next_class(sample: Sample) -> Sample:
    """Every target is the next class."""
    x, target, *more = sample.inputs
    shifted = Tensor.of((target.array() + 1) % x.shape[1], "int64")
    return replace(sample, inputs=(x, shifted, *more))


def _all_counted(sample: Sample) -> Any:
    """Ignored targets count in the divisor."""
    _, target, w = sample.arrays()
    share = (w if sample.param("weighted") else np.ones_like(w))[target]
    counted = share[target != sample.param("ignore_index")].sum()
    if sample.param("reduction") != "mean" or counted in (0, share.sum()):
        return None
    return LOSSES[0].reference(sample)[0].value * counted / share.sum()


def _beyond_the_end(sample: Sample) -> Sample:
    """Classes behind the first -1 are taken for targets."""
    x, target = sample.inputs
    rows = [[*r[r >= 0], *r[r < 0]] for r in target.array()]
    return replace(sample, inputs=(x, Tensor.of(np.array(rows, dtype=np.int64).reshape(target.shape), "int64")))


WEIGHT = faults.other_params("weight-ignored", "Class weights are ignored.", weighted=False)
NEXT = faults.other_sample("class-off-by-one", "The class next to the target is taken.", _next_class)

LOSSES = (
    Loss(id="nll_loss", of="-w_t x_t of class targets t, ignored ones left out", formula=_nll, operands=_likelihood_operands, module="NLLLoss",
         settings={"weighted": (False, True), "ignore_index": (-100, 1)}, shapes=DEEP, edges=EDGES, nan_in=None, wide=(),
         faults=(WEIGHT, NEXT, faults.other_params("ignored-taken", "Ignored targets are taken.", ignore_index=-100),
                 faults.computed("ignored-counted", "Ignored targets count in the mean's divisor.", _all_counted))),
    Loss(id="softmax_cross_entropy_loss", of="-w_t log softmax(x)_t of class targets t, ignored ones left out", formula=_softmax_nll, operands=_scored,
         module="CrossEntropyLoss (class indices)", settings={"weighted": (False, True), "ignore_index": (-100, 1)}, shapes=DEEP, edges=EDGES,
         nan_in=None, faults=(WEIGHT, NEXT, faults.other_params("ignored-taken", "Ignored targets are taken.", ignore_index=-100))),
    Loss(id="multi_margin_loss", of="the multi-class margin loss", formula=_multi_margin, operands=_scored, module="MultiMarginLoss",
         settings={"p": (1, 2), "margin": (1.0, 0.4), "weighted": (False, True)}, shapes=FLAT, edges=EDGES, nan_in=None,
         faults=(WEIGHT, NEXT, faults.other_params("margin-ignored", "The margin is ignored.", margin=1.0),
                 faults.other_params("order-ignored", "The order is ignored.", p=1))),
    Loss(id="multilabel_margin_loss", of="the multi-label margin loss", formula=_multilabel_margin, operands=_several, module="MultiLabelMarginLoss",
         shapes=FLAT, edges=((1, 1), (2, 16), (3, 65), (0, 5)), nan_in=None,
         faults=(faults.other_sample("past-the-end", "Classes behind the first -1 are taken for targets.", _beyond_the_end),)),
    Loss(id="multilabel_soft_margin_loss", of="the mean over classes of the binary cross entropy of sigmoid(x)", formula=_multilabel_soft_margin,
         operands=_labelled, module="MultiLabelSoftMarginLoss", settings={"weighted": (False, True)}, shapes=FLAT, edges=EDGES, faults=(WEIGHT,)),
    Loss(id="cross_entropy_probabilities", of="the cross entropy of softmax(x) and class probabilities, weighted and smoothed", formula=_soft_targets,
         operands=_mixed, module="CrossEntropyLoss (class probabilities)",
         settings={"weighted": (False, True), "label_smoothing": (0.0, 0.1)}, shapes=DEEP, edges=EDGES, wide=(1e-4, 20.0),
         faults=(WEIGHT, faults.other_params("smoothing-ignored", "Label smoothing is ignored.", label_smoothing=0.0))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(loss.function() for loss in LOSSES)
