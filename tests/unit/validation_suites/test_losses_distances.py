"""Distances and the losses made of them against loops over vectors in multiprecision arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.losses_by_loops import agrees
from validation_suites.training.losses_distances import LOSSES, Loss

mp = mpmath.mpf


def norm(x: Any, order: float = 2.0) -> Any:
    return mpmath.norm(list(x), mpmath.inf if order == float("inf") else order)


def cosine(a: Any, b: Any, eps: float = 0.0) -> Any:
    return mpmath.fdot(a, b) / (max(norm(a), mp(eps)) * max(norm(b), mp(eps)))


def distance(s: Sample, a: Any, b: Any) -> Any:
    return norm([u - v + mp(s.param("eps")) for u, v in zip(a, b, strict=True)], s.param("p"))


def embedding(s: Sample, a: Any, b: Any, y: Any) -> Any:
    return 1 - cosine(a, b) if y == 1 else max(mp(0), cosine(a, b) - mp(s.param("margin")))


def triplet(s: Sample, a: Any, p: Any, n: Any) -> Any:
    far = min(distance(s, a, n), distance(s, p, n)) if s.param("swap") else distance(s, a, n)
    return max(mp(0), distance(s, a, p) - far + mp(s.param("margin")))


BY_LOOP: dict[str, Callable[..., Any]] = {
    "cosine_similarity": lambda s, a, b: cosine(a, b, s.param("eps")),
    "pairwise_distance": distance,
    "cosine_embedding_loss": embedding,
    "triplet_margin_loss": triplet,
}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)
def test_the_reference_is_the_definition(loss: Loss) -> None:
    agrees(loss, lambda sample, *operands: [BY_LOOP[loss.id](sample, *row) for row in zip(*operands, strict=True)])
