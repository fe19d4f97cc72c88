"""Gradients of functions that move, repeat, select or average elements: what each place of the result was taken from gets its upstream gradient.

A function is told by the positions that it takes; those of a selection by value follow from the data, in which no two values are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, distinct, scattered

NOWHERE = -1
Taken = Callable[[Array, Array], Array]
"""(values, positions of them) -> positions that the result takes, NOWHERE for constants."""


def _single(taken: Taken) -> Callable[[Array, Array], Array]:
    """Each place of the result takes one element."""
    return lambda values, at: taken(values, at)[..., None]


def _product(taken: Callable[[Array, Array], Array]) -> Callable[..., tuple[Any, ...]]:
    """`taken` gives [*result, K]: each place of the result is the mean of as many elements as are somewhere."""

    def product(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
        shape = x.value.shape
        at = taken(np.asarray(x.value, dtype=np.float64), np.arange(x.value.size).reshape(shape))
        counts = (at != NOWHERE).sum(axis=-1)
        share = (g / np.maximum(counts, 1).astype(np.float64)) if counts.max() > 1 else g
        flat = at.reshape(-1)
        rows = share.reshape(-1)[np.repeat(np.arange(counts.size), at.shape[-1])]
        return (scattered(rows[flat != NOWHERE], flat[flat != NOWHERE], x.value.size).reshape(*shape),)

    return product


def _by(order: Callable[[Array], Array]) -> Taken:
    """Positions along the last axis, chosen by the values."""
    return lambda values, at: np.take_along_axis(at, order(values), -1)


def _running(best: Any) -> Taken:
    """Of the largest (smallest) so far."""

    def taken(values: Array, at: Array) -> Array:
        top = best.accumulate(values, axis=-1)
        return np.take_along_axis(at, (values[..., None, :] == top[..., None]).argmax(axis=-1), -1)

    return taken


def _filled(keep: Callable[[Array], Array]) -> Taken:
    return lambda values, at: np.where(keep(values), at, NOWHERE)


def _padded(mode: str) -> Taken:
    """Two before and three behind on the last axis."""

    def taken(values: Array, at: Array) -> Array:
        around = [*[(0, 0)] * (at.ndim - 1), (2, 3)]
        pad: Any = np.pad
        made: Array = pad(at, around, constant_values=NOWHERE) if mode == "constant" else pad(at, around, mode=mode)
        return made

    return taken


def _shuffled(values: Array, at: Array) -> Array:
    """[N, C 2 2, H, W] to [N, C, 2 H, 2 W]."""
    n, c, h, w = at.shape
    return at.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)


def _patches(values: Array, at: Array) -> Array:
    """Columns of patches of two by three, [N, C 6, L]."""
    made = np.lib.stride_tricks.sliding_window_view(at, (2, 3), axis=(2, 3))
    n, c, h, w = made.shape[:4]
    return made.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * 6, h * w)


def _windows(kernel: tuple[int, ...], stride: int) -> Callable[[Array], Array]:
    """[*result, K] of the trailing axes."""

    def of(a: Array) -> Array:
        axes = tuple(range(a.ndim - len(kernel), a.ndim))
        made: Array = np.lib.stride_tricks.sliding_window_view(a, kernel, axis=axes)
        every: Any = (..., *[slice(None, None, stride)] * len(kernel), *[slice(None)] * len(kernel))
        strided: Array = made[every]
        return strided.reshape(*strided.shape[: -len(kernel)], -1)

    return of


def _mean_pool(kernel: tuple[int, ...], stride: int) -> Callable[[Array, Array], Array]:
    return lambda values, at: _windows(kernel, stride)(at)


def _max_pool(kernel: tuple[int, ...], stride: int) -> Callable[[Array, Array], Array]:
    def taken(values: Array, at: Array) -> Array:
        best = _windows(kernel, stride)(values).argmax(axis=-1)[..., None]
        return np.take_along_axis(_windows(kernel, stride)(at), best, -1)

    return taken


def _adaptive(size: int, largest: bool) -> Callable[[Array, Array], Array]:
    """Windows floor(i n / size) .. ceil((i + 1) n / size) of the last axis."""

    def taken(values: Array, at: Array) -> Array:
        n = at.shape[-1]
        made = np.full((*at.shape[:-1], size, n), NOWHERE)
        for i in range(size):
            here = slice(i * n // size, -(-(i + 1) * n // size))
            made[..., i, here] = at[..., here]
        if not largest:
            return made
        best = np.where(made == NOWHERE, -np.inf, values[..., None, :]).argmax(axis=-1)[..., None]
        return np.take_along_axis(made, best, -1)

    return taken


ROWS, CUBE, PICTURES, VOLUMES = (5, 9), (3, 4, 7), (2, 4, 5, 7), (1, 2, 5, 4, 6)
MOVES: tuple[tuple[str, str, tuple[int, ...], Callable[[Array, Array], Array]], ...] = (
    ("flip", "the reversal of the last axis", CUBE, _single(lambda v, at: np.flip(at, -1))),
    ("roll", "a cyclic shift by two", CUBE, _single(lambda v, at: np.roll(at, 2, -1))),
    ("permute", "a permutation of axes", CUBE, _single(lambda v, at: at.transpose(2, 0, 1))),
    ("expand", "a row that is repeated without copies", (1, 5), _single(lambda v, at: np.broadcast_to(at, (3, 4, 5)))),
    ("repeat", "copies side by side", ROWS, _single(lambda v, at: np.tile(at, (2, 3)))),
    ("repeat_interleave", "copies of every element", ROWS, _single(lambda v, at: np.repeat(at, 3, -1))),
    ("cat_twice", "an array joined with itself", ROWS, _single(lambda v, at: np.concatenate([at, at], 0))),
    ("stack_twice", "an array stacked on itself", ROWS, _single(lambda v, at: np.stack([at, at], 1))),
    ("pad_constant", "padding by constants", CUBE, _single(_padded("constant"))),
    ("pad_reflect", "padding by reflection", CUBE, _single(_padded("reflect"))),
    ("pad_replicate", "padding by the edge", CUBE, _single(_padded("edge"))),
    ("pad_circular", "cyclic padding", CUBE, _single(_padded("wrap"))),
    ("diagonal", "the diagonal above the main one", ROWS, _single(lambda v, at: np.diagonal(at, 1))),
    ("tril", "the lower triangle", ROWS, _single(lambda v, at: np.where(np.tri(at.shape[0], at.shape[1], -1, dtype=bool), at, NOWHERE))),
    ("masked_fill", "negative elements replaced", ROWS, _single(_filled(lambda v: v >= 0))),
    ("masked_select", "elements that are positive", ROWS, _single(lambda v, at: at[v > 0])),
    ("sort", "rows in order", ROWS, _single(_by(lambda v: np.argsort(v, -1)))),
    ("topk", "the three largest of each row", ROWS, _single(_by(lambda v: np.argsort(-v, -1)[..., :3]))),
    ("median", "the lower median of each row", (5, 8), _single(lambda v, at: _by(lambda w: np.argsort(w, -1)[..., 3:4])(v, at)[..., 0])),
    ("cummax", "the largest so far", ROWS, _single(_running(np.maximum))),
    ("cummin", "the smallest so far", ROWS, _single(_running(np.minimum))),
    ("amin", "the smallest of each row", ROWS, _single(lambda v, at: _by(lambda w: w.argmin(-1)[..., None])(v, at)[..., 0])),
    ("pixel_shuffle", "channels spread over pixels", (2, 8, 3, 4), _single(_shuffled)),
    ("unfold", "patches as columns", PICTURES, _single(_patches)),
    ("max_pool1d", "1-d maximum pooling", CUBE, _max_pool((3,), 2)),
    ("max_pool3d", "3-d maximum pooling", VOLUMES, _max_pool((2, 2, 2), 1)),
    ("avg_pool1d", "1-d mean pooling", CUBE, _mean_pool((3,), 2)),
    ("avg_pool3d", "3-d mean pooling", VOLUMES, _mean_pool((2, 2, 2), 1)),
    ("adaptive_avg_pool1d", "1-d mean pooling to three places", CUBE, _adaptive(3, False)),
    ("adaptive_max_pool1d", "1-d maximum pooling to three places", CUBE, _adaptive(3, True)),
)  # fmt: skip
"""(id, what, shape, [*result, K] positions)."""


def _cases(shape: tuple[int, ...], taken: Callable[[Array, Array], Array]) -> tuple[Case, ...]:
    """Data of different order: what a selection takes depends on them, so the shape of the upstream gradient is found first."""
    at = np.arange(int(np.prod(shape))).reshape(shape)
    values = [distinct(shape)(np.random.default_rng(k)) for k in (1, 2)]
    return tuple(
        Case(name=name, operands=(lambda random, v=v: v, taken(v, at).shape[:-1])) for name, v in zip(("ordinary", "again"), values, strict=True)
    )


OFF = faults.rolled()
PRODUCTS = tuple(
    Product(id=f"grad_{id}", of=says, product=_product(taken), cases=_cases(shape, taken), faults=(OFF,)) for id, says, shape, taken in MOVES
)

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
