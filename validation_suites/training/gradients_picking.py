"""Gradients of further functions that take elements as they are or shares of them: views, order statistics, fractional and adaptive pooling.

As for the other moves: each place of the result is told by the positions that it takes, and what was taken gets its share of the upstream gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, prod
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.training.gradients_moves import NOWHERE, _by, _cases, _product, _single
from validation_suites.vector_jacobian import Product

Taken = Callable[[Array, Array], Array]


def _placed(shape: Callable[[tuple[int, ...]], tuple[int, ...]], where: Callable[[Array], Array]) -> Taken:
    """`where(made)` is the view of an empty result that the positions are written to."""

    def taken(values: Array, at: Array) -> Array:
        made = np.full(shape(at.shape), NOWHERE)
        where(made)[...] = at
        return made

    return taken


def _diagonals(made: Array) -> Array:
    """The diagonal above the main one, writable."""
    n = made.shape[-1]
    return np.lib.stride_tricks.as_strided(made[..., 0, 1:], (*made.shape[:-2], n - 1), (*made.strides[:-2], made.strides[-2] + made.strides[-1]))


def _unshuffled(values: Array, at: Array) -> Array:
    """[N, C, 2 H, 2 W] to [N, 4 C, H, W]."""
    n, c, h, w = at.shape
    return at.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)


def _channels_shuffled(values: Array, at: Array) -> Array:
    """Channels counted across two groups."""
    n, c, *rest = at.shape
    return at.reshape(n, 2, c // 2, *rest).swapaxes(1, 2).reshape(at.shape)


def _windows(values: Array, at: Array) -> Array:
    """Of four on the last axis, by steps of two."""
    return np.lib.stride_tricks.sliding_window_view(at, 4, axis=-1)[..., ::2, :]


def _ranked(place: Callable[[int], int | slice]) -> Taken:
    """Of the rows in order."""

    def taken(values: Array, at: Array) -> Array:
        rows = _by(lambda v: np.argsort(v, -1))(values, at)
        picked: Array = rows[..., place(at.shape[-1])]
        return picked

    return taken


def _ends(values: Array, at: Array) -> Array:
    """The smallest and the largest of each row, side by side."""
    return _by(lambda v: np.argsort(v, -1)[..., [0, -1]])(values, at)


def _shares_of(size: tuple[int, ...], largest: bool) -> Taken:
    """Windows floor(i n / m) .. ceil((i + 1) n / m) of every trailing axis, by products of those of the axes."""
    return _of_boxes(lambda n, m, i: range(i * n // m, -(-(i + 1) * n // m)), size, largest)


SAMPLE = 0.3125
"""The one number of a window sequence: of every axis, sample and channel."""
KERNEL = 2


def _fraction(n: int, m: int, i: int) -> range:
    """Of two from floor((i + u) a) - floor(u a), a = (n - 2) / (m - 1); the last one ends with the axis (Graham 2014, section 2)."""
    step = (n - KERNEL) / (m - 1)
    start = n - KERNEL if i == m - 1 else floor((i + SAMPLE) * step) - floor(SAMPLE * step)
    return range(start, start + KERNEL)


def _of_boxes(window: Callable[[int, int, int], range], size: tuple[int, ...], largest: bool) -> Taken:
    """[*result, K], NOWHERE where a box has fewer than K."""

    def taken(values: Array, at: Array) -> Array:
        lead, ends = at.shape[: -len(size)], at.shape[-len(size) :]
        boxes: list[Any] = [(..., *np.ix_(*(window(n, m, i) for n, m, i in zip(ends, size, place, strict=True)))) for place in np.ndindex(*size)]
        width = max(prod(at[box].shape[len(lead) :]) for box in boxes)
        made, met = np.full((*lead, len(boxes), width), NOWHERE), np.full((*lead, len(boxes), width), -np.inf)
        for k, box in enumerate(boxes):
            here, there = (a[box].reshape(*lead, -1) for a in (at, values))
            made[..., k, : here.shape[-1]], met[..., k, : here.shape[-1]] = here, there
        if largest:
            made = np.take_along_axis(made, met.argmax(axis=-1)[..., None], -1)
        return made.reshape(*lead, *size, -1)

    return taken


ROWS, CUBE, PICTURES, VOLUMES = (5, 9), (3, 4, 7), (2, 2, 7, 9), (1, 2, 5, 4, 6)
PICKS: tuple[tuple[str, str, tuple[int, ...], Taken], ...] = (
    ("transpose", "an exchange of two axes", CUBE, _single(lambda v, at: at.swapaxes(0, 2))),
    ("reshape", "another shape of the same elements", CUBE, _single(lambda v, at: at.reshape(2, 42))),
    ("broadcast_to", "an array repeated along two axes without copies", (3, 1, 7), _single(lambda v, at: np.broadcast_to(at, (2, 3, 5, 7)))),
    ("tile", "copies side by side along more axes than there are", ROWS, _single(lambda v, at: np.tile(at, (2, 1, 3)))),
    ("rot90", "a quarter turn", CUBE, _single(lambda v, at: np.rot90(at, 1, (1, 2)))),
    ("triu", "the upper triangle", ROWS, _single(lambda v, at: np.where(np.tri(5, 9, dtype=bool), NOWHERE, at))),
    ("diag_embed", "rows laid on diagonals", ROWS, _single(_placed(lambda s: (*s, s[-1] + 1)[:-2] + (s[-1] + 1, s[-1] + 1), _diagonals))),
    ("pixel_unshuffle", "pixels gathered into channels", (2, 2, 6, 4), _single(_unshuffled)),
    ("channel_shuffle", "channels of two groups in turn", (2, 6, 3, 4), _single(_channels_shuffled)),
    ("unfold_axis", "overlapping windows of an axis", (3, 10), _single(_windows)),
    ("split", "the second of the parts of an axis", ROWS, _single(lambda v, at: at[..., 4:8])),
    ("kthvalue", "the third smallest of each row", ROWS, _single(_ranked(lambda n: 2))),
    ("msort", "columns in order", (9, 5), _single(lambda v, at: _ranked(lambda n: slice(None))(v.T, at.T).T)),
    ("max_of_rows", "the largest of each row, with its position", ROWS, _single(_ranked(lambda n: -1))),
    ("aminmax", "the smallest and the largest of each row", ROWS, _single(_ends)),
    ("adaptive_avg_pool2d", "2-d mean pooling to three by four places", PICTURES, _shares_of((3, 4), False)),
    ("adaptive_avg_pool3d", "3-d mean pooling to two by three by four places", VOLUMES, _shares_of((2, 3, 4), False)),
    ("adaptive_max_pool2d", "2-d maximum pooling to three by four places", PICTURES, _shares_of((3, 4), True)),
    ("adaptive_max_pool3d", "3-d maximum pooling to two by three by four places", VOLUMES, _shares_of((2, 3, 4), True)),
    ("fractional_max_pool2d", "2-d maximum pooling in windows of unequal steps", PICTURES, _of_boxes(_fraction, (4, 4), True)),
    ("fractional_max_pool3d", "3-d maximum pooling in windows of unequal steps", (1, 1, 6, 7, 9), _of_boxes(_fraction, (4, 3, 4), True)),
)  # fmt: skip
"""(id, what, shape, [*result, K] positions)."""

PRODUCTS = tuple(
    Product(id=f"grad_{id}", of=says, product=_product(taken), cases=_cases(shape, taken), faults=(faults.rolled(),)) for id, says, shape, taken in PICKS
)

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
