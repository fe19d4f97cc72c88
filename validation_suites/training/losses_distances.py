"""Distances and similarities of vectors (last axis) and the losses made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.training.losses_pointwise import Loss, signs

INF = float("inf")
SHAPES = ((9, 33), (5, 4), (3, 16))
EDGES = ((1, 1), (2, 17), (3, 257), (0, 5))


def _vectors(dtype: str, shape: tuple[int, ...], name: str, scale: float, count: int = 2) -> tuple[Tensor, ...]:
    """Vectors in rows; every fourth is a thousand times shorter."""
    short = np.where(np.arange(shape[0]) % 4 == 2, 1e-3, 1.0)[:, None]
    return tuple(Tensor.of(normal("float64", shape, name, str(i), scale=scale).array() * short, dtype) for i in range(count))


def _embedded(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    return *_vectors(dtype, shape, name, scale), signs(dtype, shape[:1], name)


def _triplets(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    return _vectors(dtype, shape, name, scale, 3)


def norm(x: Any, order: float) -> Any:
    """Norm of the last axis."""
    size = np.abs(x)
    if order == INF:
        return size.max(axis=-1)
    if order == 1:
        return size.sum(axis=-1)
    return np.sqrt((x * x).sum(axis=-1)) if order == 2 else (size ** hyperparameter(order)).sum(axis=-1) ** (1 / hyperparameter(order))


def _cosine(a: Any, b: Any, eps: float) -> Any:
    """a . b / (max(|a|, eps) max(|b|, eps))."""
    floor: Any = hyperparameter(eps)
    return (a * b).sum(axis=-1) / (np.maximum(norm(a, 2), floor) * np.maximum(norm(b, 2), floor))


def _similarity(sample: Sample, a: Any, b: Any) -> Any:
    return _cosine(a, b, sample.param("eps"))


def _distance(sample: Sample, a: Any, b: Any) -> Any:
    """Norm of a - b + eps."""
    return norm(a - b + hyperparameter(sample.param("eps")), sample.param("p"))


def _cosine_embedding(sample: Sample, a: Any, b: Any, y: Any) -> Any:
    """1 - cos where y = 1, max(0, cos - margin) where y = -1."""
    cosine = _cosine(a, b, 0.0)
    return np.where(y.value == 1, 1 - cosine, np.maximum(cosine - hyperparameter(sample.param("margin")), 0.0))


def _triplet(sample: Sample, a: Any, p: Any, n: Any) -> Any:
    """max(0, d(a, p) - d(a, n) + margin); swapped: the smaller of d(a, n) and d(p, n)."""
    far = _distance(sample, a, n)
    if sample.param("swap"):
        far = np.minimum(far, _distance(sample, p, n))
    return np.maximum(_distance(sample, a, p) - far + hyperparameter(sample.param("margin")), 0.0)


def _without_root(sample: Sample) -> Any:
    """The square of the distance."""
    return LOSSES[1].reference(sample)[0].value ** 2 if sample.param("p") == 2 else None


def _exchanged(sample: Sample) -> Sample:
    """Positive and negative exchanged."""
    a, p, n = sample.inputs
    return replace(sample, inputs=(a, n, p))


LOSSES = (
    Loss(id="cosine_similarity", of="x . y / (max(|x|, eps) max(|y|, eps)) along an axis", formula=_similarity, operands=_vectors, module="CosineSimilarity",
         settings={"eps": (1e-8, 0.5)}, reductions=("none",), shapes=SHAPES, edges=EDGES,
         faults=(faults.other_params("eps-ignored", "eps is ignored.", eps=1e-8),)),
    Loss(id="pairwise_distance", of="the p-norm of x - y + eps", formula=_distance, operands=_vectors, module="PairwiseDistance",
         settings={"p": (2.0, 1.0, 3.0, INF), "eps": (1e-6, 1e-2)}, reductions=("none",), shapes=SHAPES, edges=EDGES,
         faults=(faults.other_params("order-ignored", "The norm is always of order 2.", p=2.0), faults.other_params("eps-ignored", "eps is left out.", eps=0.0),
                 faults.computed("no-root", "The root is not taken.", _without_root))),
    Loss(id="cosine_embedding_loss", of="1 - cos(x, y) of pairs that belong together and max(0, cos(x, y) - margin) of others", formula=_cosine_embedding,
         operands=_embedded, module="CosineEmbeddingLoss", settings={"margin": (0.0, 0.1)}, shapes=SHAPES, edges=EDGES,
         faults=(faults.other_params("margin-ignored", "The margin is ignored.", margin=0.0),)),
    Loss(id="triplet_margin_loss", of="max(0, d(a, p) - d(a, n) + margin)", formula=_triplet, operands=_triplets,
         module="TripletMarginLoss; Balntas et al. 2016 (swap)",
         settings={"p": (2.0, 1.0, 3.0), "margin": (1.0, 0.2), "swap": (False, True), "eps": (1e-6,)}, shapes=SHAPES, edges=EDGES,
         faults=(faults.other_params("margin-ignored", "The margin is ignored.", margin=1.0),
                 faults.other_params("swap-ignored", "The swap is ignored.", swap=False),
                 faults.other_sample("exchanged", "Positive and negative are exchanged.", _exchanged))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(loss.function() for loss in LOSSES)
