"""Gradients of views, indexing expressions and joins: one sample for each name, told by the same move of positions.

The upstream gradient is added where an element went, as often as it went there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, scattered

Move = Callable[..., Array]
ROWS, CUBE = (5, 9), (3, 4, 6)

VIEWS: dict[str, tuple[tuple[int, ...], Move]] = {
    "movedim": (CUBE, lambda at: np.moveaxis(at, 0, 2)), "swapaxes": (CUBE, lambda at: at.swapaxes(1, 2)), "flatten": (CUBE, lambda at: at.reshape(3, 24)),
    "unflatten": (ROWS, lambda at: at.reshape(5, 3, 3)), "ravel": (ROWS, lambda at: at.reshape(-1)), "squeeze": ((4, 1, 7), lambda at: at[:, 0]),
    "unsqueeze": (ROWS, lambda at: at[:, None]), "narrow": (ROWS, lambda at: at[:, 2:6]), "chunk": (ROWS, lambda at: at[:, 6:]),
    "tensor_split": (ROWS, lambda at: at[:, 5:7]), "hsplit": (CUBE, lambda at: at[:, 2:]), "unbind": (CUBE, lambda at: at[:, 3]),
    "fliplr": (ROWS, lambda at: at[:, ::-1]), "flipud": (ROWS, lambda at: at[::-1]), "adjoint": (CUBE, lambda at: at.transpose(0, 2, 1)),
    "diagonal": (CUBE, lambda at: np.diagonal(at, 0, 1, 2)), "tril_indices": ((6, 6), lambda at: at[np.tril_indices(6)]),
    "steps": (CUBE, lambda at: at[1:, ::2, 1:5]), "new-axis": (ROWS, lambda at: at[None, :, 3]), "last": (CUBE, lambda at: at[..., -1]),
    "list": (ROWS, lambda at: at[:, [0, 2, 2, 8]]), "pairs": (CUBE, lambda at: at[[0, 2, 0], [1, 1, 1]]), "mask": (ROWS, lambda at: at[[0, 3, 4]]),
    "list-and-slice": (CUBE, lambda at: at[[2, 2], 1:3, [0, 5]]), "negative": (ROWS, lambda at: at[[-1, -5, -1]]),
}  # fmt: skip
"""name -> (shape, the move): library functions by their names, then indexing expressions."""

JOINS: dict[str, tuple[tuple[int, ...], tuple[int, ...], Move]] = {
    "stack": ((3, 4), (3, 4), lambda a, b: np.stack([a, b], 1)), "hstack": ((3, 4), (3, 2), lambda a, b: np.hstack([a, b])),
    "vstack": ((3, 4), (2, 4), lambda a, b: np.vstack([a, b])), "dstack": ((3, 4), (3, 4), lambda a, b: np.dstack([a, b])),
    "column_stack": ((5,), (5, 3), lambda a, b: np.column_stack([a, b])), "cartesian_prod": ((4,), (3,), lambda a, b: np.array([[p, q] for p in a for q in b])),
    "meshgrid": ((4,), (3,), lambda a, b: np.stack(np.meshgrid(a, b, indexing="ij"))),
    "broadcast_tensors": ((4, 1), (3,), lambda a, b: np.stack(np.broadcast_arrays(a, b))), "twice": ((3, 4), (3, 2), lambda a, b: np.hstack([a, b, a])),
}  # fmt: skip


def _by_positions(move: Move, g: Any, *shapes: tuple[int, ...]) -> tuple[Any, ...]:
    """Gradients of operands of these shapes."""
    sizes = [int(np.prod(s)) for s in shapes]
    starts = np.cumsum([0, *sizes])
    at = move(*(start + np.arange(n).reshape(s) for start, n, s in zip(starts, sizes, shapes, strict=False)))
    made = scattered(g.reshape(-1), at.ravel(), int(starts[-1]))
    return tuple(made[start : start + n].reshape(*s) for start, n, s in zip(starts, sizes, shapes, strict=False))


def _view(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    return _by_positions(VIEWS[sample.param("view")][1], g, x.value.shape)


def _join(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return _by_positions(JOINS[sample.param("join")][2], g, a.value.shape, b.value.shape)


def _shape(move: Move, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    return move(*(np.zeros(s) for s in shapes)).shape


OFF = faults.rolled()

PRODUCTS = (
    Product(id="grad_views", of="views and indexing expressions, where an element is taken twice, too", product=_view, faults=(OFF,),
            cases=tuple(Case(name=n.replace("_", "."), operands=(s, _shape(move, s)), how=params(view=n)) for n, (s, move) in VIEWS.items())),
    Product(id="grad_joins", of="joins of two arrays, for both", product=_join, faults=(OFF,),
            cases=tuple(Case(name=n.replace("_", "."), operands=(a, b, _shape(move, a, b)), how=params(join=n)) for n, (a, b, move) in JOINS.items())),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)
