"""Samples of functions of logits along one axis: masked entries, offsets, far tails, every length around a vector edge."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Sample, SampleClass, params
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import EDGE_SIZES, normal, tensor

FLOATS = ("float32", "float64", "float16", "bfloat16")
SHAPES: dict[tuple[int, ...], tuple[int, ...]] = {(4, 100): (-1, 0), (5, 9, 17): (2, 1, 0, -2), (2, 6, 5, 8): (1, -3, 3, 0)}
"""Shape -> axes."""
INF, NAN = np.inf, np.nan


def logits(id: str) -> Iterable[Sample]:
    """Covering array over dtype, shape and axis (parameter `axis`), conditioned, edge and special samples."""
    rows = pairwise({"place": tuple((s, a) for s, axes in SHAPES.items() for a in axes), "dtype": FLOATS, "scale": (1.0, 5.0)})
    for i, r in enumerate(rows):
        (shape, axis), dtype = r["place"], r["dtype"]
        name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-scale{r['scale']:g}"
        x = normal(dtype, shape, id, name, scale=r["scale"])
        yield _sample(name, x, axis, SampleClass.COVERING if i else SampleClass.ORDINARY)
    yield from _conditioned(id)
    yield from _lengths(id)
    for dtype in FLOATS:
        yield _sample(f"{dtype}-special", tensor(special_logits(dtype), dtype), 1, SampleClass.SPECIAL)
        yield _sample(f"{dtype}-special-columns", tensor(special_logits(dtype).T, dtype), 0, SampleClass.SPECIAL)


def _sample(name: str, x: Tensor, axis: int, why: SampleClass) -> Sample:
    return Sample(name=name, dtype=x.dtype, inputs=(x,), params=params(axis=axis), why=why)


def _conditioned(id: str) -> Iterable[Sample]:
    """Far apart, far from zero on either side, all equal, and a ramp through the underflow of exp; one far ahead of many."""
    for dtype in FLOATS:
        far = 1e3 if dtype in ("float16", "bfloat16") else 1e4
        for how, scale, offset in (("extreme", 60.0, 0.0), ("offset", 1.0, far), ("below", 1.0, -far), ("equal", 0.0, 3.0)):
            x = normal(dtype, (6, 33), id, dtype, how, scale=scale, offset=offset)
            yield _sample(f"{dtype}-{how}", x, -1, SampleClass.CONDITIONED)
        depth = 760.0 if dtype == "float64" else 110.0
        ramp = -np.linspace(0.0, depth, 301)
        yield _sample(f"{dtype}-ramp", tensor(np.stack([ramp, ramp[::-1]]), dtype), 1, SampleClass.CONDITIONED)
        ahead = normal(dtype, (2, 1500), id, dtype, "ahead").array().astype(np.float64) - 8
        ahead[:, 700] = 4.0
        yield _sample(f"{dtype}-one-ahead", tensor(ahead, dtype), 1, SampleClass.CONDITIONED)


def _lengths(id: str) -> Iterable[Sample]:
    """Along the last axis, along the first, along the middle with a tail behind it; long ones; nothing."""
    for i, n in enumerate((*EDGE_SIZES, 1000)):
        for dtype in dict.fromkeys(("float32", FLOATS[i % 4])):
            yield _sample(f"{dtype}-n{n}", normal(dtype, (3, n), id, dtype, "length", str(n)), 1, SampleClass.EDGE)
        shape, axis = (((n, 3), 0), ((2, 9, n), 1), ((2, n, 5), 1))[i % 3]
        label = "x".join(map(str, shape))
        yield _sample(f"float32-{label}-axis{axis}", normal("float32", shape, id, "inner", label), axis, SampleClass.EDGE)
    for shape, axis in (((2, 40_000), 1), ((9000, 4), 0), ((2600, 5, 3), 1)):
        label = "x".join(map(str, shape))
        yield _sample(f"float32-{label}-axis{axis}", normal("float32", shape, id, "long", label), axis, SampleClass.EDGE)
    few: tuple[tuple[tuple[int, ...], int], ...] = (((7,), 0), ((1, 1, 3, 1, 4), 2), ((0, 5), 1), ((3, 0), 1))
    for at, axis in few:
        label = "x".join(map(str, at))
        yield _sample(f"float32-{label}-axis{axis}", normal("float32", at, id, "few", label), axis, SampleClass.EDGE)


def special_logits(dtype: str) -> Array:
    """Rows [12, 19] with masked entries (some, all but one, a causal prefix, all), NaN (first, within, last, beside a mask), only infinity,
    both ends of the range, signed zeros and subnormal numbers."""
    form = FORMATS[dtype]
    x = np.round(np.sin(np.arange(12 * 19).reshape(12, 19)) * 8) / 4
    x[0, ::3], x[1, :11], x[1, 12:], x[2, 5:], x[3] = -INF, -INF, -INF, -INF, -INF
    x[4, 0], x[5, 9], x[6, 18], x[7, 2], x[7, 3] = NAN, NAN, NAN, NAN, -INF
    x[8] = INF
    x[9, 4], x[9, 5] = form.largest, -form.largest
    x[10, ::2], x[10, 1::2] = 0.0, -0.0
    x[11] = form.tiny * np.arange(19)
    return x
