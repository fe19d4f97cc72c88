"""Losses of class scores against loops over classes, and CTC against the sum over every path, in multiprecision arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.losses_by_loops import agrees
from validation_suites.training.losses_classes import LOSSES, Loss
from validation_suites.training.losses_sequences import LOSSES as SEQUENCES
from validation_suites.training.losses_sequences import path_sum

mp = mpmath.mpf


def weight(s: Sample, w: Any, c: int) -> Any:
    return w[c] if s.param("weighted") else mp(1)


def nll(s: Sample, x: Any, t: Any, w: Any) -> Any:
    return mp(0) if t == s.param("ignore_index") else -weight(s, w, t) * x[t]


def softmax_nll(s: Sample, x: Any, t: Any, w: Any) -> Any:
    total = mpmath.fsum(mpmath.exp(v) for v in x)
    return nll(s, [mpmath.log(mpmath.exp(v) / total) for v in x], t, w)


def multi_margin(s: Sample, x: Any, t: Any, w: Any) -> Any:
    gaps = [max(mp(0), mp(s.param("margin")) - x[t] + v) ** s.param("p") for i, v in enumerate(x) if i != t]
    return weight(s, w, t) * mpmath.fsum(gaps) / len(x)


def multilabel_margin(s: Sample, x: Any, t: Any) -> Any:
    own = list(itertools.takewhile(lambda c: c >= 0, t))
    return mpmath.fsum(max(mp(0), 1 - x[j] + x[i]) for j in own for i in range(len(x)) if i not in own) / len(x)


def multilabel_soft(s: Sample, x: Any, y: Any, w: Any) -> Any:
    losses = [-weight(s, w, c) * mpmath.log(1 / (1 + mpmath.exp(-v if t else v))) for c, (v, t) in enumerate(zip(x, y, strict=True))]
    return mpmath.fsum(losses) / len(x)


def soft_targets(s: Sample, x: Any, q: Any, w: Any) -> Any:
    total, smooth = mpmath.fsum(mpmath.exp(v) for v in x), mp(s.param("label_smoothing"))
    terms = (weight(s, w, c) * ((1 - smooth) * p + smooth / len(x)) * mpmath.log(mpmath.exp(v) / total) for c, (v, p) in enumerate(zip(x, q, strict=True)))
    return -mpmath.fsum(terms)


BY_LOOP: dict[str, Callable[..., Any]] = {
    "nll_loss": nll,
    "softmax_cross_entropy_loss": softmax_nll,
    "multi_margin_loss": multi_margin,
    "multilabel_margin_loss": multilabel_margin,
    "multilabel_soft_margin_loss": multilabel_soft,
    "cross_entropy_probabilities": soft_targets,
}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)
def test_the_reference_is_the_definition(loss: Loss) -> None:
    def each(sample: Sample, x: Any, t: Any, *w: Any) -> Any:
        """Classes moved to the last axis, then row by row."""
        x, t = np.moveaxis(x, 1, -1), np.moveaxis(t, 1, -1) if t.ndim == x.ndim else t
        out = np.empty(x.shape[:-1], dtype=object)
        for i in np.ndindex(*out.shape):
            out[i] = BY_LOOP[loss.id](sample, x[i], t[i], *w)
        return out

    def total(sample: Sample, x: Any, t: Any, *w: Any) -> Any:
        if loss.id in ("nll_loss", "softmax_cross_entropy_loss"):
            return mpmath.fsum(weight(sample, w[0], c) for c in t.ravel() if c != sample.param("ignore_index"))
        return x.size // x.shape[1]

    agrees(loss, each, total)


def spelled(path: tuple[int, ...], blank: int) -> list[int]:
    """Repeats merged, then blanks removed."""
    return [c for c, _ in itertools.groupby(path) if c != blank]


@pytest.mark.parametrize(("steps", "target"), [(1, [1]), (4, [1]), (5, [1, 1]), (5, [3, 1]), (6, [1, 3, 1]), (3, [1, 1]), (2, [1, 1]), (4, [])])
def test_ctc_is_the_sum_over_every_path(steps: int, target: list[int]) -> None:
    lp = np.log(np.random.default_rng(steps).dirichlet(np.ones(4), steps)).astype(np.longdouble)
    p = [[mpmath.exp(mp(float(v))) for v in row] for row in lp]
    for blank in (0, 2):
        with mpmath.workdps(50):
            paths = (q for q in itertools.product(range(4), repeat=steps) if spelled(q, blank) == target)
            true = mpmath.fsum(mpmath.fprod(p[t][c] for t, c in enumerate(q)) for q in paths)
            made, error = path_sum(lp, np.array(target, dtype=int), blank)
            assert made == np.inf if not true else abs(mp(float(made)) + mpmath.log(true)) <= (error + 20) * 2.0**-53
    assert error >= 0


def test_ctc_in_the_linear_domain() -> None:
    """The same recursion on probabilities, a form that underflows in doubles but not here."""
    loss = SEQUENCES[0]

    def one(lp: Any, target: list[int], blank: int) -> Any:
        letters = [blank, *itertools.chain.from_iterable((c, blank) for c in target)]
        alpha = [mpmath.exp(lp[0][c]) if s < 2 else mp(0) for s, c in enumerate(letters)]
        for row in lp[1:]:
            skip = [s > 1 and c != blank and c != letters[s - 2] for s, c in enumerate(letters)]
            alpha = [
                (a + (alpha[s - 1] if s else 0) + (alpha[s - 2] if skip[s] else 0)) * mpmath.exp(row[letters[s]]) for s, a in enumerate(alpha)
            ]
        p = alpha[-1] + alpha[-2]
        return -mpmath.log(p) if p else mpmath.inf

    def each(sample: Sample, lp: Any, targets: Any, inputs: Any, lengths: Any) -> Any:
        made = [one(lp[:m, i], list(targets[i, :n]), sample.param("blank")) for i, (m, n) in enumerate(zip(inputs, lengths, strict=True))]
        made = [mp(0) if mpmath.isinf(v) and sample.param("zero_infinity") else v for v in made]
        return [v / int(n) for v, n in zip(made, lengths, strict=True)] if sample.param("reduction") == "mean" else made

    agrees(loss, each)
