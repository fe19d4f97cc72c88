"""Factorisations in extended precision, one matrix at a time mapped over a batch: examples of true results for relations to judge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import extended


def wide_matrix(a: Array) -> Array:
    """To extended precision, real or complex, exactly."""
    return np.asarray(a.astype(np.clongdouble)) if a.dtype.kind == "c" else extended(a)


def batched(fn: Callable[[Array], tuple[Array, ...]], a: Array, *shapes: tuple[int, ...]) -> tuple[Array, ...]:
    """fn of every matrix of [..., m, n]; `shapes` are those of its results for one matrix."""
    x = wide_matrix(a)
    made = [fn(m) for m in x.reshape(-1, *a.shape[-2:])] if x.size else []
    return tuple(
        np.array([m[k] for m in made]).reshape(*a.shape[:-2], *shape) if made else np.zeros((*a.shape[:-2], *shape), x.dtype)
        for k, shape in enumerate(shapes)
    )


def cholesky(a: Array) -> tuple[Array]:
    """L of a Hermitian positive definite matrix, column by column (Higham 2002, algorithm 10.2)."""
    n = len(a)
    lower = np.zeros_like(a)
    for j in range(n):
        rest = a[j:, j] - lower[j:, :j] @ lower[j, :j].conj()
        lower[j:, j] = rest / np.sqrt(rest[0].real)
    return (lower,)
