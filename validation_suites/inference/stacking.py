"""Tensors put side by side along new axes, taken apart again, and combined element by element."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.moving import Case, moving

STACKS: tuple[Case, ...] = tuple(
    ((shape,) * n, {"axis": axis})
    for shape, n, axis in (
        ((3, 4), 2, 0), ((3, 4), 3, 1), ((3, 4), 2, -1), ((5,), 4, 1), ((), 3, 0), ((2, 3, 4), 2, -2), ((3, 4), 1, 0), ((2, 0), 2, 1),
        ((33, 17), 3, 2), ((4, 4), 4, 0),
    )
)  # fmt: skip
ROWS: tuple[Case, ...] = (
    (((3, 4), (3, 4)), {}), (((5,), (5,), (5,)), {}), (((), ()), {}), (((2, 3, 4), (2, 3, 4)), {}), (((4, 4),), {}), (((0, 3), (0, 3)), {}),
    (((17, 33), (17, 33)), {}), (((1,), (1,)), {}),
)  # fmt: skip
PARTS: tuple[Case, ...] = tuple(
    (shape, {"axis": axis, "parts": parts})
    for shape, axis, parts in (
        ((7, 4), 0, 3), ((7, 4), 1, 2), ((17,), 0, 4), ((3, 5), -1, 5), ((5, 2), 0, 7), ((6, 9, 2), -2, 4), ((12,), 0, 3), ((4, 0), 1, 2),
        ((3, 4), 0, 1), ((129, 5), 0, 8),
    )
)  # fmt: skip


def _hstack(p: Any, *xs: Array) -> Array:
    return np.hstack(xs)


def _vstack(p: Any, *xs: Array) -> Array:
    return np.vstack(xs)


def _stack(p: Any, *xs: Array) -> Array:
    return np.stack(xs, p["axis"])


def _parted(p: Any, x: Array) -> list[Array]:
    """As even as possible, the longer parts first."""
    return list(np.array_split(x, p["parts"], p["axis"]))


def _chunked(p: Any, x: Array) -> list[Array]:
    """Parts of ceil(n / parts) elements, the last shorter, so there may be fewer parts than asked."""
    n = x.shape[p["axis"]]
    size = -(-n // p["parts"])
    return list(np.split(x, range(size, n, size), p["axis"])) if size else [x] * p["parts"]


def _apart(p: Any, x: Array) -> list[Array]:
    return [np.take(x, i, p["axis"]) for i in range(x.shape[p["axis"]])]


def _block_diagonal(p: Any, *xs: Array) -> Array:
    blocks = [np.atleast_2d(x) for x in xs]
    out = np.zeros([sum(b.shape[k] for b in blocks) for k in (0, 1)], dtype=xs[0].dtype)
    row = column = 0
    for b in blocks:
        out[row : row + b.shape[0], column : column + b.shape[1]] = b
        row, column = row + b.shape[0], column + b.shape[1]
    return out


def _grid(p: Any, *xs: Array) -> tuple[Array, ...]:
    return tuple(np.meshgrid(*xs, indexing=p["indexing"]))


def _other_indexing(p: Any, *xs: Array) -> tuple[Array, ...]:
    return tuple(np.meshgrid(*xs, indexing="xy" if p["indexing"] == "ij" else "ij"))


def _product(p: Any, *xs: Array) -> Array:
    """Rows in the order of an odometer, the last operand fastest; one operand stays a vector."""
    made = np.stack([g.reshape(-1) for g in np.meshgrid(*xs, indexing="ij")], axis=-1)
    return made[:, 0] if len(xs) == 1 else made


def _combinations(p: Any, x: Array) -> Array:
    draw = itertools.combinations_with_replacement if p["replacement"] else itertools.combinations
    places = np.array(list(draw(range(x.size), p["r"])), dtype=np.int64).reshape(-1, p["r"])
    return x[places]


def _first_repeated(p: Any, *xs: Array) -> Array:
    return _stack(p, *[xs[0]] * len(xs))


def _back(move: Any) -> Any:
    """Operands in reverse."""
    return lambda p, *xs: move(p, *xs[::-1])


def _grown(rank: int) -> Any:
    """numpy.atleast_1d, 2d or 3d: 1-D data become a row, matrices get a last axis."""
    return lambda p, x: {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}[rank](x)


def _grown_in_front(rank: int) -> Any:
    return lambda p, x: x.reshape((1,) * max(0, rank - x.ndim) + x.shape)


def _rolled_parts(move: Any) -> Any:
    """Parts of the same data, begun one element late."""
    return lambda p, x: move(p, np.roll(x, 1, p["axis"]))


REVERSED = ("operands-reversed", "Operands are put in reverse.")
ATLEAST: tuple[Case, ...] = tuple((s, {}) for s in ((3, 4), (), (5,), (2, 3, 4), (0,), (1, 9), (2, 1, 3, 2), (257,)))
STACKED = "torch.stack"
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "stack", "join tensors of one shape along a new axis", STACKED, STACKS, _stack, (*REVERSED, _back(_stack)),
        ("first-repeated", "The first operand stands for all.", _first_repeated),
        ("joined-only", "Operands are joined in storage order.",
            lambda p, *xs: np.concatenate([x.reshape(-1) for x in xs]).reshape(_stack(p, *xs).shape)),
    ),
    moving(
        "hstack", "join tensors side by side: along the second axis, vectors along their only one", "torch.hstack", ROWS, _hstack,
        (*REVERSED, _back(_hstack)), ("stacked-by-rows", "They are joined along the first axis.", _vstack),
    ),
    moving(
        "vstack", "join tensors by rows: along the first axis, vectors as rows", "torch.vstack", ROWS, _vstack,
        (*REVERSED, _back(_vstack)), ("side-by-side", "They are joined along the second axis.", _hstack),
    ),
    moving(
        "dstack", "join tensors along the third axis, which matrices and vectors get", "torch.dstack", ROWS, lambda p, *xs: np.dstack(xs),
        (*REVERSED, lambda p, *xs: np.dstack(xs[::-1])), ("side-by-side", "They are joined along the second axis.", _hstack),
    ),
    moving(
        "column_stack", "join tensors by columns, vectors as columns", "torch.column_stack",
        tuple(c for c in ROWS if c[0][0] != ()), lambda p, *xs: np.column_stack(xs),
        (*REVERSED, lambda p, *xs: np.column_stack(xs[::-1])), ("stacked-by-rows", "They are joined by rows.", _vstack),
    ),
    moving(
        "block_diag", "put matrices, vectors as rows, along the diagonal of a matrix of zeros", "torch.block_diag",
        (
            (((2, 3), (3, 2)), {}), (((3,), (2, 2), ()), {}), (((4, 4),), {}), (((1, 5), (5, 1), (2, 2)), {}), (((2, 2),) * 9, {}),
            (((17, 9), (9, 33)), {}),
        ),
        _block_diagonal, (*REVERSED, _back(_block_diagonal)),
        ("blocks-transposed", "Blocks are transposed.", lambda p, *xs: _block_diagonal(p, *(x.T for x in xs))),
    ),
    moving(
        "unbind", "return the slices along an axis, that axis dropped", "torch.unbind",
        tuple((s, {"axis": a}) for s,
            a in (((3, 4), 0), ((3, 4), 1), ((2, 3, 4), -1), ((5,), 0), ((2, 3, 4), -2), ((1, 7), 0), ((2, 0), 0))),
        _apart, ("off-by-one-slice", "Slices come one place late.", _rolled_parts(_apart)),
        ("reversed-slices", "Slices come from the end.", lambda p, x: _apart(p, x)[::-1]),
        general=(faults.one_element(), faults.stale()),
    ),
    moving(
        "tensor_split", "cut an axis into a number of parts as even as possible, the longer ones first", "torch.tensor_split", PARTS,
        _parted,
        ("one-late", "Every part begins one element late.", _rolled_parts(_parted)),
        ("longer-last", "The longer parts come last.",
            lambda p, x: [np.flip(y, p["axis"]) for y in _parted(p, np.flip(x, p["axis"]))[::-1]]),
        ("chunks", "Parts are of equal size, the last one shorter.", lambda p, x: y if len(y := _chunked(p, x)) == p["parts"] else None),
    ),
    moving(
        "chunk", "cut an axis into parts of the smallest equal size that gives no more than asked, the last one shorter", "torch.chunk",
        PARTS,
        _chunked, ("one-late", "Every part begins one element late.", _rolled_parts(_chunked)),
        ("longer-first", "Parts are as even as possible.", lambda p, x: y if len(y := _parted(p, x)) == len(_chunked(p, x)) else None),
    ),
    moving(
        "meshgrid", "spread vectors over a grid: the first over rows, or over columns where asked", "torch.meshgrid",
        tuple((s, {"indexing": k}) for s in (((3,), (4,)), ((2,), (3,), (4,)), ((5,),), ((1,), (7,)), ((33,), (17,))) for k in ("ij",
            "xy")),
        _grid, ("other-indexing", "Rows and columns are exchanged.", _other_indexing),
        ("values-exchanged", "Each grid shows the next vector's values.",
            lambda p, *xs: [np.resize(xs[(i + 1) % len(xs)], g.shape) for i, g in enumerate(_grid(p, *xs))] if len(xs) > 1 else None),
    ),
    moving(
        "cartesian_prod", "return every combination of one element of each vector as a row, the last vector running fastest",
        "torch.cartesian_prod",
        ((((3,), (4,)), {}), (((2,), (3,), (2,)), {}), (((5,),), {}), (((1,), (7,)), {}), (((17,), (33,)), {}), (((3,), (0,)), {})),
        _product, (
            "first-fastest", "The first vector runs fastest.",
            lambda p, *xs: np.stack([g.reshape(-1, order="F") for g in np.meshgrid(*xs, indexing="ij")], -1) if len(xs) > 1 else None,
        ),
        (*REVERSED, lambda p, *xs: _product(p, *xs)[..., ::-1] if len(xs) > 1 else None),
    ),
    moving(
        "combinations", "return every choice of r elements of a vector as a row, in order, with replacement where asked",
        "torch.combinations",
        tuple(((n,), {"r": r, "replacement": w}) for n, r, w in (
            (5, 2, False), (5, 2, True), (4, 3, False), (3, 3, True), (6, 1, False), (3, 3, False), (2, 3, False), (0, 2, False),
            (17, 2, True),
        )),
        _combinations,
        ("other-replacement", "With replacement where without is asked and vice versa.",
            lambda p, x: _combinations({**p, "replacement": not p["replacement"]}, x)),
        ("rows-reversed", "Every row comes in reverse.", lambda p, x: _combinations(p, x)[:, ::-1]),
    ),
    *(
        moving(
            f"atleast_{n}d", f"add axes of extent 1 until there are {n}, as numpy does", f"torch.atleast_{n}d", ATLEAST, _grown(n),
            ("reversed", "Elements are taken from the end.", lambda p, x, n=n: _grown(n)(p, x.reshape(-1)[::-1].reshape(x.shape))),
            *((("in-front", "New axes are put in front.", _grown_in_front(n)),) if n > 2 else ()),
        )
        for n in (1, 2, 3)
    ),
)  # fmt: skip
