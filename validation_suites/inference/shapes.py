"""Axes and extents: exchanged, reversed, merged, split, inserted, dropped, repeated. Values are moved, never changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Array
from validation_suites.moving import Case, moving

ORDERS: tuple[Case, ...] = (
    ((3, 4, 5), {"order": (2, 0, 1)}),
    ((4, 7), {"order": (1, 0)}),
    ((3, 4, 5), {"order": (1, 2, 0)}),
    ((2, 3, 9, 5), {"order": (0, 2, 3, 1)}),
    ((2, 9, 5, 3), {"order": (0, 3, 1, 2)}),
    ((2, 3, 2, 4, 3), {"order": (3, 1, 4, 0, 2)}),
    ((1, 5, 1, 3), {"order": (2, 1, 3, 0)}),
    ((17,), {"order": (0,)}),
    ((), {"order": ()}),
    ((3, 0, 2), {"order": (2, 1, 0)}),
    ((129, 65), {"order": (1, 0)}),
    ((33, 5, 31), {"order": (0, 2, 1)}),
    ((4, 4, 4), {"order": (0, 1, 2)}),
)
AXES: tuple[Case, ...] = (
    ((3, 4, 5), {"axes": (0, -1)}),
    ((4, 7), {"axes": (1,)}),
    ((3, 4, 5), {"axes": (0, 1, 2)}),
    ((2, 3, 9, 5), {"axes": (-2,)}),
    ((2, 3, 9, 5), {"axes": (3, 1)}),
    ((65,), {"axes": (0,)}),
    ((1, 5), {"axes": (0,)}),
    ((3, 0, 2), {"axes": (1, 2)}),
    ((3, 33, 17), {"axes": (-1,)}),
    ((9, 257), {"axes": (0, 1)}),
)
SHAPES: tuple[Case, ...] = (
    ((3, 4, 5), {"shape": (5, 12)}),
    ((3, 4, 5), {"shape": (-1,)}),
    ((6, 4), {"shape": (2, -1, 2, 2)}),
    ((24,), {"shape": (2, 3, 4)}),
    ((7,), {"shape": (7, 1)}),
    ((1, 1), {"shape": ()}),
    ((), {"shape": (1, 1, 1)}),
    ((0, 3), {"shape": (3, 0)}),
    ((2, 3, 4, 5), {"shape": (6, 20)}),
    ((129, 64), {"shape": (64, 129)}),
)
TILED: tuple[Case, ...] = (
    ((3, 4), {"repeats": (2, 3)}),
    ((5,), {"repeats": (4,)}),
    ((2, 3, 4), {"repeats": (1, 2, 1)}),
    ((2, 1, 3), {"repeats": (2, 5, 2)}),
    ((2, 3), {"repeats": (0, 2)}),
    ((0, 3), {"repeats": (2, 2)}),
    ((1,), {"repeats": (257,)}),
    ((2, 2, 2, 2), {"repeats": (1, 3, 2, 1)}),
    ((31, 33), {"repeats": (2, 3)}),
)
EXPANDED: tuple[Case, ...] = (
    ((3, 1), {"shape": (3, 4)}),
    ((1,), {"shape": (7,)}),
    ((), {"shape": (2, 3)}),
    ((5,), {"shape": (2, 3, 5)}),
    ((2, 1, 4), {"shape": (2, 3, 4)}),
    ((1, 3, 1), {"shape": (4, 3, 5)}),
    ((1, 3), {"shape": (0, 3)}),
    ((3, 4), {"shape": (3, 4)}),
    ((1, 65), {"shape": (129, 65)}),
)
SLICES: tuple[Case, ...] = (
    ((5, 9), {"axes": (0, 1), "starts": (1, 2), "steps": (2, 3), "stops": (5, 9)}),
    ((17,), {"axes": (0,), "starts": (3,), "steps": (1,), "stops": (11,)}),
    ((5, 9), {"axes": (-1,), "starts": (-6,), "steps": (2,), "stops": (-1,)}),
    ((5, 9), {"axes": (1,), "starts": (0,), "steps": (4,), "stops": (1000,)}),
    ((5, 9), {"axes": (1,), "starts": (7,), "steps": (1,), "stops": (3,)}),
    ((3, 4, 5), {"axes": (2, 0), "starts": (1, -2), "steps": (1, 1), "stops": (4, 3)}),
    ((3, 0), {"axes": (1,), "starts": (0,), "steps": (1,), "stops": (5,)}),
    ((3, 4), {"axes": (0,), "starts": (-50,), "steps": (1,), "stops": (2,)}),
    ((2, 300), {"axes": (1,), "starts": (1,), "steps": (7,), "stops": (299,)}),
    ((9, 65, 3), {"axes": (1,), "starts": (31,), "steps": (1,), "stops": (64,)}),
)
BACKWARD: tuple[Case, ...] = (
    ((5, 9), {"axes": (0, 1), "starts": (4, 8), "steps": (-1, -2), "stops": (0, 1)}),
    ((17,), {"axes": (0,), "starts": (-1,), "steps": (-3,), "stops": (-17,)}),
    ((17,), {"axes": (0,), "starts": (1000,), "steps": (-1,), "stops": (2,)}),
    ((5, 9), {"axes": (1,), "starts": (7,), "steps": (-1,), "stops": (-1000,)}),
    ((5, 9), {"axes": (-1, 0), "starts": (6, 1), "steps": (-4, 1), "stops": (1, 4)}),
    ((5, 9), {"axes": (1,), "starts": (2,), "steps": (-1,), "stops": (6,)}),
    ((2, 3, 65), {"axes": (2,), "starts": (64,), "steps": (-2,), "stops": (0,)}),
)
"""A stop before the first element is written far below -n, as the specification asks."""


def _axis_pairs(rank3: tuple[int, ...] = (3, 4, 5)) -> tuple[Case, ...]:
    shapes: tuple[tuple[tuple[int, ...], int, int], ...] = (
        (rank3, 0, 2), ((4, 7), 0, 1), (rank3, -1, -2), ((2, 3, 4, 5), 1, -1), ((2, 0, 3), 0, 1), ((6,), 0, -1), ((33, 65), 1, 0),
        ((2, 3, 4, 5), 3, 0),
    )  # fmt: skip
    return tuple((shape, {"first": a, "second": b}) for shape, a, b in shapes)


def _place(x: Array, p: dict[str, Any]) -> tuple[slice, ...]:
    """The slice of every axis."""
    out = [slice(None)] * x.ndim
    for axis, start, stop, step in zip(p["axes"], p["starts"], p["stops"], p["steps"], strict=True):
        out[axis] = slice(start, None if step < 0 and stop < -x.shape[axis] else stop, step)
    return tuple(out)


def _squeezed(p: dict[str, Any], x: Array) -> Array:
    if p["axes"] is None:
        return x.reshape([n for n in x.shape if n != 1])
    gone = {a % x.ndim for a in p["axes"] if x.shape[a] == 1}
    return x.reshape([n for a, n in enumerate(x.shape) if a not in gone])


def _flattened(p: dict[str, Any], x: Array) -> Array:
    first, last = (a % max(1, x.ndim) for a in (p["first"], p["last"]))
    middle = int(np.prod(x.shape[first : last + 1], dtype=np.int64))
    return x.reshape(*x.shape[:first], middle, *x.shape[last + 1 :])


def _unflattened(p: dict[str, Any], x: Array) -> Array:
    axis = p["axis"] % x.ndim
    sizes = np.empty(x.shape[axis], dtype=bool).reshape(p["sizes"]).shape
    return x.reshape(*x.shape[:axis], *sizes, *x.shape[axis + 1 :])


def _column_major(move: Any) -> Any:
    """The same extents, filled in the order of columns."""
    return lambda p, x: x.reshape(move(p, x).shape, order="F")


def _rolled(p: dict[str, Any], x: Array) -> Array:
    return np.roll(x, p["shifts"] if p["axes"] is not None else p["shifts"][0], p["axes"])


def _with(**changes: Any) -> Any:
    """A move with changed parameters."""

    def changed(move: Any) -> Any:
        return lambda p, x: move({**p, **{k: c(p[k]) for k, c in changes.items()}}, x)

    return changed


def _negated(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-v for v in values)


def _transposed(p: dict[str, Any], x: Array) -> Array:
    return np.transpose(x, p["order"])


def _sliced(p: dict[str, Any], x: Array) -> Array:
    return x[_place(x, p)]


def _ends_in(p: dict[str, Any], x: Array) -> Array:
    """One more element at the end."""
    return _sliced({**p, "stops": tuple(s + (1 if k > 0 else -1) for s, k in zip(p["stops"], p["steps"], strict=True))}, x)


def _repeated(p: dict[str, Any], x: Array) -> Array:
    return np.repeat(x, p["repeats"] if len(p["repeats"]) > 1 else p["repeats"][0], axis=p["axis"])


def _each(p: dict[str, Any], x: Array) -> Array:
    for axis, n in enumerate(p["repeats"]):
        x = np.repeat(x, n, axis)
    return x


def _whole(p: dict[str, Any], x: Array) -> Array | None:
    if len(p["repeats"]) > 1 or p["axis"] is None:
        return None
    tiles = [1] * x.ndim
    tiles[p["axis"]] = p["repeats"][0]
    return np.tile(x, tiles)


def _matrix(p: dict[str, Any], x: Array) -> Array:
    rows, columns = (int(np.prod(n, dtype=np.int64)) for n in (x.shape[: p["axis"]], x.shape[p["axis"] :]))
    return x.reshape(rows, columns)


def _lost(p: dict[str, Any], x: Array) -> Array:
    out = _rolled(p, x).copy()
    rows, n = out.reshape(-1) if p["axes"] is None else np.moveaxis(out, p["axes"][0], 0), p["shifts"][0]
    rows[slice(0, n) if n > 0 else slice(n, None)] = 0
    return out


def _first_copy(p: dict[str, Any], x: Array) -> Array | None:
    out = np.broadcast_to(x, p["shape"]).copy()
    out[1:] = 0
    return out


def _forward(p: dict[str, Any], x: Array) -> Array:
    return np.flip(_sliced(p, x), tuple(a for a, k in zip(p["axes"], p["steps"], strict=True) if k < 0))


ONNX = "ONNX operator specification, "
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "transpose", "return the axes of its operand in the order given", f"{ONNX}Transpose; torch.permute", ORDERS, _transposed,
        ("inverse-order", "The inverse of the order is applied.", lambda p, x: np.transpose(x, np.argsort(p["order"]).astype(int))),
        ("extents-only", "Extents are exchanged, values stay where they were.", lambda p, x: x.reshape(_transposed(p, x).shape)),
    ),
    moving(
        "swap_axes", "exchange two axes", "torch.transpose; torch.swapaxes", _axis_pairs(),
        lambda p, x: np.swapaxes(x, p["first"], p["second"]),
        ("extents-only", "Extents are exchanged, values stay.", lambda p, x: x.reshape(np.swapaxes(x, p["first"], p["second"]).shape)),
        ("moved-instead", "The first axis is moved behind the second.", lambda p, x: np.moveaxis(x, p["first"], p["second"])),
    ),
    moving(
        "move_axis", "move an axis to another place, the others in order", "torch.movedim", _axis_pairs(),
        lambda p, x: np.moveaxis(x, p["first"], p["second"]),
        ("extents-only", "Extents move, values stay.", lambda p, x: x.reshape(np.moveaxis(x, p["first"], p["second"]).shape)),
        ("swapped-instead", "The two axes are exchanged.", lambda p, x: np.swapaxes(x, p["first"], p["second"])),
    ),
    moving(
        "flip", "reverse the order of elements along the axes given", f"torch.flip; {ONNX}Slice with steps -1", AXES,
        lambda p, x: np.flip(x, p["axes"]),
        ("first-axis-only", "Only the first of the axes is reversed.", lambda p, x: np.flip(x, p["axes"][:1])),
        ("all-axes", "Every axis is reversed.", lambda p, x: np.flip(x)),
    ),
    moving(
        "rot90", "turn the plane of two axes by multiples of 90 degrees, from the first axis to the second", "torch.rot90",
        tuple((s, {"axes": a, "k": k}) for s, a, k in (
            ((3, 4), (0, 1), 1), ((3, 4), (1, 0), 1), ((3, 4), (0, 1), 2), ((4, 4), (0, 1), 3), ((2, 3, 5), (1, 2), -1),
            ((2, 3, 5), (-1, 0), 5), ((3, 4), (0, 1), 0), ((0, 3), (0, 1), 1), ((33, 65), (0, 1), 1),
        )),
        lambda p, x: np.rot90(x, p["k"], p["axes"]),
        ("clockwise", "It is turned the other way.", lambda p, x: np.rot90(x, -p["k"], p["axes"])),
        ("one-turn", "It is turned once, however often asked.", lambda p, x: np.rot90(x, 1, p["axes"])),
    ),
    moving(
        "roll", "shift elements along axes, or in storage order where none is given, what leaves at one end entering at the other",
        "torch.roll", tuple((s, {"axes": a, "shifts": n}) for s, a, n in (
            ((4, 7), (1,), (2,)), ((4, 7), (0, 1), (1, -3)), ((4, 7), None, (5,)), ((17,), (0,), (-16,)), ((17,), (0,), (40,)),
            ((3, 4, 5), (-1, 0), (2, -1)), ((3, 4, 5), (1, 1), (1, 2)), ((3, 0), (1,), (1,)), ((9, 129), (-1,), (-64,)),
            ((1, 1), None, (3,)),
        )), _rolled,
        ("other-way", "Elements are shifted the other way.", _with(shifts=_negated)(_rolled)),
        ("not-wrapped", "What leaves at one end is lost.", _lost),
    ),
    moving(
        "reshape", "return the elements in the same order in other extents, one of which may be left to be inferred",
        f"{ONNX}Reshape; torch.reshape", SHAPES, lambda p, x: x.reshape(p["shape"]),
        ("column-order", "Elements are taken in the order of columns.", _column_major(lambda p, x: x.reshape(p["shape"]))),
        ("reversed", "Elements are taken from the end.", lambda p, x: x.reshape(-1)[::-1].reshape(p["shape"])),
    ),
    moving(
        "flatten", "merge the axes from one to another into one", "torch.flatten",
        tuple((s, {"first": a, "last": b}) for s, a, b in (
            ((2, 3, 4, 5), 1, -1), ((3, 4), 0, -1), ((2, 3, 4, 5), 1, 2), ((2, 3, 4), 0, 1), ((), 0, -1), ((7,), 0, 0), ((2, 0, 3), 1, 2),
            ((9, 5, 31), -2, -1),
        )), _flattened,
        ("all-axes", "All axes are merged.", lambda p, x: x.reshape(-1)),
        ("column-order", "Elements are taken in the order of columns.", _column_major(_flattened)),
    ),
    moving(
        "flatten_to_matrix", "merge the axes before a given one into rows and the others into columns", f"{ONNX}Flatten",
        tuple((s, {"axis": a}) for s, a in (
            ((2, 3, 4), 1), ((2, 3, 4), 0), ((2, 3, 4), 2), ((2, 3, 4), 3), ((2, 3, 4, 5), -1), ((7,), 1), ((0, 3), 1), ((9, 5, 31), -2),
            ((5,), 0),
        )),
        _matrix,
        ("column-order", "Elements are taken in the order of columns.", _column_major(_matrix)),
        ("axis-one", "The axis is taken for 1.", _with(axis=lambda a: 1)(_matrix)),
    ),
    moving(
        "unflatten", "split an axis into several", "torch.unflatten",
        tuple((s, {"axis": a, "sizes": n}) for s, a, n in (
            ((3, 12), 1, (3, 4)), ((3, 12), -1, (2, -1)), ((12,), 0, (2, 2, 3)), ((6, 5), 0, (-1, 3)), ((2, 8, 3), 1, (4, 2)),
            ((3, 0), 1, (0, 4)), ((5, 130), -1, (2, 65)), ((7, 1), 1, (1, 1)),
        )), _unflattened,
        ("column-order", "Elements are taken in the order of columns.", _column_major(_unflattened)),
        ("sizes-reversed", "Extents come in reverse.", _with(sizes=lambda n: n[::-1])(_unflattened)),
    ),
    moving(
        "squeeze", "drop the axes given where their extent is 1, all of extent 1 where none is given", f"{ONNX}Squeeze; torch.squeeze",
        tuple((s, {"axes": a}) for s, a in (
            ((3, 1, 4), (1,)), ((1, 3, 1), None), ((1, 3, 1), (0, -1)), ((1, 3, 1), (0,)), ((3, 4), None), ((1,), (0,)), ((1, 1), None),
            ((0, 1, 2), (1,)), ((1, 257, 1, 3), (-2,)),
        )), _squeezed,
        ("reversed", "Elements are taken from the end.", lambda p, x: x.reshape(-1)[::-1].reshape(_squeezed(p, x).shape)),
        ("axes-unread", "Every axis of extent 1 is dropped.", lambda p, x: _squeezed({"axes": None}, x)),
    ),
    moving(
        "unsqueeze", "insert axes of extent 1 at the places that they have in the result", f"{ONNX}Unsqueeze; torch.unsqueeze",
        tuple((s, {"axes": a}) for s, a in (
            ((3, 4), (1,)), ((3, 4), (0,)), ((3, 4), (-1,)), ((3, 4), (0, 3)), ((7,), (1, 2)), ((), (0,)), ((0, 2), (1,)),
            ((5, 129), (-2,)),
        )), lambda p, x: np.expand_dims(x, p["axes"]),
        ("in-front", "Every axis is put in front.", lambda p, x: x.reshape(*[1] * len(p["axes"]), *x.shape)),
        ("reversed", "Elements are taken from the end.", lambda p, x: np.expand_dims(x.reshape(-1)[::-1].reshape(x.shape), p["axes"])),
    ),
    moving(
        "expand", "repeat its operand along axes of extent 1 and new leading axes", f"{ONNX}Expand; torch.broadcast_to", EXPANDED,
        lambda p, x: np.broadcast_to(x, p["shape"]),
        ("first-copy-only", "Only the first copy along the first axis is written.", _first_copy),
        ("resized", "Values are repeated in storage order.", lambda p, x: np.resize(x, p["shape"]) if x.size else None),
    ),
    moving(
        "tile", "repeat its operand as a whole along every axis", f"{ONNX}Tile; torch.tile", TILED, lambda p, x: np.tile(x, p["repeats"]),
        ("each-repeated", "Every element is repeated instead of the whole.", _each),
        ("resized", "Values are repeated in storage order.", lambda p, x: np.resize(x, np.tile(x, p["repeats"]).shape) if x.size else None),
    ),
    moving(
        "repeat_interleave", "repeat every element of an axis, of all where none is given, before the next", "torch.repeat_interleave",
        tuple((s, {"axis": a, "repeats": n}) for s, a, n in (
            ((3, 4), 1, (2,)), ((3, 4), 0, (1, 0, 3)), ((3, 4), None, (2,)), ((5,), 0, (0, 1, 2, 3, 4)), ((2, 3, 4), -2, (3,)),
            ((3, 4), 1, (0,)),
            ((0, 3), 1, (2,)), ((9, 65), -1, (4,)), ((4,), None, (3, 0, 0, 1)),
        )), _repeated,
        ("whole-repeated", "The whole is repeated instead of each element.", _whole),
        ("flattened", "No axis is read.", lambda p, x: np.repeat(x, p["repeats"][0]) if len(p["repeats"]) == 1 else None),
    ),
    moving(
        "slice", "return the elements from start to before stop in steps, ends beyond the data cut to it", f"{ONNX}Slice; Python slicing",
        SLICES, _sliced,
        ("stop-included", "The element at the stop is returned too.", _ends_in),
        ("step-one", "Steps are not read.", _with(steps=lambda k: (1,) * len(k))(_sliced)),
        ("one-late", "It starts one element too late.", _with(starts=lambda s: tuple(n + 1 for n in s))(_sliced)),
    ),
    moving(
        "slice_backward", "return the elements from start down to behind stop in negative steps", f"{ONNX}Slice", BACKWARD, _sliced,
        ("forward", "The elements come in the order of the data.", _forward),
        ("one-late", "It starts one element too late.", _with(starts=lambda s: tuple(n - 1 for n in s))(_sliced)),
        ("step-one", "Steps are taken for -1.", _with(steps=lambda k: tuple(1 if n > 0 else -1 for n in k))(_sliced)),
        dtypes=("float32", "float64", "int64", "int32", "uint8", "bool", "float16", "int8", "int16"),
    ),
)  # fmt: skip
