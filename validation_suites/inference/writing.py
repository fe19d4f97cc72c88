"""Writing by masks, flat positions, slices and several indices, and reducing what meets at one place.

Values that are added are integers and factors are powers of two, so small that nothing is rounded: every order gives the same bits.
Where nothing is accumulated no place is named twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.moving import ALL, PLAIN, moving
from validation_suites.sampling.places import NUMBERS, data, in_turn, mask, positions, powers, sample, specials, whole

ONNX = "ONNX operator specification, "
PORTABLE = tuple(d for d in NUMBERS if d != "bfloat16")
Samples = Callable[[], Iterable[Sample]]
REDUCE: dict[str, Any] = {"sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum, "mean": np.add}
ALONG: tuple[Any, ...] = (
    ((5, 7), 4, 1), ((5, 7), 3, 0), ((2, 3, 9), 6, -1), ((17,), 9, 0), ((2, 9, 3), 5, -2), ((3, 4), 0, 1), ((9, 129), 65, 1),
    ((300, 5), 299, 0),
)  # fmt: skip
"""(data, positions, axis)."""
ELEMENTS: tuple[Any, ...] = (
    ((5, 7), (5, 12), 1), ((5, 7), (20, 7), 0), ((5, 7), (3, 4), 1), ((17,), (40,), 0), ((2, 3, 9), (2, 3, 20), -1),
    ((2, 3, 4), (2, 11, 3), -2),
    ((3, 4), (3, 0), 1), ((9, 129), (9, 300), 1),
)  # fmt: skip
"""(data, index, axis); an index longer than the axis names places more than once."""


def wide(x: Array) -> Array:
    """Floats as float64, in which everything here is exact."""
    return x.astype(np.float64) if x.dtype.kind in "fV" else x.copy()


def _operand(reduce: str, dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    if reduce == "prod":
        return powers(dtype, shape, *names)
    return whole(dtype, shape, *names)


def reduced(x: Array, where: Any, source: Array, reduce: str, include_self: bool = True) -> Array:
    """What meets at a place, the data's own element among it where `include_self`, reduced; other places keep their element."""
    out, neutral = wide(x), {"sum": 0, "mean": 0, "prod": 1}
    source = np.broadcast_to(wide(source), out[where].shape)
    hit = np.zeros(x.shape, dtype=np.int64)
    np.add.at(hit, where, 1)
    if not include_self:
        lowest = np.inf if out.dtype.kind == "f" else np.iinfo(x.dtype).max
        start = neutral.get(reduce, {"amax": -lowest if out.dtype.kind == "f" else np.iinfo(x.dtype).min, "amin": lowest}.get(reduce))
        out = np.where(hit > 0, np.asarray(start, dtype=out.dtype), out)
    REDUCE[reduce].at(out, where, source)
    if reduce == "mean":
        out = out / np.maximum(1, hit + int(include_self) * (hit > 0))
    return out


def _grid(index: Array, axis: int) -> tuple[Array, ...]:
    """Places of an index with one position for each element."""
    grid: list[Array] = list(np.indices(index.shape, sparse=True))
    grid[axis] = index
    return tuple(np.broadcast_to(g, index.shape) for g in grid)


def _whole_axis(x: Array, at: Array, axis: int) -> tuple[Any, ...]:
    return (*(slice(None) for _ in range(axis % x.ndim)), at)


def _along(id: str, kinds: tuple[Any, ...], *, once: bool, dtypes: tuple[str, ...] = NUMBERS, **names: Any) -> Samples:
    """Data, positions of one axis and slices; one of `kinds` of parameters in turn."""

    def samples() -> Iterable[Sample]:
        for j, given in enumerate(kinds):
            reduce = str(given.get("reduce", "sum"))
            offered = tuple(d for d in dtypes if reduce != "mean" or d in ("float32", "float64", "float16", "bfloat16"))
            for dtype, k, (shape, n, axis) in in_turn(offered, ALONG[j % 3 :] if j else ALONG):
                label = "-".join(f"{a}={str(b).lower()}" for a, b in given.items())
                name = "-".join(filter(None, (dtype, "x".join(map(str, shape)), f"{n}-axis{axis}", label)))
                shapes = [*shape]
                shapes[axis] = n
                at = positions(shape[axis], (n,), id, name, once=once)
                x = whole(dtype, shape, id, name) if not once else data(id, dtype, shape, name)
                source = data(id, dtype, tuple(shapes), name + "source") if once else _operand(reduce, dtype, tuple(shapes), id, name, "s")
                yield sample(name, dtype, (x, at, source), k + j, axis=axis, **given)
        if once:
            for dtype in ("float32", "float64", "float16", "bfloat16"):
                places = Tensor.of(positions(9, (6,), id, once=True))
                operands = (data(id, dtype, (9, 7), "special"), places, specials(dtype, (6, 7)))
                yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=operands, params=(("axis", 0),), why=SampleClass.SPECIAL)

    return samples


def _elements(id: str, dtypes: tuple[str, ...], kinds: tuple[dict[str, Any], ...], *, nan: bool = False) -> Samples:
    """Data, one position for each element of a source, duplicates included."""

    def samples() -> Iterable[Sample]:
        for j, given in enumerate(kinds):
            reduce = str(given["reduce"])
            offered = tuple(d for d in dtypes if reduce != "mean" or d in ("float32", "float64", "float16", "bfloat16"))
            for dtype, k, (shape, index, axis) in in_turn(offered, ELEMENTS if j == 0 else ELEMENTS[:5]):
                label = "-".join(f"{a}={str(b).lower()}" for a, b in given.items())
                name = f"{dtype}-{'x'.join(map(str, shape))}-{'x'.join(map(str, index))}-axis{axis}-{label}"
                at = positions(shape[axis], index, id, name)
                inputs = (whole(dtype, shape, id, name), at, _operand(reduce, dtype, index, id, name, "source"))
                yield sample(name, dtype, inputs, k + j, axis=axis, **given)
            if nan and reduce in ("amax", "amin"):
                for dtype in ("float32", "float64", "float16", "bfloat16"):
                    operands = (data(id, dtype, (9, 7), "nan"), Tensor.of(positions(7, (9, 20), id, "nan")), specials(dtype, (9, 20)))
                    p = tuple(sorted({"axis": 1, **given}.items()))
                    label = "-".join(f"{a}={str(b).lower()}" for a, b in given.items())
                    yield Sample(name=f"{dtype}-special-{label}", dtype=dtype, inputs=operands, params=p, why=SampleClass.SPECIAL)

    return samples


def _scatter_reduce(p: Any, x: Array, index: Array, source: Array) -> Array:
    return reduced(x, _grid(index, p["axis"]), source[tuple(slice(n) for n in index.shape)], p["reduce"], p.get("include_self", True))


def _index_reduce(p: Any, x: Array, at: Array, source: Array) -> Array:
    axis = p["axis"] % x.ndim
    made = reduced(np.moveaxis(x, axis, 0), at, np.moveaxis(source, axis, 0), p.get("reduce", "sum"), p.get("include_self", True))
    return np.moveaxis(made, 0, axis)


def _index_add(p: Any, x: Array, at: Array, source: Array) -> Array:
    return _index_reduce({"axis": p["axis"]}, x, at, wide(source) * p["alpha"])


def _index_copy(p: Any, x: Array, at: Array, source: Array) -> Array:
    out = x.copy()
    out[_whole_axis(x, at, p["axis"])] = source
    return out


def _index_fill(p: Any, x: Array, at: Array) -> Array:
    out = x.copy()
    out[_whole_axis(x, at, p["axis"])] = p["value"]
    return out


def _fill_samples() -> Iterable[Sample]:
    for dtype, k, (shape, n, axis) in in_turn(ALL, ALONG):
        name = f"{dtype}-{'x'.join(map(str, shape))}-{n}-axis{axis}"
        at = positions(shape[axis], (n,), "index_fill", name)
        yield sample(name, dtype, (data("index_fill", dtype, shape, name), at), k, axis=axis, value=1)
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        inputs = (specials(dtype, (9, 7)), Tensor.of(np.array([2, 5, 2])))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=(("axis", 1), ("value", 1)), why=SampleClass.SPECIAL)


PUT: tuple[Any, ...] = (
    ((5, 7), ((4,), (4,)), (4,)), ((5, 7), ((3,),), (3, 7)), ((5, 7), ((3, 1), (4,)), (3, 4)), ((3, 4, 5), ((6,), (6,), (6,)), ()),
    ((3, 4, 5), ((2,), (2,)), (2, 5)), ((17,), ((9,),), (1,)), ((3, 4), ((0,),), (0, 4)), ((300, 3), ((257,),), (257, 3)),
)  # fmt: skip
"""(data, indices of the leading axes, values)."""


def _drawn(id: str, dtype: str, shape: tuple[int, ...], name: str, accumulate: bool) -> Tensor:
    return whole(dtype, shape, id, name) if accumulate else data(id, dtype, shape, name)


def _put_samples(id: str, dtypes: tuple[str, ...], *, accumulate: bool) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, indices, values) in in_turn(dtypes, PUT):
            name = f"{dtype}-{'x'.join(map(str, shape))}-{'+'.join('x'.join(map(str, i)) for i in indices)}-{k}"
            extents = {np.broadcast_shapes(*indices): int(np.prod(shape[: len(indices)]))}
            (form, room), = extents.items()
            flat = positions(room, form, id, name, once=not accumulate)
            split = len({*indices}) == 1
            at = np.unravel_index(flat, shape[: len(indices)]) if split else [
                positions(shape[a], i, id, name, str(a), once=True) for a, i in enumerate(indices)
            ]  # fmt: skip
            back = [np.where(np.arange(a.size).reshape(a.shape) % 2, a - n, a) for a, n in zip(at, shape, strict=False)]
            x, v = (_drawn(id, dtype, s, name + q, accumulate) for s, q in ((shape, "x"), (values, "v")))
            yield sample(name, dtype, (x, v, *back), k)

    return samples


def _put(p: Any, x: Array, values: Array, *at: Array) -> Array:
    out = x.copy()
    out[at] = values
    return out


def _put_add(p: Any, x: Array, values: Array, *at: Array) -> Array:
    return reduced(x, at, values, "sum")


def _flat_samples(id: str, dtypes: tuple[str, ...], *, accumulate: bool) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, index) in in_turn(dtypes,
            (((5, 7), (4,)), ((5, 7), (2, 3)), ((17,), (9,)), ((3, 4), (0,)), ((65, 33), (999,)))):
            name = f"{dtype}-{'x'.join(map(str, shape))}-{'x'.join(map(str, index))}"
            at = positions(int(np.prod(shape)), index, id, name, once=not accumulate)
            x, v = (_drawn(id, dtype, s, name + q, accumulate) for s, q in ((shape, "x"), (index, "v")))
            yield sample(name, dtype, (x, at, v), k)

    return samples


def _flat(p: Any, x: Array, at: Array, values: Array) -> Array:
    out = x.reshape(-1).copy()
    out[at] = values
    return out.reshape(x.shape)


def _flat_add(p: Any, x: Array, at: Array, values: Array) -> Array:
    return reduced(x.reshape(-1), at, values, "sum").reshape(x.shape)


MASKED = (((4, 9), (4, 9)), ((4, 9), (9,)), ((4, 9), (4, 1)), ((17,), (17,)), ((), ()), ((3, 0), (3, 0)), ((100, 90), (100, 90)))


def _masked_samples(id: str, source: bool) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, over) in in_turn(ALL, MASKED):
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-by-{'x'.join(map(str, over)) or 'scalar'}"
            rest = (data(id, dtype, (int(np.prod(shape)) + 2,), name + "source"),) if source else ()
            given = {} if source else {"value": 1}
            yield sample(name, dtype, (data(id, dtype, shape, name), mask(over, id, name), *rest), k, **given)
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            x, m, rest = specials(dtype, (9, 7)), mask((9, 7), id, "special"), (specials(dtype, (70,)),) if source else ()
            p: Any = () if source else (("value", 1),)
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x, m, *rest), params=p, why=SampleClass.SPECIAL)

    return samples


def _masked_fill(p: Any, x: Array, m: Array) -> Array:
    return np.where(m, np.asarray(p["value"]).astype(x.dtype), x)


def _masked_scatter(p: Any, x: Array, m: Array, source: Array) -> Array:
    out, m = x.copy(), np.broadcast_to(m, x.shape)
    out[m] = source[: int(m.sum())]
    return out


def _masked_in_place(p: Any, x: Array, m: Array, source: Array) -> Array:
    """Every place takes the source's element of its own position."""
    return np.where(m, source[: x.size].reshape(x.shape), x)


ND: tuple[Any, ...] = (
    ((5, 7), (4, 2)), ((5, 7), (3, 1)), ((3, 4, 5), (2, 3, 2)), ((7,), (5, 1)), ((3, 4), (0, 2)), ((3, 4, 5), (6, 3)), ((40, 9), (33, 1)),
)  # fmt: skip


def _nd_samples(id: str, kinds: tuple[dict[str, Any], ...]) -> Samples:
    def samples() -> Iterable[Sample]:
        for j, given in enumerate(kinds):
            for dtype, k, (shape, index) in in_turn(PORTABLE, ND):
                reduce, depth = str(given.get("reduce", "")), index[-1]
                name = "-".join(filter(None, (dtype, "x".join(map(str, shape)), "x".join(map(str, index)), reduce)))
                room = int(np.prod(shape[:depth]))
                flat = positions(room // (3 if reduce else 1), index[:-1], id, name, once=not reduce)
                at = np.stack(np.unravel_index(flat, shape[:depth]), axis=-1).astype(np.int64)
                at = np.where(np.arange(at.size).reshape(at.shape) % 2, at - np.array(shape[:depth]), at)
                form = (*index[:-1], *shape[depth:])
                x = whole(dtype, shape, id, name) if reduce else data(id, dtype, shape, name)
                source = _operand(reduce, dtype, form, id, name, "s") if reduce else data(id, dtype, form, name + "s")
                yield sample(name, dtype, (x, at, source), k + j, **given)

    return samples


def _scatter_nd(p: Any, x: Array, at: Array, source: Array) -> Array:
    where = tuple(np.moveaxis(at, -1, 0))
    if "reduce" in p:
        return reduced(x, where, source, p["reduce"])
    return _put(p, x, source, *where)


def _rest_cleared(move: Any, *, at: int = 0) -> Any:
    """What is not written is zero instead of the data."""
    return lambda p, x, *rest: move(p, np.zeros_like(x), *rest)


def _late(move: Any) -> Any:
    """Everything lands one place late along the last axis."""
    return lambda p, x, *rest: np.roll(move(p, np.roll(x, -1), *rest), 1)


def _other(name: str, change: Any, move: Any) -> Any:
    return lambda p, *xs: move({**p, name: change(p[name])}, *xs)


def _last_counts(move: Any) -> Any:
    """Of several values for one place the last alone counts."""

    def made(p: Any, x: Array, index: Array, source: Array) -> Array:
        out = wide(x)
        where = _grid(index, p["axis"])
        out[where] = REDUCE[p["reduce"]](wide(x)[where], wide(source))
        return out

    return made


def _nothing_twice(p: Any, x: Array, values: Array, *at: Array) -> Array:
    """A place that is named several times counts once."""
    out = wide(x)
    out[at] = wide(x)[at] + wide(values)
    return out


LATE = ("next-place", "Every element is written one place late.")
CLEARED = ("rest-cleared", "What is not written is zero instead of the data.")
ONCE = ("duplicates-lost", "Of several values for one place only the last counts.")
EXACT_SUMS = tuple(f for f in PLAIN if f.id != "nan-lost")
NARROW = (faults.BF16_INPUTS, faults.TF32_INPUTS)
INCLUDE = tuple({"include_self": s, "reduce": r} for r in ("prod", "mean", "amax", "amin") for s in (True, False))
SELF = _other("include_self", lambda v: not v, _scatter_reduce)
ALL_REDUCTIONS: tuple[dict[str, Any], ...] = ({"include_self": True, "reduce": "sum"}, {"include_self": False, "reduce": "sum"}, *INCLUDE)
PORTABLE_REDUCTIONS = tuple({"reduce": r} for r in ("prod", "amax", "amin"))
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "scatter_reduce",
        "reduce what meets at every position along an axis by sum, product, mean, maximum or minimum, the data's own element "
        "included where asked, NaN winning over numbers", "torch.scatter_reduce",
        _elements("scatter_reduce", NUMBERS, ALL_REDUCTIONS, nan=True), _scatter_reduce,
        ("self-mistaken", "The data's own element counts where it should not and vice versa.", SELF),
        (*ONCE, _last_counts(_scatter_reduce)),
        (*LATE, _late(_scatter_reduce)), area="indexing", general=(*PLAIN, *NARROW),
    ),
    moving(
        "scatter_reduce_portable",
        "reduce what meets at every position along an axis, the data's own element included, by product, maximum or minimum",
        f"{ONNX}ScatterElements, reduction mul, max, min; torch.scatter_reduce",
        _elements("scatter_reduce_portable", PORTABLE, PORTABLE_REDUCTIONS),
        _scatter_reduce, (*ONCE, _last_counts(_scatter_reduce)), (*LATE, _late(_scatter_reduce)),
        ("maximum-for-minimum", "The minimum is returned for the maximum.",
            _other("reduce", lambda r: {"amax": "amin"}.get(r, r), _scatter_reduce)),
        area="indexing", general=(*EXACT_SUMS, *NARROW),
    ),
    moving(
        "index_add", "add multiples of slices to the slices of an axis that an index names, however often", "torch.index_add",
        _along("index_add", ({"alpha": 1}, {"alpha": 2}), once=False), _index_add, (*LATE, _late(_index_add)),
        ("alpha-unread", "The multiple is taken for 1.", _other("alpha", lambda v: 1, _index_add)), (*CLEARED, _rest_cleared(_index_add)),
        area="indexing", general=(*EXACT_SUMS, *NARROW),
    ),
    moving(
        "index_reduce", "reduce slices into the slices of an axis that an index names, by product, mean, maximum or minimum",
        "torch.index_reduce",
        _along("index_reduce", INCLUDE, once=False), _index_reduce, (*LATE, _late(_index_reduce)),
        ("self-mistaken", "The data's own element counts where it should not and vice versa.",
            _other("include_self", lambda v: not v, _index_reduce)),
        area="indexing", general=(*EXACT_SUMS, *NARROW),
    ),
    moving(
        "index_copy", "write slices to the places of an axis that an index names and keep the rest", "torch.index_copy",
        _along("index_copy", ({},), once=True, dtypes=ALL), _index_copy, (*LATE, _late(_index_copy)),
        (*CLEARED, _rest_cleared(_index_copy)), area="indexing",
    ),
    moving(
        "index_fill", "set the slices of an axis that an index names to a value and keep the rest", "torch.index_fill", _fill_samples,
        _index_fill,
        (*LATE, _late(_index_fill)), (*CLEARED, _rest_cleared(_index_fill)),
        ("zero-written", "Zero is written.", _other("value", lambda v: 0, _index_fill)),
        area="indexing",
    ),
    moving(
        "index_put", "write values to the places that several indices name together, broadcast, and keep the rest", "torch.index_put",
        _put_samples("index_put", ALL, accumulate=False), _put, (*LATE, _late(_put)), (*CLEARED, _rest_cleared(_put)), area="indexing",
        general=EXACT_SUMS,
    ),
    moving(
        "index_put_add", "add values at the places that several indices name together, however often", "torch.index_put, accumulate",
        _put_samples("index_put_add", NUMBERS, accumulate=True), _put_add, (*LATE, _late(_put_add)), (*ONCE, _nothing_twice),
        (*CLEARED, _rest_cleared(_put_add)), area="indexing", general=(*EXACT_SUMS, *NARROW),
    ),
    moving(
        "put", "write values to positions counted in storage order and keep the rest", "torch.put",
        _flat_samples("put", ALL, accumulate=False), _flat, (*LATE, _late(_flat)), (*CLEARED, _rest_cleared(_flat)), area="indexing",
        general=EXACT_SUMS,
    ),
    moving(
        "put_add", "add values at positions counted in storage order, however often", "torch.put, accumulate",
        _flat_samples("put_add", NUMBERS, accumulate=True), _flat_add, (*LATE, _late(_flat_add)), (*CLEARED, _rest_cleared(_flat_add)),
        area="indexing", general=(*EXACT_SUMS, *NARROW),
    ),
    moving(
        "masked_fill", "set the elements where a broadcast mask is true to a value and keep the rest", "torch.masked_fill",
        _masked_samples("masked_fill", False), _masked_fill,
        ("mask-negated", "The mask is taken for its opposite.", lambda p, x, m: _masked_fill(p, x, ~m)),
        (*CLEARED, _rest_cleared(_masked_fill)), ("zero-written", "Zero is written.", _other("value", lambda v: 0, _masked_fill)),
        area="indexing",
    ),
    moving(
        "masked_scatter", "write the elements of a source in order where a broadcast mask is true and keep the rest",
        "torch.masked_scatter",
        _masked_samples("masked_scatter", True), _masked_scatter,
        ("by-own-position", "Every place takes the element of its own position.", _masked_in_place),
        ("mask-negated", "The mask is taken for its opposite.", lambda p, x, m, s: _masked_scatter(p, x, ~m, s)), area="indexing",
    ),
    moving(
        "scatter_nd",
        "write elements or slices to the places named by the rows of an index, negative positions from the end, and keep the rest",
        f"{ONNX}ScatterND, reduction none", _nd_samples("scatter_nd", ({},)), _scatter_nd, (*LATE, _late(_scatter_nd)),
        (*CLEARED, _rest_cleared(_scatter_nd)), area="indexing", general=EXACT_SUMS,
    ),
    moving(
        "scatter_nd_reduce", "reduce elements or slices into the places named by the rows of an index by sum, product, maximum or minimum",
        f"{ONNX}ScatterND, reduction add, mul, max, min",
        _nd_samples("scatter_nd_reduce", tuple({"reduce": r} for r in ("sum", "prod", "amax", "amin"))), _scatter_nd,
        (*LATE, _late(_scatter_nd)),
        (*ONCE, lambda p, x, at, s: REDUCE[p["reduce"]](wide(x), 0) if not at.size else _last_nd(p, x, at, s)), area="indexing",
        general=(*EXACT_SUMS, *NARROW),
    ),
)  # fmt: skip


def _last_nd(p: Any, x: Array, at: Array, source: Array) -> Array:
    out, where = wide(x), tuple(np.moveaxis(at, -1, 0))
    out[where] = REDUCE[p["reduce"]](wide(x)[where], wide(source))
    return out
