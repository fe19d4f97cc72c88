"""Losses of each element against their definitions in multiprecision arithmetic, unstable forms included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.losses_by_loops import agrees
from validation_suites.training.losses_pointwise import LOSSES, Loss

mp = mpmath.mpf


def smooth(s: Sample, x: Any, t: Any) -> Any:
    d, beta = abs(x - t), mp(s.param("beta"))
    return d * d / (2 * beta) if d < beta else d - beta / 2


def huber(s: Sample, x: Any, t: Any) -> Any:
    d, delta = abs(x - t), mp(s.param("delta"))
    return d * d / 2 if d <= delta else delta * d - delta * delta / 2


def divergence(s: Sample, x: Any, t: Any, log_t: Any) -> Any:
    if s.param("log_target"):
        return mpmath.exp(log_t) * (log_t - x)
    return t * (mpmath.log(t) - x) if t else mp(0)


def binary(s: Sample, p: Any, t: Any, w: Any) -> Any:
    def floor(v: Any) -> Any:
        return max(mpmath.log(v), mp(-100)) if v else mp(-100)

    return (w if s.param("weighted") else 1) * (-t * floor(p) - (1 - t) * floor(1 - p))


def poisson(s: Sample, x: Any, rate: Any, t: Any) -> Any:
    loss = mpmath.exp(x) - t * x if s.param("log_input") else rate - t * mpmath.log(rate + mp(s.param("eps")))
    full = s.param("full") and t > 1
    return loss + (t * mpmath.log(t) - t + mpmath.log(2 * mpmath.pi * t) / 2 if full else 0)


def gaussian(s: Sample, x: Any, t: Any, v: Any) -> Any:
    """Minus the log of the density, which has the constant."""
    v = max(v, mp(s.param("eps")))
    loss = -mpmath.log(mpmath.exp(-((x - t) ** 2) / (2 * v)) / mpmath.sqrt(2 * mpmath.pi * v)) if (x - t) ** 2 / v < 50 else None
    constant = mpmath.log(2 * mpmath.pi) / 2
    exact = (mpmath.log(2 * mpmath.pi * v) + (x - t) ** 2 / v) / 2
    return (exact if loss is None else loss) - (0 if s.param("full") else constant)


BY_LOOP: dict[str, Callable[..., Any]] = {
    "l1_loss": lambda s, x, t: abs(x - t),
    "smooth_l1_loss": smooth,
    "huber_loss": huber,
    "kl_div": divergence,
    "binary_cross_entropy": binary,
    "poisson_nll_loss": poisson,
    "gaussian_nll_loss": gaussian,
    "hinge_embedding_loss": lambda s, x, y: x if y == 1 else max(mp(0), mp(s.param("margin")) - x),
    "soft_margin_loss": lambda s, x, y: mpmath.log(1 + mpmath.exp(-y * x)),
    "margin_ranking_loss": lambda s, a, b, y: max(mp(0), mp(s.param("margin")) - y * (a - b)),
}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)
def test_the_reference_is_the_definition(loss: Loss) -> None:
    def each(sample: Sample, *operands: Any) -> Any:
        shaped = np.broadcast_arrays(*operands)
        return np.vectorize(lambda *v: BY_LOOP[loss.id](sample, *v), otypes=[object])(*shaped)

    agrees(loss, each)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)
def test_the_mean_of_nothing_is_not_a_number_and_its_sum_is_zero(loss: Loss) -> None:
    made = {s.param("reduction"): loss.reference(s)[0].value for s in loss.samples() if 0 in s.inputs[0].shape}
    assert np.isnan(made["mean"])
    assert made["sum"] == 0
    assert made["none"].shape == (0, 5)
