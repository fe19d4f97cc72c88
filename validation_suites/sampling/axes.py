"""Samples of functions that work along axes: covering arrays over axes and keepdims, edge lengths, special rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.model.function import Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import normal, tensor

FLOATS = ("float32", "float64", "float16", "bfloat16")
SHAPE = (5, 7, 9)
AXES: tuple[tuple[int, ...] | None, ...] = (None, (0,), (-1,), (1,), (1, 2), (0, -1), (-3, 1))
LENGTHS = (1, 7, 8, 16, 17, 33, 65, 129, 257)
Made = Callable[[str, tuple[int, ...], str], Tensor]
"""Data of a dtype and shape; the name picks the stream."""


def data(id: str, *, spread: float = 1.0, offset: float = 0.0) -> Made:
    """N(offset, spread^2); integers in -1000 .. 1000."""

    def made(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
        if dtype == "int64":
            return Tensor.of(seed_for(id, name, "int64").integers(-1000, 1001, shape), "int64")
        return normal(dtype, shape, id, name, dtype, scale=spread, offset=offset)

    return made


def factors(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    """+-2^U(-1/2, 1/2), so that every partial product stays far from overflow; integers +-1 and few 2."""
    rng = seed_for("factors", name, dtype)
    sign = rng.choice((-1.0, 1.0), shape)
    if dtype == "int64":
        return Tensor.of(np.where(rng.uniform(size=shape) < 0.05, 2, 1) * sign, "int64")
    return tensor(sign * 2.0 ** rng.uniform(-0.5, 0.5, shape), dtype)


def reduced(made: Made, dtypes: tuple[str, ...], shape: tuple[int, ...] = SHAPE) -> Iterable[Sample]:
    """Covering array over dtypes, axes and keepdims (parameters `axes`, `keepdims`)."""
    for i, row in enumerate(pairwise({"dtype": dtypes, "axes": AXES, "keepdims": (False, True)})):
        axes, dtype = row["axes"], row["dtype"]
        label = "all" if axes is None else "axes" + ",".join(map(str, axes))
        name = f"{dtype}-{label}{'-keep' if row['keepdims'] else ''}"
        p = params(axes=axes, keepdims=row["keepdims"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=(made(dtype, shape, name),), params=p, why=why)


def lengths(made: Made, *, long: bool = True) -> Iterable[Sample]:
    """Lengths around vector edges, with `long` above 32,768 along either axis, and many short rows."""
    p = params(axes=(-1,), keepdims=False)
    for n in LENGTHS:
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(made("float32", (3, n), str(n)),), params=p, why=SampleClass.EDGE)
    if long:
        for dtype in ("float32", "float64"):
            for shape, axis in (((2, 40_000), -1), ((40_000, 2), 0)):
                name = f"{dtype}-long-axis{axis}"
                q = params(axes=(axis,), keepdims=False)
                yield Sample(name=name, dtype=dtype, inputs=(made(dtype, shape, name),), params=q, why=SampleClass.EDGE)
    many = params(axes=(1,), keepdims=False)
    yield Sample(name="float32-many", dtype="float32", inputs=(made("float32", (2600, 5, 3), "many"),), params=many, why=SampleClass.EDGE)


def special_rows(id: str, made: Made | None = None) -> Iterable[Sample]:
    """Rows with a NaN (first, within, last, beside an infinity), an infinity, both, only minus infinity, and signed zeros."""
    for dtype in FLOATS:
        x = (made or data(id))(dtype, (10, 19), "special").array().astype(np.float64)
        x[1, 7], x[2, 0], x[3, 18], x[4, 3], x[4, 11] = np.nan, np.inf, -np.inf, np.inf, -np.inf
        x[5], x[6, ::2], x[6, 1::2], x[7, 2], x[7, 5] = -np.inf, 0.0, -0.0, np.nan, np.inf
        x[8, 0], x[9, 18] = np.nan, np.nan
        p = params(axes=(1,), keepdims=False)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(tensor(x, dtype),), params=p, why=SampleClass.SPECIAL)


def nothing(dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Nothing to reduce: the neutral element; nothing to return: an empty result."""
    for dtype in dtypes:
        for name, shape, axis in (("neutral", (3, 0), 1), ("nothing", (0, 3), 1)):
            p = params(axes=(axis,), keepdims=False)
            x = Tensor.of(np.zeros(shape), dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x,), params=p, why=SampleClass.EDGE)
