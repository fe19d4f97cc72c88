"""Samples of functions that read and write by several indices, masks and flat positions. Sums are exact in any order by construction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from csvkit_ml.model.function import Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.sampling.data import special
from validation_suites.sampling.pieces import FLOATS, Shape, moved

NUMBERS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8")
_SPREAD = {"float32": 5000, "float64": 2**40, "float16": 16, "bfloat16": 4, "int64": 2**40, "int32": 5000, "uint8": 4}


def whole(dtype: str, shape: Shape, *names: str) -> Tensor:
    """Integers with more digits than the next narrower format has, so small that no sum of a sample is rounded."""
    n = _SPREAD[dtype]
    return Tensor.of(seed_for("whole", dtype, *names).integers(0 if dtype == "uint8" else -n, n + 1, shape), dtype)


def powers(dtype: str, shape: Shape, *names: str) -> Tensor:
    """+-1, +-2 and, in floating point, +-1/2: products with them are exact."""
    rng = seed_for("powers", dtype, *names)
    values = rng.choice((1.0, 2.0) if dtype == "uint8" else (1.0, -1.0, -1.0, 2.0) if dtype not in FLOATS else (1.0, -2.0, 0.5, -1.0),
        shape)
    return Tensor.of(values, dtype)


def positions(n: int, shape: Shape, *names: str, once: bool = False, back: bool = False) -> Array:
    """Positions below n, none twice where `once`; every second counted from the end where `back`."""
    rng = seed_for("places", str(n), *names)
    size = int(np.prod(shape, dtype=np.int64))
    drawn = rng.permutation(n)[:size] if once else rng.integers(0, max(1, n), size)
    out = drawn.reshape(shape).astype(np.int64)
    return np.where(np.arange(size).reshape(shape) % 2 == 1, out - n, out) if back else out


def mask(shape: Shape, *names: str, share: float = 0.4) -> Tensor:
    """True with a probability of `share`."""
    return Tensor.of(seed_for("mask", *names).uniform(size=shape) < share)


def in_turn(dtypes: tuple[str, ...], cases: Iterable[Any]) -> Iterator[tuple[str, int, Any]]:
    """The first case in every dtype, the others in the first and one further: (dtype, number, case)."""
    for i, case in enumerate(cases):
        for dtype in dtypes if i == 0 else dict.fromkeys((dtypes[0], dtypes[i % len(dtypes)])):
            yield dtype, i, case


def sample(name: str, dtype: str, inputs: Iterable[Any], number: int, **given: Json) -> Sample:
    """Operands as tensors or integer arrays; the first of a function is the ordinary one, empty and large ones are edges."""
    made = tuple(x if isinstance(x, Tensor) else Tensor.of(x) for x in inputs)
    sizes = [int(np.prod(t.shape, dtype=np.int64)) for t in made]
    why = SampleClass.ORDINARY if number == 0 else SampleClass.EDGE if 0 in sizes or max(sizes, default=1) > 5000 else SampleClass.COVERING
    return Sample(name=name, dtype=dtype, inputs=made, params=params(**given), why=why)


def specials(dtype: str, shape: Shape) -> Tensor:
    """Special values in an extent, every seventh of them NaN."""
    x = np.resize(special(dtype), shape)
    x.reshape(-1)[::7] = np.nan
    return Tensor.of(x)


def data(id: str, dtype: str, shape: Shape, name: str) -> Tensor:
    """Values that are easily told apart."""
    return moved(dtype, shape, id, name)
