"""Reading by masks, flat positions and several indices at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.moving import ALL, moving
from validation_suites.sampling.places import data, in_turn, mask, positions, sample, specials

ONNX = "ONNX operator specification, "
Samples = Callable[[], Iterable[Sample]]
PATTERNS: tuple[tuple[tuple[int, ...], str, tuple[tuple[int, ...], ...]], ...] = (
    ((5, 7), "i,i", ((4,), (4,))),
    ((5, 7), "i", ((3,),)),
    ((5, 7), ":,i", ((2, 3),)),
    ((5, 7), "i,i", ((3, 1), (4,))),
    ((3, 4, 5), "i,:,i", ((6,), (6,))),
    ((3, 4, 5), ":,i,i", ((2, 2), (2, 2))),
    ((3, 4, 5), "...,i", ((3,),)),
    ((3, 4, 5), "i,none,i", ((2,), (2,))),
    ((3, 4, 5), "i,i,i", ((7,), (7,), (7,))),
    ((2, 3, 4, 5), "::2,i,1:,i", ((3,), (3,))),
    ((5,), "i", ((),)),
    ((5, 7), "i,i", ((0,), (0,))),
    ((40, 65), "i,:", ((300,),)),
)
"""Index expressions: i = the next index, : = a whole axis, none = a new axis."""


def index_of(pattern: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index expression as Python objects."""
    rest = iter(given)
    one = {":": slice(None), "...": Ellipsis, "none": None, "::2": slice(None, None, 2), "1:": slice(1, None)}
    return tuple(next(rest) if part == "i" else one[part] for part in pattern.split(","))


def _axes(pattern: str, rank: int) -> list[int]:
    """The axis that every i of a pattern counts along."""
    parts = [q for q in pattern.split(",") if q != "none"]
    if "..." in parts:
        at = parts.index("...")
        parts[at : at + 1] = [":"] * (rank - len(parts) + 1)
    return [axis for axis, q in enumerate(parts) if q == "i"]


def _indexed_samples() -> Iterable[Sample]:
    for dtype, k, (shape, pattern, shapes) in in_turn(ALL, PATTERNS):
        extents = "+".join("x".join(map(str, s)) or "scalar" for s in shapes)
        name = f"{dtype}-{'x'.join(map(str, shape))}-{pattern.replace(':', 'all')}-{extents}"
        index = [
            positions(shape[a], s, name, str(i), back=True) for i, (a, s) in enumerate(zip(_axes(pattern, len(shape)), shapes, strict=True))
        ]
        yield sample(name, dtype, (data("indexed", dtype, shape, name), *index), k, pattern=pattern)
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        index = [positions(n, (9, 5), "special", str(n)) for n in (5, 7)]
        yield Sample(
            name=f"{dtype}-special", dtype=dtype, inputs=(specials(dtype, (5, 7)), *map(Tensor.of, index)), params=(("pattern", "i,i"),),
            why=SampleClass.SPECIAL,
        )  # fmt: skip


def _indexed(p: Any, x: Array, *index: Array) -> Array:
    return np.asarray(x[index_of(p["pattern"], index)])


MASKS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((4, 9), (4, 9)), ((4, 9), (9,)), ((9,), (4, 9)), ((4, 1, 3), (5, 1)), ((17,), (17,)), ((), ()), ((3, 0), (3, 0)), ((9, 129), (9, 129)),
    ((100, 90), (100, 90)),
)  # fmt: skip
"""(data, mask), which broadcast against each other."""


def _masked_samples(id: str, masks: Any = MASKS) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, over) in in_turn(ALL, masks):
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-by-{'x'.join(map(str, over)) or 'scalar'}"
            yield sample(name, dtype, (data(id, dtype, shape, name), mask(over, id, name)), k)
        for name, share in (("none", 0.0), ("all", 1.0)):
            yield sample(f"float32-{name}", "float32", (data(id, "float32", (4, 9), name), mask((4, 9), id, name, share=share)), 1)
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            x, m = specials(dtype, (9, 7)), mask((9, 7), id, "special", share=0.7)
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x, m), why=SampleClass.SPECIAL)

    return samples


def _masked(p: Any, x: Array, m: Array) -> Array:
    x, m = np.broadcast_arrays(x, m)
    return x[m].reshape(-1)


def _columns_first(p: Any, x: Array, m: Array) -> Array:
    x, m = np.broadcast_arrays(x, m)
    return x.T[m.T].reshape(-1)


def _by_mask(p: Any, x: Array, m: Array) -> Array:
    return x[m]


def _take_samples(id: str) -> Samples:
    def samples() -> Iterable[Sample]:
        cases = (((5, 7), (4,)), ((5, 7), (2, 3)), ((17,), (33,)), ((2, 3, 4), (2, 1, 3)), ((3, 4), ()), ((3, 4), (0,)), ((65, 33), (999,)))
        for dtype, k, (shape, index) in in_turn(ALL, cases):
            name = f"{dtype}-{'x'.join(map(str, shape))}-{'x'.join(map(str, index)) or 'scalar'}"
            at = positions(int(np.prod(shape)), index, id, name)
            yield sample(name, dtype, (data(id, dtype, shape, name), at), k)
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            inputs = (specials(dtype, (9, 7)), Tensor.of(positions(63, (70,), id, "special")))
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, why=SampleClass.SPECIAL)

    return samples


def _along_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (
        ((5, 7), (5, 3), 1), ((5, 7), (9, 7), 0), ((5, 7), (1, 4), 1), ((5, 1), (5, 3), -1), ((1, 7), (4, 3), 1),
        ((2, 3, 4), (2, 5, 4), -2),
        ((5, 7), (6,), None), ((17,), (4,), 0), ((3, 4), (3, 0), 1), ((9, 129), (9, 65), 1),
    )  # fmt: skip
    for dtype, k, (shape, index, axis) in in_turn(ALL, cases):
        name = f"{dtype}-{'x'.join(map(str, shape))}-{'x'.join(map(str, index))}-axis{'none' if axis is None else axis}"
        n = int(np.prod(shape)) if axis is None else shape[axis]
        yield sample(name, dtype, (data("along", dtype, shape, name), positions(n, index, name)), k, axis=axis)
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        inputs = (specials(dtype, (9, 7)), Tensor.of(positions(7, (9, 9), "special")))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=(("axis", 1),), why=SampleClass.SPECIAL)


def _along(p: Any, x: Array, at: Array) -> Array:
    """Extents other than the axis broadcast."""
    if p["axis"] is None:
        return x.reshape(-1)[at.reshape(-1)]
    axis = p["axis"] % x.ndim
    others = np.broadcast_shapes(*(tuple(1 if a == axis else n for a, n in enumerate(y.shape)) for y in (x, at)))
    wide = [np.broadcast_to(y, [y.shape[axis] if a == axis else n for a, n in enumerate(others)]) for y in (x, at)]
    return np.take_along_axis(wide[0], wide[1], axis)


def _gather_nd_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (
        ((5, 7), (4, 2), 0), ((5, 7), (3, 1), 0), ((3, 4, 5), (2, 3, 2), 0), ((3, 4, 5), (3, 2, 1), 1), ((2, 3, 4, 5), (2, 3, 1), 2),
        ((2, 3, 4), (2, 2), 1), ((7,), (5, 1), 0), ((3, 4), (0, 2), 0), ((40, 9), (300, 1), 0),
    )  # fmt: skip
    for dtype, k, (shape, index, batch) in in_turn(tuple(d for d in ALL if d != "bfloat16"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape))}-{'x'.join(map(str, index))}-batch{batch}"
        at = np.stack([positions(shape[batch + j], index[:-1], name, str(j), back=True) for j in range(index[-1])], axis=-1)
        yield sample(name, dtype, (data("gather_nd", dtype, shape, name), at), k, batch_dims=batch)
    for dtype in ("float32", "float64", "float16"):
        inputs = (specials(dtype, (9, 7)), Tensor.of(positions(9, (20, 1), "special")))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=(("batch_dims", 0),), why=SampleClass.SPECIAL)


def _gather_nd(p: Any, x: Array, at: Array) -> Array:
    """The last axis of the index holds one position for each axis behind the batch."""
    batch = p["batch_dims"]
    grid = np.ix_(*(np.arange(n) for n in x.shape[:batch])) if batch else ()
    spread = tuple(g.reshape(g.shape + (1,) * (at.ndim - 1 - batch)) for g in grid)
    return np.asarray(x[(*spread, *np.moveaxis(at, -1, 0))])


def _compress_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (
        ((5, 7), 5, 0), ((5, 7), 7, 1), ((5, 7), 4, -1), ((5, 7), 35, None), ((5, 7), 20, None), ((2, 3, 4), 3, -2), ((17,), 17, 0),
        ((9, 129), 129, 1), ((0, 3), 3, 1),
    )  # fmt: skip
    for dtype, k, (shape, n, axis) in in_turn(tuple(d for d in ALL if d != "bfloat16"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape))}-{n}-axis{'none' if axis is None else axis}"
        yield sample(name, dtype, (data("compress", dtype, shape, name), mask((n,), "compress", name, share=0.6)), k, axis=axis)
    for dtype in ("float32", "float64", "float16"):
        inputs = (specials(dtype, (9, 7)), mask((9,), "compress", "special", share=0.7))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=(("axis", 0),), why=SampleClass.SPECIAL)


def _reverse_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((6, 4), 0, 1), ((4, 6), 1, 0), ((5, 3, 2), 0, 1), ((3, 5, 2), 1, 0), ((1, 4), 0, 1), ((65, 9, 3), 0, 1),
        ((3, 17), 1, 0))
    for dtype, k, (shape, time, batch) in in_turn(tuple(d for d in ALL if d != "bfloat16"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape))}-time{time}"
        lengths = positions(shape[time], (shape[batch],), "reverse", name) + 1
        yield sample(name, dtype, (data("reverse", dtype, shape, name), lengths), k, batch_axis=batch, time_axis=time)
    for dtype in ("float32", "float64", "float16"):
        inputs = (specials(dtype, (9, 7)), Tensor.of(np.arange(1, 8)))
        p: Any = (("batch_axis", 1), ("time_axis", 0))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=p, why=SampleClass.SPECIAL)


def _reversed(p: Any, x: Array, lengths: Array) -> Array:
    if lengths.max(initial=0) > x.shape[p["time_axis"]]:
        raise ValueError("a sequence is longer than its axis")
    rows = np.moveaxis(x, (p["batch_axis"], p["time_axis"]), (0, 1)).copy()
    for b, n in enumerate(lengths):
        rows[b, :n] = rows[b, :n][::-1]
    return np.moveaxis(rows, (0, 1), (p["batch_axis"], p["time_axis"]))


def _whole_reversed(p: Any, x: Array, lengths: Array) -> Array:
    return np.flip(x, p["time_axis"])


def _late(move: Any) -> Any:
    """From data one place on along the last axis."""
    return lambda p, x, *rest: move(p, np.roll(x, -1), *rest)


NEXT = ("next-element", "The element behind the one asked for is returned.")
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "index_expression",
        "return the elements that several indices name together, broadcast, beside whole axes, negative positions from the end",
        "PyTorch documentation, tensor indexing; numpy advanced indexing", _indexed_samples, _indexed, (*NEXT, _late(_indexed)),
        ("from-front", "Positions from the end are taken for the first.", lambda p, x, *i: _indexed(p, x, *(np.maximum(k, 0) for k in i))),
        ("first-for-all", "The first position serves all.",
            lambda p, x, *i: _indexed(p, x, *(np.full_like(k, k.flat[0]) if k.size else k for k in i))),
        area="indexing",
    ),
    moving(
        "masked_select", "return the elements where a mask is true, in order, both broadcast", "torch.masked_select",
        _masked_samples("masked_select"),
        _masked, (*NEXT, _late(_masked)), ("columns-first", "Elements come in the order of columns.", _columns_first),
        ("mask-negated", "Elements are returned where the mask is false.", lambda p, x, m: _masked(p, x, ~m)),
        area="indexing",
    ),
    moving(
        "index_by_mask", "return the elements, or slices of leading axes, where a mask is true", "PyTorch documentation, tensor indexing",
        _masked_samples("index_by_mask",
            (((4, 9), (4, 9)), ((4, 9), (4,)), ((2, 3, 4), (2, 3)), ((17,), (17,)), ((3, 0), (3,)), ((100, 90), (100,)))),
        _by_mask, (*NEXT, _late(_by_mask)), ("mask-negated", "The mask is taken for its opposite.", lambda p, x, m: x[~m]),
        area="indexing",
    ),
    moving(
        "take", "return the elements at positions counted in storage order", "torch.take", _take_samples("take"),
        lambda p, x, at: x.reshape(-1)[at], (*NEXT, _late(lambda p, x, at: x.reshape(-1)[at])),
        ("column-order", "Positions count in the order of columns.", lambda p, x, at: x.reshape(-1, order="F")[at]),
        area="indexing",
    ),
    moving(
        "take_along_axis", "return, for every element of an index, the element at that position along an axis, the other extents broadcast",
        "torch.take_along_dim", _along_samples, _along, (*NEXT, _late(_along)),
        ("first-row-for-all", "The first positions serve all.", lambda p, x, at: _along(p, x, np.broadcast_to(at[:1], at.shape))),
        area="indexing",
    ),
    moving(
        "gather_nd", "return the elements or slices named by the rows of an index, behind the batch axes", f"{ONNX}GatherND",
        _gather_nd_samples,
        _gather_nd, (*NEXT, _late(_gather_nd)),
        ("tuples-reversed", "The positions of a row are read in reverse.",
            lambda p, x, at: _gather_nd(p, x, at[..., ::-1] % 3) if min(x.shape) > 2 else None),
        ("from-front", "Positions from the end are taken for the first.", lambda p, x, at: _gather_nd(p, x, np.maximum(at, 0))),
        area="indexing", dtypes=tuple(d for d in ALL if d != "bfloat16"),
    ),
    moving(
        "compress", "return the slices of an axis, of all elements where none is given, where a condition holds, which may be shorter",
        f"{ONNX}Compress", _compress_samples, lambda p, x, m: np.compress(m, x, p["axis"]),
        (*NEXT, _late(lambda p, x, m: np.compress(m, x, p["axis"]))),
        ("negated", "The condition is taken for its opposite.", lambda p, x, m: np.compress(~m, x, p["axis"])),
        area="indexing",
    ),
    moving(
        "reverse_sequence", "reverse the first elements of every sequence of a batch, as many as its length says, and keep the rest",
        f"{ONNX}ReverseSequence", _reverse_samples, _reversed, ("lengths-unread", "The whole sequence is reversed.", _whole_reversed),
        ("unchanged", "Nothing is reversed.", lambda p, x, n: x),
        ("one-less", "One element less is reversed.", lambda p, x, n: _reversed(p, x, n - 1)),
        area="indexing",
    ),
)  # fmt: skip
