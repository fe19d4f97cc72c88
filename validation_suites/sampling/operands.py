"""Samples of functions of two operands that broadcast: shapes, rounding ties, every pair of special values, random bit patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Sample, SampleClass, seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from validation_suites.sampling.data import all_patterns, normal, special, tensor

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int32", "int64")
NARROW = ("float16", "bfloat16")
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 4, 5), (5,)), ((3, 4, 5), (4, 1)), ((5,), (3, 4, 5)), ((3, 1, 5), (1, 4, 1)), ((2, 1, 3, 1), (4, 1, 6)), ((1,), (7,)),
    ((9, 1), (1, 11)), ((3, 4), ()), ((), (3, 4)), ((), ()), ((1, 1, 1), (2,)),
)  # fmt: skip
EMPTY_SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((0,), (0,)), ((0,), (1,)), ((), (0,)), ((3, 0, 2), (3, 1, 1)), ((1, 4), (0, 1)),
)  # fmt: skip
LENGTHS = (1, 7, 8, 15, 16, 17, 33, 65, 257, 40_000)
Made = Callable[[str, tuple[int, ...], str], Tensor]


def whole(dtype: str, shape: tuple[int, ...], *names: str, limit: int = 1000) -> Tensor:
    """Integers in -limit .. limit."""
    return Tensor.of(seed_for("whole", *names).integers(-limit, limit + 1, shape), dtype)


def ordinary(id: str) -> Made:
    """N(0, 1), or integers in -1000 .. 1000."""

    def made(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
        return whole(dtype, shape, id, name, dtype) if dtype in INTEGERS else normal(dtype, shape, id, name, dtype)

    return made


def patterns(dtype: str, count: int, *names: str) -> Tensor:
    """Random bit patterns: every exponent equally likely, some NaNs and infinities; integers over their whole range."""
    return Tensor(dtype=dtype, shape=(count,), data=seed_for("patterns", *names).bytes(count * DTYPES[dtype].itemsize))


def extremes(dtype: str) -> Array:
    """Integers at and around the ends of the range, powers of two, small numbers."""
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    near = [low, low + 1, high - 1, high, low // 2, high // 2, high // 2 + 1, 46341, -46341, 65535, 65536, -65536]
    return np.array([*near, *range(-3, 4), 1000003], dtype=dtype)


def halfway(dtype: str) -> tuple[Array, Array]:
    """(x, half an ulp of x and its two neighbours, both signs): sums at and beside a tie, around odd and even last bits."""
    form = FORMATS[dtype]
    last = np.concatenate([np.arange(0, 24), np.arange(2 ** (form.precision - 1) - 8, 2 ** (form.precision - 1))])
    x = (1.0 + last * 2 * form.u)[:, None]
    half = np.array(form.u)
    near = np.array([half, half * (1 - form.u), half * (1 + 2 * form.u), half * 0.5, half * 1.5])
    y = np.concatenate([near, -near])[None, :]
    a, b = np.broadcast_arrays(x, y)
    return a.astype(DTYPES[dtype]), b.astype(DTYPES[dtype])


def short_factors(dtype: str) -> tuple[Array, Array]:
    """(full significands at several scales down to the subnormals, factors of few bits): products and quotients at and beside ties."""
    form = FORMATS[dtype]
    last = np.arange(1, 40)
    ends = [2.0**e for e in (0, form.emin + 1, form.emin, form.emin - 2)]
    x = np.concatenate([(1.0 + last * 2 * form.u) * e for e in ends] + [last * form.tiny])[:, None]
    a, b = np.broadcast_arrays(x, np.array([0.5, 0.25, 0.75, 1.5, 3.0, 5.0, -0.375, 2.0])[None, :])
    return a.astype(DTYPES[dtype]), b.astype(DTYPES[dtype])


def pair(name: str, dtype: str, x: Tensor, y: Tensor, why: SampleClass) -> Sample:
    return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, y), why=why)


def binary(id: str, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Ordinary data, special pairs, ties, bit patterns, 16-bit formats over all values, broadcasting, edge sizes, nothing."""
    made = ordinary(id)
    for dtype in dtypes:
        x, y = made(dtype, (4, 257), "x"), made(dtype, (4, 257), "y")
        yield pair("ordinary", dtype, x, y, SampleClass.ORDINARY)
        ends = extremes(dtype) if dtype in INTEGERS else special(dtype)
        yield pair("special-pairs", dtype, Tensor.of(ends[:, None]), Tensor.of(ends[None, :]), SampleClass.SPECIAL)
        random = patterns(dtype, 3000, id, "x", dtype), patterns(dtype, 3000, id, "y", dtype)
        yield pair("patterns", dtype, *random, SampleClass.SPECIAL)
        if dtype in FLOATS:
            for name, (a, b) in (("halfway", halfway(dtype)), ("short-factors", short_factors(dtype))):
                yield pair(name, dtype, Tensor.of(a), Tensor.of(b), SampleClass.SPECIAL)
        if dtype in NARROW:
            yield pair("all", dtype, all_patterns(dtype), patterns(dtype, 65536, id, "all", dtype), SampleClass.EXHAUSTIVE)
    yield from broadcasting(made, dtypes)


def broadcasting(made: Made, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Shapes that broadcast, dtypes in turn with every shape in float32; lengths; empty results."""
    for i, (left, right) in enumerate(SHAPES):
        for dtype in dict.fromkeys(("float32", dtypes[i % len(dtypes)])):
            name = f"{_label(left)}-with-{_label(right)}"
            yield pair(name, dtype, made(dtype, left, name), made(dtype, right, name + "y"), SampleClass.COVERING)
    for n in LENGTHS:
        yield pair(f"n{n}", "float32", made("float32", (n,), f"n{n}"), made("float32", (n,), f"n{n}y"), SampleClass.EDGE)
    row = made("float32", (40_003,), "row"), made("float32", (), "scalar")
    yield pair("n40003-scalar", "float32", *row, SampleClass.EDGE)
    for i, (left, right) in enumerate(EMPTY_SHAPES):
        dtype = dtypes[i % len(dtypes)]
        none = tensor(np.ones(left), dtype), tensor(np.ones(right), dtype)
        yield pair(f"empty-{_label(left)}-with-{_label(right)}", dtype, *none, SampleClass.EDGE)


def _label(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
