"""Diagonals and triangles of matrices, windows along an axis, views by strides, and what is written back through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Array
from validation_suites.moving import Case, moving

ONNX = "ONNX operator specification, "
TRIANGLES: tuple[Case, ...] = tuple(
    (shape, {"k": k})
    for shape, k in (
        ((4, 5), 0), ((4, 5), 1), ((4, 5), -1), ((5, 3), -2), ((4, 4), 3), ((4, 4), 7), ((4, 4), -7), ((2, 3, 5, 4), 0), ((3, 1), 0),
        ((0, 4), 0), ((1, 1), 1), ((65, 33), -3), ((3, 0), 1),
    )
)  # fmt: skip
DIAGONALS: tuple[Case, ...] = tuple(
    (shape, {"first": a, "k": k, "second": b})
    for shape, k, a, b in (
        ((4, 5), 0, 0, 1), ((4, 5), 2, 0, 1), ((4, 5), -1, 0, 1), ((4, 5), 1, 1, 0), ((2, 3, 4), 0, 1, 2), ((2, 3, 4), 1, 0, -1),
        ((3, 2, 4, 3), -1, -4, -2), ((4, 5), 9, 0, 1), ((1, 7), 6, 0, 1), ((0, 3), 0, 0, 1), ((33, 65), -16, 0, 1),
    )
)  # fmt: skip
EMBEDDED: tuple[Case, ...] = tuple(
    (shape, {"first": a, "k": k, "second": b})
    for shape, k, a, b in (
        ((3, 4), 0, -2, -1), ((4,), 0, 0, 1), ((3, 4), 1, -2, -1), ((3, 4), -2, -2, -1), ((3, 4), 0, 0, 2), ((2, 3), 1, -1, -2),
        ((1,), 0, 0, 1),
        ((0,), 0, 0, 1), ((2, 33), -3, 0, 1),
    )
)  # fmt: skip
WINDOWS: tuple[Case, ...] = tuple(
    (shape, {"axis": axis, "size": size, "step": step})
    for shape, axis, size, step in (
        ((3, 9), 1, 3, 2), ((9,), 0, 4, 1), ((3, 9), 0, 2, 1), ((2, 9, 4), -2, 5, 4), ((7,), 0, 7, 3), ((7,), 0, 1, 2), ((3, 9), 1, 2, 5),
        ((2, 129), -1, 16, 8), ((0, 5), 1, 2, 1),
    )
)  # fmt: skip
STRIDES: tuple[Case, ...] = tuple(
    (shape, {"offset": offset, "size": size, "strides": strides})
    for shape, size, strides, offset in (
        ((12,), (4, 3), (2, 1), 0), ((4, 5), (3, 2), (5, 2), 1), ((12,), (3, 4), (1, 3), 0), ((3, 4), (12,), (1,), 0),
        ((5,), (3, 5), (0, 1), 0),
        ((4, 5), (4,), (6,), 0), ((9,), (2, 2, 2), (4, 2, 1), 1), ((9,), (0, 3), (3, 1), 0), ((9,), (), (), 4),
        ((129,), (16, 16), (7, 1), 3),
    )
)  # fmt: skip


def _diagonal(p: Any, x: Array) -> Array:
    return np.diagonal(x, p["k"], p["first"], p["second"])


def _embedded(p: Any, x: Array) -> Array:
    """The last axis becomes the k-th diagonal of a plane of two axes."""
    n = x.shape[-1] + abs(p["k"])
    out = np.zeros((*x.shape[:-1], n, n), dtype=x.dtype)
    i = np.arange(x.shape[-1])
    out[..., i + max(0, -p["k"]), i + max(0, p["k"])] = x
    return np.moveaxis(out, (-2, -1), (p["first"], p["second"]))


def _windows(p: Any, x: Array) -> Array:
    made = np.lib.stride_tricks.sliding_window_view(x, p["size"], axis=p["axis"])
    places = [slice(None)] * made.ndim
    places[p["axis"] % x.ndim] = slice(None, None, p["step"])
    return made[tuple(places)]


def _strided(p: Any, x: Array) -> Array:
    """Element by element: sum of index times stride, from the offset."""
    flat = np.full(p["size"], p["offset"], dtype=np.int64)
    for axis, stride in enumerate(p["strides"]):
        flat = flat + stride * np.arange(p["size"][axis]).reshape([-1 if a == axis else 1 for a in range(len(p["size"]))])
    return x.reshape(-1)[flat]


def _strided_written(p: Any, x: Array, source: Array) -> Array:
    out = x.reshape(-1).copy()
    out[_strided(p, np.arange(x.size))] = source
    return out.reshape(x.shape)


def _diagonal_written(p: Any, x: Array, source: Array) -> Array:
    out = x.copy().reshape(-1)
    out[_diagonal(p, np.arange(x.size).reshape(x.shape))] = source
    return out.reshape(x.shape)


def _selected(p: Any, x: Array) -> Array:
    return np.asarray(np.take(x, p["at"], p["axis"]))


def _place(p: Any, x: Array) -> tuple[Any, ...]:
    out: list[Any] = [slice(None)] * x.ndim
    out[p["axis"] % x.ndim] = p["at"] if "at" in p else slice(p["start"], p["stop"], p["step"])
    return tuple(out)


def _written(p: Any, x: Array, source: Array) -> Array:
    out = x.copy()
    out[_place(p, x)] = source
    return out


def _off(name: str, by: int, move: Any) -> Any:
    """A parameter off by some."""
    return lambda p, *xs: move({**p, name: p[name] + by}, *xs)


def _cleared(move: Any) -> Any:
    """What is not written is zero instead of the data."""
    return lambda p, x, source: move(p, np.zeros_like(x), source)


def _with_source(move: Any, cases: tuple[Case, ...]) -> tuple[Case, ...]:
    """Cases with a second operand as large as what the move reads."""
    return tuple(((s, np.asarray(move(p, np.zeros(s))).shape), p) for s, p in cases)


def _filled(p: Any, x: Array) -> Array:
    """Main diagonal i, i, i, ...; of a tall matrix again after every n + 1 rows where `wrap`."""
    out = x.copy()
    flat, n = out.reshape(-1), x.shape[-1]
    step = sum(n**a for a in range(x.ndim)) if x.ndim > 2 else n + 1
    stop = x.size if x.ndim > 2 or p["wrap"] else min(x.size, n * n)
    flat[0:stop:step] = p["value"]
    return out


SELECTED: tuple[Case, ...] = tuple(
    (shape, {"at": at, "axis": axis})
    for shape, axis, at in (((3, 4), 0, 1), ((3, 4), 1, -1), ((2, 3, 4), -2, 2), ((5,), 0, -5), ((2, 0, 3), 2, 1), ((9, 129), -1, 128))
)
SLICED: tuple[Case, ...] = tuple(
    (shape, {"axis": axis, "start": a, "step": k, "stop": b})
    for shape, axis, a, b, k in (
        ((3, 9), 1, 1, 8, 3), ((3, 9), 0, 1, 3, 1), ((9,), 0, -4, -1, 1), ((9,), 0, 0, 1000, 2), ((3, 9), -1, 5, 5, 1),
        ((2, 9, 3), 1, -100, 4, 2),
        ((5, 129), 1, 16, 65, 1),
    )
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "tril", "keep the elements on and below the k-th diagonal of every matrix and set the others to zero", f"torch.tril; {ONNX}Trilu",
        TRIANGLES, lambda p, x: np.tril(x, p["k"]),
        ("diagonal-lost", "The diagonal itself is set to zero.", _off("k", -1, lambda p, x: np.tril(x, p["k"]))),
        ("other-side", "The other triangle is kept.", lambda p, x: np.triu(x, p["k"])),
        ("sign-of-k", "k counts the other way.", lambda p, x: np.tril(x, -p["k"])),
    ),
    moving(
        "triu", "keep the elements on and above the k-th diagonal of every matrix and set the others to zero", f"torch.triu; {ONNX}Trilu",
        TRIANGLES, lambda p, x: np.triu(x, p["k"]),
        ("diagonal-lost", "The diagonal itself is set to zero.", _off("k", 1, lambda p, x: np.triu(x, p["k"]))),
        ("other-side", "The other triangle is kept.", lambda p, x: np.tril(x, p["k"])),
        ("sign-of-k", "k counts the other way.", lambda p, x: np.triu(x, -p["k"])),
    ),
    moving(
        "diagonal", "return the k-th diagonal of the plane of two axes as the last axis", "torch.diagonal", DIAGONALS, _diagonal,
        ("next-diagonal", "The diagonal beside is returned.", _off("k", 1, _diagonal)),
        ("sign-of-k", "k counts the other way.", lambda p, x: _diagonal({**p, "k": -p["k"]}, x)),
        ("first-row", "The first row is returned.", lambda p, x: x[0, : min(x.shape)] if x.ndim == 2 and p["k"] == 0 and x.size else None),
    ),
    moving(
        "diag", "return the k-th diagonal of a matrix, or the matrix whose k-th diagonal is a vector", "torch.diag",
        tuple((s, {"k": k}) for s, k in (
            ((4, 5), 0), ((5,), 0), ((5,), 2), ((5,), -1), ((4, 5), 1), ((4, 5), -2), ((4, 5), 9), ((1,), 0), ((33, 17), -5), ((0,), 1),
        )),
        lambda p, x: np.diag(x, p["k"]), ("next-diagonal", "The diagonal beside is meant.", lambda p, x: np.diag(x, p["k"] + 1)),
        ("sign-of-k", "k counts the other way.", lambda p, x: np.diag(x, -p["k"])),
    ),
    moving(
        "diagflat", "return the matrix whose k-th diagonal holds all elements in order", "torch.diagflat",
        tuple((s, {"k": k}) for s, k in (((2, 3), 0), ((4,), 1), ((2, 3), -2), ((), 0), ((1, 1), 3), ((5, 7), 0))),
        lambda p, x: np.diagflat(x, p["k"]), ("sign-of-k", "k counts the other way.", lambda p, x: np.diagflat(x, -p["k"])),
        ("column-order", "Elements are taken in the order of columns.", lambda p, x: np.diagflat(x.T, p["k"])),
    ),
    moving(
        "diag_embed", "put the last axis on the k-th diagonal of a plane of two new axes", "torch.diag_embed", EMBEDDED, _embedded,
        ("sign-of-k", "k counts the other way.", lambda p, x: _embedded({**p, "k": -p["k"]}, x)),
        ("reversed", "The diagonal runs backwards.", lambda p, x: _embedded(p, x[..., ::-1])),
    ),
    moving(
        "unfold_axis", "return all windows of a size along an axis, begun step elements apart, as a new last axis", "torch.Tensor.unfold",
        WINDOWS, _windows, ("step-one", "Windows begin one element apart.", lambda p, x: _windows({**p, "step": 1}, x)),
        ("windows-reversed", "Elements of a window come in reverse.", lambda p, x: _windows(p, x)[..., ::-1]),
    ),
    moving(
        "as_strided", "return the elements of the storage at offset plus index times stride", "torch.as_strided", STRIDES, _strided,
        ("offset-unread", "The offset is taken for zero.", lambda p, x: _strided({**p, "offset": 0}, x)),
        ("contiguous", "Elements are taken in storage order.", lambda p, x: np.resize(x.reshape(-1)[p["offset"] :], p["size"])),
    ),
    moving(
        "select", "return the slice at one position of an axis, that axis dropped", "torch.select", SELECTED, _selected,
        ("next-slice", "The slice behind is returned.", lambda p, x: _selected({**p, "at": (p["at"] + 1) % x.shape[p["axis"]]}, x)),
        ("from-front", "Positions from the end are taken from the front.",
            lambda p, x: _selected({**p, "at": abs(p["at"]) % x.shape[p["axis"]]}, x)),
    ),
    moving(
        "select_scatter", "write a slice at one position of an axis and keep the rest", "torch.select_scatter",
        _with_source(_selected, SELECTED), _written, ("rest-cleared", "What is not written is zero.", _cleared(_written)),
        ("next-slice", "The slice behind is written.", lambda p, x, s: _written({**p, "at": (p["at"] + 1) % x.shape[p["axis"]]}, x, s)),
    ),
    moving(
        "slice_scatter", "write a slice from start to before stop in steps and keep the rest", "torch.slice_scatter",
        _with_source(lambda p, x: x[_place(p, x)], SLICED), _written, ("rest-cleared", "What is not written is zero.", _cleared(_written)),
        ("one-late", "It is written one place late.", lambda p, x, s: np.roll(_written(p, x, s), 1, p["axis"])),
    ),
    moving(
        "diagonal_scatter", "write the k-th diagonal of the plane of two axes and keep the rest", "torch.diagonal_scatter",
        _with_source(_diagonal, DIAGONALS), _diagonal_written,
        ("rest-cleared", "What is not written is zero.", _cleared(_diagonal_written)),
        ("reversed", "The diagonal is written backwards.", lambda p, x, s: _diagonal_written(p, x, s[..., ::-1])),
    ),
    moving(
        "as_strided_scatter", "write the elements of the storage at offset plus index times stride and keep the rest",
        "torch.as_strided_scatter",
        _with_source(_strided, tuple(STRIDES[i] for i in (1, 2, 3, 5, 8))), _strided_written,
        ("rest-cleared", "What is not written is zero.", _cleared(_strided_written)),
        ("offset-unread", "The offset is taken for zero.", lambda p, x, s: _strided_written({**p, "offset": 0}, x, s)),
    ),
    moving(
        "fill_diagonal", "set the main diagonal to a value, of a tall matrix again below where wrap asks, and keep the rest",
        "torch.Tensor.fill_diagonal_", tuple((s, {"value": 1, "wrap": w}) for s, w in (
            ((4, 5), False), ((4, 4), False), ((9, 3), True), ((9, 3), False), ((3, 3, 3), False), ((1, 7), True), ((33, 5), True),
        )),
        _filled, ("wrap-turned", "It wraps where it should not and vice versa.", lambda p, x: _filled({**p, "wrap": not p["wrap"]}, x)),
        ("rest-cleared", "What is not written is zero.", lambda p, x: _filled(p, np.zeros_like(x))),
        ("zero-written", "Zero is written instead of the value.", lambda p, x: _filled({**p, "value": 0}, x)),
    ),
)  # fmt: skip
