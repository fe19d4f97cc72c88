"""Where values are, how often, and which differ: nonzero, search in sorted data, membership, distinct values, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.moving import ALL, PLAIN, moving
from validation_suites.sampling.places import data, in_turn, mask, sample

ONNX = "ONNX operator specification, "
FLOATS = ("float32", "float64", "float16", "bfloat16")
NUMBERS = (*FLOATS, "int64", "int32", "int16", "int8", "uint8")
TOLD = tuple(d for d in ALL if d != "uint8")
"""torch.any and torch.all of uint8 answer in uint8."""
PORTABLE = ("float32", "int64", "int32", "uint8", "bool", "float64", "int8")
Samples = Callable[[], Iterable[Sample]]
SHAPES: tuple[tuple[int, ...], ...] = ((4, 9), (17,), (2, 3, 4), (5, 1), (3, 0), (2, 3, 4, 5), (9, 129), (100, 90))


def sparse(id: str, dtype: str, shape: tuple[int, ...], name: str, share: float = 0.4) -> Tensor:
    """Data of which a share is not zero; the zeros of floats have both signs."""
    x, m = data(id, dtype, shape, name).array(), mask(shape, id, name, share=share).array()
    zeros = np.zeros_like(x)
    if dtype in FLOATS:
        zeros.reshape(-1)[::2] = -0.0
    return Tensor.of(np.where(m, x, zeros))


def _nonzero_samples(id: str, dtypes: tuple[str, ...], **names: Any) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, shape in in_turn(dtypes, SHAPES):
            name = f"{dtype}-{'x'.join(map(str, shape))}"
            yield sample(name, dtype, (sparse(id, dtype, shape, name),), k, **names)
        for label, share in (("none", 0.0), ("all", 1.0)):
            yield sample(f"float32-{label}", "float32", (sparse(id, "float32", (4, 9), label, share),), 1, **names)
        for dtype in (d for d in FLOATS if d in dtypes):
            x = Tensor.of(np.array([[np.nan, 0.0, -0.0, np.inf, 0.0], [0.0, 1e-7, -1e-7, -np.inf, -np.nan]]), dtype)
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x,), params=params(**names), why=SampleClass.SPECIAL)

    return samples


def _nonzero(p: Any, x: Array) -> Array:
    """NaN is not zero."""
    return np.argwhere(x.astype(np.float64) != 0)


def _axes_samples(id: str, dtypes: tuple[str, ...], share: float, *, keepable: bool = True) -> Samples:
    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = (
            ((5, 7), (1,), False), ((5, 7), (0,), True), ((5, 7), None, False), ((2, 3, 4), (0, 2), False), ((2, 3, 4), (-2,), True),
            ((17,), (0,), False),
            ((), None, False), ((3, 0), (1,), False), ((0, 3), (1,), False), ((3, 0), None, False), ((9, 129), (1,), False),
            ((2, 5000), (-1,), True),
        )  # fmt: skip
        for dtype, k, (shape, axes, keep) in in_turn(dtypes, cases):
            label, keep = "none" if axes is None else ",".join(map(str, axes)), keep and keepable
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-axes{label}{'-keep' if keep else ''}"
            x = sparse(id, dtype, shape, name, share)
            yield sample(name, dtype, (x,), k, axes=axes, keepdims=keep)
        for dtype in (d for d in FLOATS if d in dtypes):
            x = Tensor.of(np.array([[np.nan, 0.0, -0.0], [np.inf, 1.0, 1e-7], [0.0, -0.0, 0.0], [-np.inf, np.nan, 1e-7]]), dtype)
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(x,), params=params(axes=(1,), keepdims=False),
                why=SampleClass.SPECIAL)

    return samples


def _over(operation: Any) -> Any:
    def made(p: Any, x: Array) -> Any:
        return operation(x.astype(np.float64) != 0, axis=p["axes"], keepdims=p["keepdims"])

    return made


def _positive(operation: Any) -> Any:
    """Only positive values count."""
    return lambda p, x: operation(x.astype(np.float64) > 0, axis=p["axes"], keepdims=p["keepdims"])


def _signed_zero(operation: Any) -> Any:
    """-0 counts as a value."""

    def made(p: Any, x: Array) -> Any:
        wide = x.astype(np.float64)
        return operation((wide != 0) | np.signbit(wide), axis=p["axes"], keepdims=p["keepdims"])

    return made


def _sorted_samples(id: str, *, batched: bool) -> Samples:
    """Sorted data with ties, and values of which many are in it, below and above all."""

    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = ((17, (4, 9)), (1, (5,)), (33, (33,)), (9, ()), (0, (3,)), (5, (3, 0)), (129, (65, 17)), (1000, (7000,)))
        for dtype, k, (n, shape) in in_turn(NUMBERS, cases):
            for right in (False, True):
                name = f"{dtype}-{n}-{'x'.join(map(str, shape)) or 'scalar'}{'-right' if right else ''}"
                rng = seed_for(id, name)
                low = 0 if dtype == "uint8" else -9
                rows = np.sort(rng.integers(low, 10, n))
                values = rng.integers(low - (dtype != "uint8"), 12, shape)
                yield sample(name, dtype, (Tensor.of(rows, dtype), Tensor.of(values, dtype)), k + right, right=right)
        if batched:
            for dtype, shape in (("float32", (3, 4)), ("int64", (2, 3))):
                rng = seed_for(id, "rows", dtype)
                rows, values = np.sort(rng.integers(0, 9, (*shape, 9)), axis=-1), rng.integers(-1, 11, (*shape, 5))
                yield sample(f"{dtype}-rows", dtype, (Tensor.of(rows, dtype), Tensor.of(values, dtype)), 1, right=False)
        for dtype in FLOATS:
            ends = Tensor.of(np.array([-np.inf, -1.0, -0.0, 0.0, 1.0, np.inf]), dtype)
            asked = Tensor.of(np.array([-np.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, np.inf]), dtype)
            for right in (False, True):
                name = f"{dtype}-special{'-right' if right else ''}"
                yield Sample(name=name, dtype=dtype, inputs=(ends, asked), params=params(right=right), why=SampleClass.SPECIAL)

    return samples


def _search(p: Any, rows: Array, values: Array) -> Array:
    """How many of the sorted elements are below the value, or below or equal to it where `right`."""
    rows, values = rows.astype(np.float64), values.astype(np.float64)
    a, b = rows.reshape((1,) * values.ndim + rows.shape) if rows.ndim == 1 else rows[..., None, :], values[..., None]
    return np.asarray((a <= b if p["right"] else a < b).sum(axis=-1))


def _off_by_one(p: Any, rows: Array, values: Array) -> Array:
    return np.asarray(np.maximum(_search(p, rows, values) - 1, 0))


def _isin_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((4, 9), (5,)), ((17,), (3, 3)), ((4, 9), (1,)), ((4, 9), (0,)), ((3, 0), (4,)), ((9, 129), (200,)),
        ((2, 3), (9000,)), ((), (4,)))
    for dtype, k, (shape, test) in in_turn(NUMBERS, cases):
        for invert in (False, True):
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-in-{'x'.join(map(str, test))}{'-invert' if invert else ''}"
            rng = seed_for("isin", name)
            inputs = (Tensor.of(rng.integers(0, 40, shape), dtype), Tensor.of(rng.integers(0, 40, test), dtype))
            yield sample(name, dtype, inputs, k + invert, invert=invert)
    for dtype in FLOATS:
        inputs = (Tensor.of(np.array([np.nan, np.inf, -0.0, 1.0]), dtype), Tensor.of(np.array([np.nan, np.inf, 0.0]), dtype))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=params(invert=False), why=SampleClass.SPECIAL)


def _isin(p: Any, x: Array, test: Array) -> Array:
    """By comparing all with all: NaN equals nothing."""
    found = (x.astype(np.float64)[..., None] == test.astype(np.float64).reshape(-1)).any(axis=-1)
    return np.asarray(found != p["invert"])


def _distinct_samples(id: str, dtypes: tuple[str, ...], **more: Any) -> Samples:
    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = (
            ((4, 9), None), ((17,), None), ((6, 3), 0), ((3, 6), 1), ((2, 5, 2), -2), ((3, 4, 5), None), ((1,), 0), ((0,), None),
            ((300,), None),
            ((9000,), None), ((33, 2), 0), ((17,), 0),
        )  # fmt: skip
        for dtype, k, (shape, axis) in in_turn(dtypes, cases):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{'none' if axis is None else axis}"
            x = seed_for(id, name).integers(0, 2 if dtype == "bool" or axis is not None else 12, shape) * (5 if dtype != "bool" else 1)
            yield sample(name, dtype, (Tensor.of(x, dtype),), k, axis=axis, **more)
        for dtype in (d for d in FLOATS if d in dtypes):
            x = Tensor.of(np.array([np.inf, 1.0, -np.inf, 1.0, np.inf, -2.0, 0.0]), dtype)
            yield Sample(name=f"{dtype}-infinities", dtype=dtype, inputs=(x,), params=params(axis=None, **more), why=SampleClass.SPECIAL)

    return samples


def _slices(x: Array, axis: int | None) -> list[tuple[Any, ...]]:
    rows = x.reshape(-1, 1) if axis is None else np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    return [tuple(r) for r in rows.astype(np.float64).tolist()]


def _picked(x: Array, axis: int | None, at: list[int]) -> Array:
    return x.reshape(-1)[at] if axis is None else np.take(x, at, axis)


def _distinct(p: Any, x: Array) -> tuple[Array, Array, Array, Array]:
    """(first positions, distinct slices in order, place of every slice among them, how often each occurs)."""
    axis = p["axis"]
    seen = _slices(x, axis)
    first: dict[tuple[Any, ...], int] = {}
    for i, row in enumerate(seen):
        first.setdefault(row, i)
    order = sorted(first) if p.get("sorted", True) else list(first)
    rank = {row: i for i, row in enumerate(order)}
    inverse = np.array([rank[row] for row in seen], dtype=np.int64)
    at = [first[row] for row in order]
    return np.array(at, dtype=np.int64), _picked(x, axis, at), inverse, np.bincount(inverse, minlength=len(order))


def _unique(p: Any, x: Array) -> tuple[Array, Array, Array]:
    _, values, inverse, counts = _distinct(p, x)
    return values, inverse.reshape(x.shape) if p["axis"] is None else inverse, counts


def _unique_first(p: Any, x: Array) -> tuple[Array, Array, Array, Array]:
    first, values, inverse, counts = _distinct(p, x)
    return values, first, inverse, counts


def _runs(p: Any, x: Array) -> tuple[Array, Array, Array]:
    """Distinct from the slice before."""
    axis, seen = p["axis"], _slices(x, p["axis"])
    new = [i == 0 or row != seen[i - 1] for i, row in enumerate(seen)]
    inverse = np.cumsum(new, dtype=np.int64) - 1
    at = [i for i, n in enumerate(new) if n]
    return _picked(x, axis, at), inverse.reshape(x.shape) if axis is None else inverse, np.bincount(inverse, minlength=len(at))


def _counts_short(made: Any) -> Any:
    """One occurrence is not counted."""

    def wrong(p: Any, x: Array) -> Any:
        *rest, counts = made(p, x)
        return (*rest, counts - 1)

    return wrong


def _inverse_late(made: Any, at: int) -> Any:
    def wrong(p: Any, x: Array) -> Any:
        found = list(made(p, x))
        found[at] = np.roll(found[at], 1)
        return tuple(found)

    return wrong


def _bincount_samples(weighted: bool) -> Samples:
    """The documentation does not fix the dtype of sums of nothing: weighted, at least one element is given."""

    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = ((33, 12, 0), (17, 5, 9), (1, 3, 0), (0, 1, 4), (300, 40, 0), (9000, 9, 0), (65, 300, 2), (0, 1, 0))
        kinds = ("float64", "float32") if weighted else ("int64", "int32", "int16", "int8", "uint8")
        for dtype, k, (n, room, least) in in_turn(kinds, [c for c in cases if c[0] or not weighted]):
            name = f"{dtype}-{n}-below{room}-least{least}"
            x = Tensor.of(seed_for("bincount", name).integers(0, min(room, 127), n), "int64" if weighted else dtype)
            w = (Tensor.of(seed_for("weights", name).integers(-9, 10, n) * 0.125, dtype),) if weighted else ()
            yield sample(name, dtype, (x, *w), k, minlength=least)

    return samples


def _bincount(p: Any, x: Array, *weights: Array) -> Array:
    out = np.zeros(max(int(x.max()) + 1 if x.size else 0, p["minlength"]), dtype=np.float64 if weights else np.int64)
    np.add.at(out, x.astype(np.int64), weights[0].astype(np.float64) if weights else 1)
    return out


def _histc_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((60,), 8, -4, 4), ((4, 9), 4, -2, 2), ((60,), 1, -8, 8), ((60,), 16, 0, 0), ((0,), 4, 0, 1),
        ((3, 4), 2, 50, 60), ((9000,), 32, -8, 8))
    for dtype, k, (shape, bins, low, high) in in_turn(FLOATS, cases):
        if dtype in ("float16", "bfloat16") and shape == (9000,):
            continue
        name = f"{dtype}-{'x'.join(map(str, shape))}-bins{bins}-from{low}-to{high}"
        x = seed_for("histc", name).integers(-32, 33, shape) * 0.25
        if (low, high) == (0, 0):
            x.reshape(-1)[:2] = -8, 8
        yield sample(name, dtype, (Tensor.of(x, dtype),), k, bins=bins, max=high, min=low)


def _edges(p: Any, x: Array) -> tuple[float, float]:
    wide = x.astype(np.float64)
    return (float(wide.min()), float(wide.max())) if p["min"] == p["max"] and x.size else (float(p["min"]), float(p["max"]))


def _histc(p: Any, x: Array) -> Array:
    """Bins closed below and open above, the last closed; what lies outside is not counted. The widths are exact."""
    low, high = _edges(p, x)
    wide = x.astype(np.float64).reshape(-1)
    inside = wide[(wide >= low) & (wide <= high)]
    at = np.minimum(np.floor((inside - low) * p["bins"] / (high - low)).astype(np.int64), p["bins"] - 1)
    return np.bincount(at, minlength=p["bins"]).astype(np.float64)


def _closed_above(p: Any, x: Array) -> Array:
    low, high = _edges(p, x)
    wide = x.astype(np.float64).reshape(-1)
    inside = wide[(wide >= low) & (wide <= high)]
    at = np.maximum(np.ceil((inside - low) * p["bins"] / (high - low)).astype(np.int64) - 1, 0)
    return np.bincount(at, minlength=p["bins"]).astype(np.float64)


def _outside_counted(p: Any, x: Array) -> Array:
    low, high = _edges(p, x)
    return _histc(p, np.clip(x.astype(np.float64), low, high))


def _one_hot_samples() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((4, 9), 12), ((17,), 5), ((), 3), ((2, 3, 4), 7), ((5,), -1), ((3, 0), 4), ((9, 33), 65))
    for k, (shape, n) in enumerate(cases):
        name = f"int64-{'x'.join(map(str, shape)) or 'scalar'}-classes{n}"
        yield sample(name, "int64", (Tensor.of(seed_for("one_hot", name).integers(0, 5 if n < 0 else n, shape)),), k, classes=n)


def _one_hot(p: Any, x: Array) -> Array:
    n = p["classes"] if p["classes"] >= 0 else int(x.max()) + 1
    return np.asarray((x[..., None] == np.arange(n)).astype(np.int64))


def _one_hot_axis_samples() -> Iterable[Sample]:
    """Indices of at least one axis: the specification's shape inference refuses a scalar."""
    cases: tuple[Any, ...] = (((4, 9), 12, -1), ((4, 9), 12, 0), ((4, 9), 5, 1), ((17,), 5, 0), ((2, 3, 4), 7, -2), ((3, 0), 4, 1))
    for dtype, k, (shape, depth, axis) in in_turn(("float32", "int64"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-depth{depth}-axis{axis}"
        rng = seed_for("one_hot_axis", name)
        index = rng.integers(-depth - 1, depth + 2, shape)
        yield sample(name, dtype, (Tensor.of(index, "int64"), Tensor.of(np.array([-3, 7]), dtype)), k, axis=axis, depth=depth)


def _one_hot_axis(p: Any, index: Array, values: Array) -> Array:
    """Positions from the end count; what is out of range is off everywhere."""
    n = p["depth"]
    hot = (np.where(index < 0, index + n, index)[..., None] == np.arange(n)) & (index >= -n)[..., None] & (index < n)[..., None]
    return np.moveaxis(np.where(hot, values[1], values[0]), -1, p["axis"])


def _unravel_samples() -> Iterable[Sample]:
    for k, (shape,
        extents) in enumerate((((7,), (4, 9)), ((2, 3), (5, 6, 7)), ((), (3, 4)), ((0,), (2, 2)), ((9,), (17,)), ((300,), (3, 5, 7, 11)))):
        name = f"int64-{'x'.join(map(str, shape)) or 'scalar'}-in-{'x'.join(map(str, extents))}"
        x = seed_for("unravel", name).integers(0, int(np.prod(extents)), shape)
        yield sample(name, "int64", (Tensor.of(np.asarray(x)),), k, shape=extents)


def _unraveled(p: Any, x: Array) -> tuple[Array, ...]:
    """Quotients and remainders, the last axis fastest."""
    out, rest = [], x
    for n in reversed(p["shape"]):
        out.append(rest % n)
        rest = rest // n
    return tuple(out[::-1])


COUNTS = tuple(f for f in PLAIN if f.id != "nan-lost")
NEXT = faults.changed("one-late", "Every position is one too large.", lambda a: a + 1)
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "nonzero", "return the positions of elements that are not zero as rows, in storage order", f"{ONNX}NonZero; torch.nonzero",
        _nonzero_samples("nonzero", PORTABLE), _nonzero,
        ("columns-first", "Positions come in the order of columns.", lambda p, x: np.argwhere(x.T.astype(np.float64) != 0)[:, ::-1]),
        ("axes-reversed", "The axes of each position are reversed.", lambda p, x: _nonzero(p, x)[:, ::-1]), area="ordering",
        outputs=("int64",), general=(*COUNTS, NEXT),
    ),
    moving(
        "argwhere", "return the positions of elements that are not zero, NaN among them, as rows, in storage order", "torch.argwhere",
        _nonzero_samples("argwhere", ALL), _nonzero,
        ("nan-zero", "NaN counts as zero.", lambda p, x: np.argwhere(np.nan_to_num(x.astype(np.float64)) != 0)),
        ("axes-reversed", "The axes of each position are reversed.", lambda p, x: _nonzero(p, x)[:, ::-1]), area="ordering",
        outputs=("int64",), general=(*COUNTS, NEXT),
    ),
    moving(
        "count_nonzero", "count the elements that are not zero over the given axes, over all where none is given", "torch.count_nonzero",
        _axes_samples("count_nonzero", ALL, 0.4, keepable=False), _over(np.sum),
        ("positive-only", "Only positive elements count.", _positive(np.sum)),
        ("signed-zero", "Minus zero counts.", _signed_zero(np.sum)), area="reductions", outputs=("int64",), general=COUNTS,
    ),
    moving(
        "reduce_any", "tell whether any element over the given axes is not zero, false for nothing", "torch.any",
        _axes_samples("reduce_any", TOLD, 0.15),
        _over(np.any), ("all-instead", "It tells whether all are.", _over(np.all)),
        ("positive-only", "Only positive elements count.", _positive(np.any)),
        ("signed-zero", "Minus zero counts.", _signed_zero(np.any)), area="reductions", outputs=("bool",), general=COUNTS,
    ),
    moving(
        "reduce_all", "tell whether all elements over the given axes are not zero, true for nothing", "torch.all",
        _axes_samples("reduce_all", TOLD, 0.85),
        _over(np.all), ("any-instead", "It tells whether any is.", _over(np.any)),
        ("positive-only", "Only positive elements count.", _positive(np.all)),
        ("signed-zero", "Minus zero counts.", _signed_zero(np.all)), area="reductions", outputs=("bool",), general=COUNTS,
    ),
    moving(
        "searchsorted", "return where each value belongs in sorted data, row by row, before equal elements or behind them where asked",
        "torch.searchsorted", _sorted_samples("searchsorted", batched=True), _search,
        ("one-early", "Every position is one too small.", _off_by_one),
        ("side-exchanged", "Before and behind equal elements are exchanged.", lambda p, r, v: _search({"right": not p["right"]}, r, v)),
        area="ordering", outputs=("int64",), general=COUNTS,
    ),
    moving(
        "bucketize", "return which of the intervals between sorted boundaries each value lies in, closed above or below where asked",
        "torch.bucketize", _sorted_samples("bucketize", batched=False), _search,
        ("one-early", "Every interval is one too low.", _off_by_one),
        ("side-exchanged", "The closed ends are exchanged.", lambda p, r, v: _search({"right": not p["right"]}, r, v)),
        area="ordering", outputs=("int64",), general=COUNTS,
    ),
    moving(
        "isin", "tell which elements occur among others, or which do not where asked; NaN equals nothing", "torch.isin", _isin_samples,
        _isin,
        ("negated", "The answer is negated.", lambda p, x, t: ~_isin(p, x, t)),
        ("last-unread", "The last of the others is not read.", lambda p, x, t: _isin(p, x, t.reshape(-1)[:-1])),
        ("nan-equal", "NaN equals NaN.",
            lambda p, x, t: _isin(p, np.nan_to_num(x.astype(np.float64), nan=77), np.nan_to_num(t.astype(np.float64), nan=77))),
        area="ordering", outputs=("bool",), general=COUNTS,
    ),
    moving(
        "unique", "return the distinct elements or slices in order, the place of each operand among them, and how often each occurs",
        "torch.unique",
        _distinct_samples("unique", ALL), _unique, ("counts-short", "One occurrence is not counted.", _counts_short(_unique)),
        ("inverse-late", "Places are shifted by one.", _inverse_late(_unique, 1)), area="ordering", outputs=("", "int64", "int64"),
        general=COUNTS,
    ),
    *(
        moving(
            id, f"return the distinct elements or slices {order}, where each occurs first, the place of each operand among them, and "
            "how often each occurs", f"{ONNX}Unique, sorted = {int(by_value)}",
            _distinct_samples(id, ("float32", "int64", "float64", "int8"), sorted=by_value), _unique_first,
            ("counts-short", "One occurrence is not counted.", _counts_short(_unique_first)),
            ("inverse-late", "Places are shifted by one.", _inverse_late(_unique_first, 2)),
            ("other-order", "They come in the other order.", lambda p, x: _unique_first({**p, "sorted": not p["sorted"]}, x)),
            area="ordering", outputs=("", "int64", "int64", "int64"), general=COUNTS,
        )
        for id, by_value, order in (("unique_first", True, "in order"), ("unique_unsorted", False, "as they occur"))
    ),
    moving(
        "unique_consecutive",
        "return the elements or slices that differ from the one before, the place of each operand among them, and the lengths "
        "of the runs", "torch.unique_consecutive", _distinct_samples("unique_consecutive", ALL), _runs,
        ("counts-short", "One occurrence is not counted.", _counts_short(_runs)),
        ("inverse-late", "Places are shifted by one.", _inverse_late(_runs, 1)),
        area="ordering", outputs=("", "int64", "int64"), general=COUNTS,
    ),
    moving(
        "bincount", "count how often each integer occurs, over at least as many bins as asked", "torch.bincount", _bincount_samples(False),
        _bincount,
        ("last-unread", "The last element is not read.",
            lambda p, x: np.resize(_bincount({"minlength": 999}, x[:-1]), _bincount(p, x).shape)),
        ("minlength-unread", "The least number of bins is not read.", lambda p, x: _bincount({"minlength": 0}, x)),
        area="reductions", outputs=("int64",), general=COUNTS,
    ),
    moving(
        "bincount_weighted", "sum weights by integer bins, over at least as many bins as asked", "torch.bincount, weights",
        _bincount_samples(True), _bincount,
        ("unweighted", "Elements are counted.", lambda p, x, w: _bincount(p, x)),
        ("minlength-unread", "The least number of bins is not read.", lambda p, x, w: _bincount({"minlength": 0}, x, w)),
        area="reductions", outputs=(), general=COUNTS,
    ),
    moving(
        "histc", "count the elements in bins of equal width from a least to a greatest value, that one included; of the data where both are equal",
        "torch.histc", _histc_samples, _histc, ("closed-above", "Bins are closed above.", _closed_above),
        ("outside-counted", "What lies outside counts in the outer bins.", _outside_counted), area="reductions", general=COUNTS,
    ),
    moving(
        "one_hot", "return, for every class, a row with 1 at its place and 0 elsewhere, of as many places as there are classes",
        "torch.nn.functional.one_hot",
        _one_hot_samples, _one_hot, ("next-place", "The place behind is hot.", lambda p, x: np.roll(_one_hot(p, x), 1, -1)),
        ("inverted", "All others are hot.", lambda p, x: 1 - _one_hot(p, x)), area="indexing", outputs=("int64",), general=COUNTS,
    ),
    moving(
        "one_hot_axis",
        "return the on value at the place of every index along a new axis and the off value elsewhere, negative indices from the end",
        f"{ONNX}OneHot", _one_hot_axis_samples, _one_hot_axis,
        ("values-exchanged", "On and off are exchanged.", lambda p, i, v: _one_hot_axis(p, i, v[::-1])),
        ("from-front", "Negative indices are off.", lambda p, i, v: _one_hot_axis(p, np.where(i < 0, p["depth"] + 5, i), v)),
        area="indexing", general=COUNTS,
    ),
    moving(
        "unravel_index", "return the position along every axis of elements counted in storage order", "torch.unravel_index",
        _unravel_samples, _unraveled,
        ("columns-first", "The first axis runs fastest.", lambda p, x: tuple(np.unravel_index(x, p["shape"], order="F"))),
        ("axes-reversed", "Positions come in reverse.", lambda p, x: _unraveled(p, x)[::-1]), area="indexing", outputs=("int64",) * 4,
        general=COUNTS,
    ),
)  # fmt: skip
