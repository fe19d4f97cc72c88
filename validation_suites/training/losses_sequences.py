"""Connectionist temporal classification: minus the log of the probability of all paths that spell a target."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.running_error import Rounded, rounded
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.training.losses_pointwise import Loss

BLANKS = (0, 2)
IMPOSSIBLE = 5
"""A batch of this size has one target that is longer than its input."""


def _operands(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Log probabilities [T, N, C], padded targets [N, S] without blanks, input lengths [N], target lengths [N]."""
    steps, batch, classes = shape
    random, longest = seed_for("ctc", name), max(1, steps // 3)
    x = normal("float64", shape, name, scale=scale).array()
    shifted = x - x.max(axis=2, keepdims=True)
    lp = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    letters = np.array([c for c in range(classes) if c not in BLANKS])
    targets = letters[random.integers(0, letters.size, (batch, longest))]
    lengths = random.integers(1, longest + 1, batch)
    inputs = np.minimum(steps, 2 * lengths + random.integers(1, steps + 1, batch))
    if batch == IMPOSSIBLE:
        lengths[3], inputs[3] = longest, longest - 1
    return Tensor.of(lp, dtype), *(Tensor.of(a, "int64") for a in (targets, inputs, lengths))


def _log_sum_exp(terms: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """(value, error in u) of the log of a sum of exponentials, over a list of (value, error in u)."""
    values, errors = np.array([v for v, _ in terms]), np.array([e for _, e in terms])
    top = values.max(axis=0)
    safe = np.where(np.isinf(top), 0, top)
    weights = np.exp(values - safe)
    s = weights.sum(axis=0)
    drawn = np.where(weights > 0, weights * (errors + np.where(weights > 0, safe - values, 0) + 2), 0).sum(axis=0)
    value = np.where(s > 0, safe + np.log(np.where(s > 0, s, 1)), -np.inf)
    return value, np.where(s > 0, drawn / np.where(s > 0, s, 1) + 3 + 2 * np.log(np.where(s > 0, s, 1)) + np.abs(np.where(s > 0, value, 0)), 0)


def _behind(pair: tuple[Any, Any], places: int, allowed: Any = True) -> tuple[Any, Any]:
    """Forward variables moved on by a number of places; minus infinity where none arrives."""
    value, error = (
        np.concatenate([np.full(places, fill), a[: max(0, a.size - places)]])[: a.size] for a, fill in zip(pair, (-np.inf, 0.0), strict=True)
    )
    return np.where(allowed, value, -np.inf), np.where(allowed, error, 0)


def path_sum(lp: Any, target: Any, blank: int) -> tuple[Any, Any]:
    """(-log p(target), error in u) by the forward recursion of Graves et al. 2006, eq. 6 and 7.

    Args:
        lp: long double [T, C].
        target: letters.
    """
    spelled = np.full(2 * len(target) + 1, blank)
    spelled[1::2] = target
    skips = np.zeros(spelled.size, dtype=bool)
    skips[3::2] = spelled[3::2] != spelled[1:-2:2]
    alpha = np.where(np.arange(spelled.size) < 2, lp[0][spelled], -np.inf)
    now = (alpha, np.zeros_like(alpha))
    for row in lp[1:]:
        value, error = _log_sum_exp([now, _behind(now, 1), _behind(now, 2, skips)])
        alpha = value + row[spelled]
        now = (alpha, error + np.where(np.isfinite(alpha), np.abs(alpha), 0))
    value, error = _log_sum_exp(list(zip(now[0][-2:], now[1][-2:], strict=True)))
    return -value, error


def _ctc(sample: Sample, lp: Any, targets: Any, inputs: Any, lengths: Any) -> Any:
    """Losses [N]; the mean is that of each loss by the length of its target."""
    pairs = [path_sum(lp.value[:m, i], targets[i, :n], sample.param("blank")) for i, (m, n) in enumerate(zip(inputs, lengths, strict=True))]
    value, error = (np.array([p[k] for p in pairs], dtype=np.longdouble) for k in (0, 1))
    if sample.param("zero_infinity"):
        value = np.where(np.isinf(value), 0, value)
    loss = Rounded(value, error * lp.by.u, lp.by)
    return loss / rounded(lengths.astype(np.float64), sample.dtype) if sample.param("reduction") == "mean" else loss


def _repeats_merged(sample: Sample) -> Any:
    """Equal neighbours in the target may follow each other without a blank: best-path reading of repeats."""
    if sample.param("reduction") != "none" or sample.param("zero_infinity"):
        return None
    lp, targets, inputs, lengths = sample.arrays()
    short = [[t for j, t in enumerate(row[:n]) if j == 0 or t != row[j - 1]] for row, n in zip(targets, lengths, strict=True)]
    if all(len(s) == n for s, n in zip(short, lengths, strict=True)):
        return None
    wide, blank = lp.astype(np.longdouble), sample.param("blank")
    return np.array([path_sum(wide[:m, i], np.array(s), blank)[0] for i, (m, s) in enumerate(zip(inputs, short, strict=True))])


LOSSES = (
    Loss(id="ctc_loss", of="minus the log probability that a path through the given log probabilities spells the target, blanks and repeats removed",
         formula=_ctc, operands=_operands, module="CTCLoss; Graves et al. 2006",
         settings={"blank": BLANKS, "zero_infinity": (False, True)}, shapes=((15, 4, 6), (24, 5, 5), (9, 3, 11)),
         edges=((1, 1, 6), (3, 2, 4), (50, 2, 33), (120, 1, 5)), wide=(0.01, 20.0), nan_in=None,
         faults=(faults.other_params("other-blank", "Another label is taken for the blank.", blank=lambda b: 2 - b),
                 faults.other_params("infinity-kept", "Impossible targets stay infinite.", zero_infinity=False),
                 faults.computed("repeats-merged", "Repeated letters of the target are merged.", _repeats_merged))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(loss.function() for loss in LOSSES)
