"""Adaptive softmax: frequent classes beside one entry for each cluster of rare ones, whose own classes follow from a smaller projection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.extended import U, expected_extended, extended
from validation_suites import faults
from validation_suites.sampling import normal

DTYPES = ("float32", "float64")
SHAPES: tuple[tuple[int, int, int, tuple[int, ...], float, bool], ...] = (
    (7, 12, 11, (3, 6), 2.0, False), (7, 12, 11, (3, 6), 2.0, True), (1, 8, 5, (2,), 4.0, False),
    (16, 9, 20, (4, 9, 15), 3.0, True), (5, 4, 3, (1, 2), 1.0, False),
)  # fmt: skip
"""(rows, features, classes, cutoffs, divisor of each projection's width, bias of the head)."""
Logits = tuple[Any, Any]
"""(values, bounds of their rounding error in u)."""


def _samples() -> Iterable[Sample]:
    """(x [N, F], targets [N], head [S + K, F], bias [S + K], then for each cluster its projection [H, F] and its classes [C, H])."""
    for i, ((rows, f, classes, cutoffs, div, bias), dtype) in enumerate((s, d) for s in SHAPES for d in DTYPES):
        name = f"{dtype}-n{rows}-classes{classes}-clusters{len(cutoffs)}{'-bias' * bias}"
        clusters = list(zip(cutoffs, (*cutoffs[1:], classes), strict=True))
        targets = np.arange(rows) if rows > 3 else seed_for("adaptive", name).integers(0, classes, rows)
        made = [normal(dtype, (rows, f), "adaptive x", name), Tensor.of(targets % classes, "int64")]
        made += [normal(dtype, (cutoffs[0] + len(cutoffs), f), "head", name), normal(dtype, (cutoffs[0] + len(cutoffs),), "bias", name)]
        for k, (low, high) in enumerate(clusters):
            width = int(f // div ** (k + 1))
            made += [normal(dtype, (width, f), "projection", name, str(k)), normal(dtype, (high - low, width), "classes", name, str(k))]
        why = SampleClass.EDGE if rows == 1 else SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=tuple(made), params=params(bias=bias, classes=classes, cutoffs=cutoffs, div=div), why=why)


def _product(w: Any, x: Any, slack: Any) -> Logits:
    """x W' and what rounding it, and x itself, changes."""
    return x @ w.T, (np.abs(x) * w.shape[1] + slack) @ np.abs(w).T


def _log_softmax(logits: Logits) -> Logits:
    z, slack = logits
    top = z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    y = z - top - log_sum
    return y, slack + slack.max(axis=1, keepdims=True) + np.abs(z - top) + log_sum + np.abs(y)


def _parts(sample: Sample) -> tuple[Logits, list[Logits]]:
    """Log probabilities of the head's entries, and of each cluster's classes within it."""
    x, _, head, bias, *tails = (extended(a) for a in sample.arrays())
    z, slack = _product(head, x, 0)
    first = _log_softmax((z + bias, slack + np.abs(bias)) if sample.param("bias") else (z, slack))
    rest = [_log_softmax(_product(c, *_product(p, x, 0))) for p, c in zip(tails[::2], tails[1::2], strict=True)]
    return first, rest


def full(sample: Sample) -> Logits:
    """Log probabilities [N, C] of all classes."""
    (head, slack), rest = _parts(sample)
    kept = sample.param("cutoffs")[0]
    values, errors = [head[:, :kept]], [slack[:, :kept]]
    for k, (y, e) in enumerate(rest):
        values.append(head[:, kept + k, None] + y)
        errors.append(slack[:, kept + k, None] + e + np.abs(values[-1]))
    return np.concatenate(values, axis=1), np.concatenate(errors, axis=1)


def _gradient(sample: Sample) -> Logits:
    """Of the mean negative log probability by x [N, F]."""
    x, _, head, _, *tails = (extended(a) for a in sample.arrays())
    targets = sample.arrays()[1]
    (first, slack), rest = _parts(sample)
    kept, n = sample.param("cutoffs")[0], len(x)
    edges = (*sample.param("cutoffs"), sample.param("classes"))
    cluster = np.searchsorted(edges, targets, side="right") - 1
    chosen = np.where(cluster < 0, targets, kept + cluster)
    back = np.exp(first) - (np.arange(first.shape[1]) == chosen[:, None])
    size = np.exp(first) * (1 + slack) + (np.arange(first.shape[1]) == chosen[:, None])
    value, scale = back @ head / n, size @ np.abs(head) / n
    for k, (y, e) in enumerate(rest):
        mine = (cluster == k)[:, None]
        hit = np.arange(y.shape[1]) == (targets - edges[k])[:, None]
        w, most = tails[2 * k + 1] @ tails[2 * k], np.abs(tails[2 * k + 1]) @ np.abs(tails[2 * k])
        value = value + np.where(mine, (np.exp(y) - hit) @ w, 0) / n
        scale = scale + np.where(mine, (np.exp(y) * (1 + e) + hit) @ most, 0) / n
    return value, scale * (head.shape[0] + head.shape[1])


def reference(sample: Sample) -> tuple[Expected, ...]:
    """(log probabilities of all classes [N, C], of each target [N], mean negative log probability, its gradient by x [N, F])."""
    y, slack = full(sample)
    at = np.arange(len(y)), sample.arrays()[1]
    made = ((y, slack), (y[at], slack[at]), (-y[at].mean(), slack[at].mean() + np.abs(y[at]).sum()), _gradient(sample))
    names = ("y", "y1", "y2", "y3")
    return tuple(
        expected_extended(np.asarray(v), dtype=sample.dtype, name=n, radius=64 * U * np.asarray(s), scale=s, any_sign_of_zero=True)
        for n, (v, s) in zip(names, made, strict=True)
    )


def _other(sample: Sample, **changes: Any) -> tuple[Any, ...]:
    """Values with other operands by position."""
    inputs = tuple(changes.get(f"at{i}", t) for i, t in enumerate(sample.inputs))
    return tuple(e.value for e in reference(replace(sample, inputs=inputs)))


def _without_entry(sample: Sample) -> tuple[Any, ...]:
    """The cluster's own probability is not multiplied in."""
    _, rest = _parts(sample)
    made = [e.value.copy() for e in reference(sample)]
    for low, (y, _) in zip(sample.param("cutoffs"), rest, strict=True):
        made[0][:, low : low + y.shape[1]] = y
    return tuple(made)


def _late_cutoff(sample: Sample) -> tuple[Any, ...]:
    """Every target is taken for its neighbour."""
    return _other(sample, at1=Tensor.of((sample.arrays()[1] + 1) % sample.param("classes"), "int64"))


def _gradient_off(sample: Sample) -> tuple[Any, ...]:
    made = [e.value for e in reference(sample)]
    return (*made[:3], made[3] * (1 + 1e-4))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="adaptive_log_softmax", side=Side.TRAINING, area="losses",
        requirement="The library shall return the log probabilities of an adaptive softmax, its mean loss, and the loss's gradient by the features.",
        source="Grave et al. 2017, Efficient softmax approximation for GPUs; PyTorch documentation, torch.nn.AdaptiveLogSoftmaxWithLoss",
        oracle="extended precision (2^-64)", samples=_samples, reference=reference,
        criterion=Scaled(
            c=4.0, c_hard=32.0, scale="n times the magnitudes of each product's terms, |z - max| + log sum exp, and their sums over head and cluster",
            rationale="A logit carries the rounding of its products, a log-softmax the largest of its row besides; both levels add up.",
            literature="Blanchard, Higham and Higham 2021; Higham 2002, ch. 3",
        ),
        faults=(
            faults.one_element(), faults.relative(1e-2), faults.stale(), faults.rolled(),
            faults.computed("entry-left-out", "The cluster's own probability is left out.", _without_entry),
            faults.computed("next-class", "Every target is taken for the class after it.", _late_cutoff),
            faults.computed("gradient-off", "The gradient is off by a relative 0.0001.", _gradient_off),
            faults.other_params("bias-left-out", "The head's bias is left out.", bias=False),
        ),
    ),
)  # fmt: skip
