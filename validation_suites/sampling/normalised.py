"""Samples of normalisations: covering arrays over dtype, shape, affine part, eps and offset; far offsets, constants, lengths, NaN."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.model.function import Json, Sample, SampleClass, params
from csvkit_ml.model.tensor import Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import normal, tensor, uniform

FLOATS = ("float32", "float64", "float16", "bfloat16")
AFFINE = ("both", "none", "weight")
LENGTHS = (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 129, 255, 257, 768)
OFFSETS = {"float32": 1e3, "float64": 1e9, "float16": 40.0, "bfloat16": 40.0}
"""Means many standard deviations from zero, at which the error analysis still leaves several digits."""
EPS, EPS_LARGE, EPS_SMALL, EPS_TINY = (float(np.float32(e)) for e in (1e-5, 1e-3, 1e-8, 1e-12))
"""As float32 holds them: ONNX attributes are float32."""
Shape = tuple[int, ...]


def named(shape: Shape) -> str:
    return "x".join(map(str, shape))


def parameters(dtype: str, shape: Shape, affine: str, *names: str) -> tuple[Tensor, ...]:
    """Weights around 1 of either sign and biases N(0, 1): both, the weights, or none."""
    w = uniform(dtype, shape, *names, "weight", low=-2.0, high=2.0)
    return (w, normal(dtype, shape, *names, "bias"))[: {"both": 2, "weight": 1, "none": 0}[affine]]


def hard_data(id: str, dtype: str, shape: Shape) -> Iterable[tuple[str, Tensor]]:
    """Far from zero on either side, all equal, variance below and far below eps, large, positive; by name."""
    far = OFFSETS[dtype]
    for how, scale, offset in (("offset", 1.0, far), ("below", 1.0, -far), ("near-eps", 3e-3, 0.0), ("tiny", 1e-6, 0.0)):
        yield how, normal(dtype, shape, id, dtype, how, scale=scale, offset=offset)
    yield "large", normal(dtype, shape, id, dtype, "large", scale=2e3)
    for how, value in (("zeros", 0.0), ("ones", 1.0), ("equal", 3.3)):
        yield f"constant-{how}", tensor(np.full(shape, value), dtype)


def special_rows(id: str, dtype: str, width: int) -> Tensor:
    """Rows [6, width]: an ordinary one, then NaN first, NaN last, an infinity, minus infinity, and both."""
    x = normal(dtype, (6, width), id, "special").array().astype(np.float64)
    x[1, 0], x[2, -1], x[3, 1], x[4, -2], x[5, 0], x[5, 2] = np.nan, np.nan, np.inf, -np.inf, np.inf, -np.inf
    return tensor(x, dtype)


def layers(id: str, affine: tuple[str, ...] = AFFINE) -> Iterable[Sample]:
    """Normalisation over the last axes, `axis` being the first of them: x, and weights and biases of the shape of those axes."""
    places: tuple[tuple[Shape, int], ...] = (
        ((4, 6, 64), -1), ((7, 33), 1), ((3, 5, 16), 1), ((2, 3, 4, 5), -3), ((2, 257), -1), ((3, 4, 5), 0), ((2, 2, 3, 2, 9), 3),
    )  # fmt: skip
    rows = pairwise({"dtype": FLOATS, "place": places, "affine": affine, "eps": (EPS, EPS_TINY, EPS_LARGE, 0.0), "offset": (0.0, 3.0)})
    for i, r in enumerate(rows):
        shape, axis = r["place"]
        name = f"{r['dtype']}-{named(shape)}-axis{axis}-{r['affine']}-eps{r['eps']:g}-offset{r['offset']:g}"
        x = normal(r["dtype"], shape, id, name, offset=r["offset"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _layer(id, name, x, axis, r["affine"], r["eps"], why)
    for dtype in FLOATS:
        for how, x in hard_data(id, dtype, (3, 48)):
            yield _layer(id, f"{dtype}-{how}", x, 1, affine[0], EPS, SampleClass.CONDITIONED)
        yield _layer(id, f"{dtype}-special", special_rows(id, dtype, 19), 1, affine[0], EPS, SampleClass.SPECIAL)
    for n in LENGTHS:
        x = normal("float32", (3, n), id, "length", str(n), offset=0.5)
        yield _layer(id, f"float32-n{n}", x, 1, affine[0], EPS, SampleClass.EDGE)
    for shape, axis in (((2, 20_000), 1), ((1300, 5), 1), ((9, 61, 64), 2), ((0, 16), 1), ((17,), 0)):
        x = normal("float32", shape, id, "few", named(shape))
        yield _layer(id, f"float32-{named(shape)}", x, axis, affine[0], EPS, SampleClass.EDGE)
    x = normal("bfloat16", (4, 6, 64), id, "mixed")
    w = parameters("float32", (64,), affine[0], id, "mixed")
    p = params(axis=-1, eps=EPS)
    yield Sample(name="bfloat16-float32-parameters", dtype="bfloat16", inputs=(x, *w), params=p, why=SampleClass.COVERING)


def _layer(id: str, name: str, x: Tensor, axis: int, affine: str, eps: Json, why: SampleClass) -> Sample:
    w = parameters(x.dtype, x.shape[axis:], affine, id, name)
    return Sample(name=name, dtype=x.dtype, inputs=(x, *w), params=params(axis=axis, eps=eps), why=why)


Place = tuple[Shape, dict[str, Json]]
"""A shape and the parameters that go with it."""


def channels(
    id: str, places: tuple[Place, ...], plain: dict[str, Json], affine: tuple[str, ...] = AFFINE, least: int = 1
) -> Iterable[Sample]:
    """Normalisation of x [N, C, ...] by statistics of its own, weights and biases [C].

    Args:
        places: covered with dtypes, affine parts, eps and offsets.
        plain: parameters of all other samples, whose channels are a multiple of 6.
        least: shortest extent behind the channels.
    """
    rows = pairwise({"place": places, "dtype": FLOATS, "affine": affine, "eps": (EPS, EPS_LARGE, EPS_TINY), "offset": (0.0, 3.0)})
    for i, r in enumerate(rows):
        (shape, extra), dtype = r["place"], r["dtype"]
        label = "".join(f"-{k}{','.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in extra.items())
        name = f"{dtype}-{named(shape)}{label}-{r['affine']}-eps{r['eps']:g}-offset{r['offset']:g}"
        x = normal(dtype, shape, id, name, offset=r["offset"])
        yield _channels(id, name, x, r["affine"], SampleClass.COVERING if i else SampleClass.ORDINARY, eps=r["eps"], **extra)
    for dtype in FLOATS:
        for how, x in hard_data(id, dtype, (2, 6, 3, 4)):
            yield _channels(id, f"{dtype}-{how}", x, affine[0], SampleClass.CONDITIONED, eps=EPS, **plain)
        x = Tensor.of(special_rows(id, dtype, 30).array().reshape(6, 6, 5))
        yield _channels(id, f"{dtype}-special", x, affine[0], SampleClass.SPECIAL, eps=EPS, **plain)
    for n in LENGTHS:
        if n >= least:
            x = normal("float32", (2, 6, n), id, "length", str(n), offset=0.5)
            yield _channels(id, f"float32-n{n}", x, affine[0], SampleClass.EDGE, eps=EPS, **plain)
    for shape in ((1, 6, 70, 90), (200, 6, 5), (0, 6, 4), (1, 6, 2, 3, 4)):
        x = normal("float32", shape, id, "few", named(shape))
        yield _channels(id, f"float32-{named(shape)}", x, affine[0], SampleClass.EDGE, eps=EPS, **plain)


def _channels(id: str, name: str, x: Tensor, affine: str, why: SampleClass, **more: Json) -> Sample:
    w = parameters(x.dtype, x.shape[1:2], affine, id, name)
    return Sample(name=name, dtype=x.dtype, inputs=(x, *w), params=params(**more), why=why)


def populations(id: str) -> Iterable[Sample]:
    """Batch normalisation with given statistics: x [N, C, ...], mean, variance, weights, biases [C]."""
    shapes: tuple[Shape, ...] = ((2, 5, 7, 8), (4, 6), (2, 5, 9), (1, 4, 3, 4, 5), (3, 16, 4, 4), (1, 1, 5, 5))
    rows = pairwise({"dtype": FLOATS, "shape": shapes, "affine": AFFINE, "eps": (EPS, EPS_LARGE, EPS_SMALL)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{named(r['shape'])}-{r['affine']}-eps{r['eps']:g}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _population(id, name, normal(r["dtype"], r["shape"], id, name, offset=0.5), r["affine"], r["eps"], why)
    for dtype in FLOATS:
        for how, x in hard_data(id, dtype, (2, 5, 3, 4)):
            yield _population(id, f"{dtype}-{how}", x, "both", EPS, SampleClass.CONDITIONED, like=x)
        x = Tensor.of(special_rows(id, dtype, 15).array().reshape(6, 3, 5))
        yield _population(id, f"{dtype}-special", x, "both", EPS, SampleClass.SPECIAL)
    for i, n in enumerate(LENGTHS):
        shape = ((2, 3, n), (2, n, 3, 2), (3, n))[i % 3]
        x = normal("float32", shape, id, "length", str(n))
        yield _population(id, f"float32-{named(shape)}", x, "both", EPS, SampleClass.EDGE)
    for shape in ((2, 2, 100, 90), (300, 40, 3), (0, 3, 4, 4), (9000, 4)):
        x = normal("float32", shape, id, "few", named(shape))
        yield _population(id, f"float32-{named(shape)}", x, "both", EPS, SampleClass.EDGE)
    x = normal("bfloat16", (2, 5, 7, 8), id, "mixed")
    yield _population(id, "bfloat16-float32-parameters", x, "both", EPS, SampleClass.COVERING, parameter_dtype="float32")


def _population(
    id: str, name: str, x: Tensor, affine: str, eps: Json, why: SampleClass, *, like: Tensor | None = None, parameter_dtype: str = ""
) -> Sample:
    """Variances U(0.25, 4) and means N(0, 1), or those of the data itself."""
    dtype, channels = parameter_dtype or x.dtype, x.shape[1:2]
    mean = normal(dtype, channels, id, name, "mean")
    variance = uniform(dtype, channels, id, name, "variance", low=0.25, high=4.0)
    if like is not None:
        data = like.array().astype(np.float64)
        axes = (0, *range(2, data.ndim))
        mean, variance = tensor(data.mean(axis=axes), dtype), tensor(np.minimum(data.var(axis=axes), 6e4), dtype)
    w = parameters(dtype, channels, affine, id, name)
    return Sample(name=name, dtype=x.dtype, inputs=(x, mean, variance, *w), params=params(eps=eps), why=why)
