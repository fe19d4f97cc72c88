"""Where the maximum of every window stands: its flat position within the data of its channel. No two elements are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.pooled import pooled, spatial
from validation_suites.inference.pooling import DILATIONS, SIZES, WINDOWS, _allowed, _named
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling import pairwise

DTYPES = ("float32", "float64", "float16", "bfloat16")
GENERAL = tuple(f for f in PLAIN if f.id != "nan-lost")


def _distinct(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    """A permutation of whole numbers, below 0 in part: few enough for 16-bit formats to hold."""
    inner = int(np.prod(shape[2:]))
    rows = [seed_for("distinct", *names, str(i)).permutation(inner) - inner // 2 for i in range(shape[0] * shape[1])]
    return Tensor.of(np.stack(rows).reshape(shape), dtype)


def _samples(dims: int) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        rows = pairwise({**WINDOWS[dims], "dilation": DILATIONS[dims]}, _allowed)
        for dtype in DTYPES:
            for i, row in enumerate(rows[:12] if dtype == "float32" else rows[:3]):
                x = _distinct(dtype, (2, 3, *SIZES[dims]), str(dims), _named(row))
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=f"{dtype}-{_named(row)}", dtype=dtype, inputs=(x,), params=params(**row), why=why)

    return samples


def _positions(p: Any, x: Array) -> tuple[Array, Array]:
    """(maxima, flat positions) of every window; padding never is a maximum."""
    wide = x.astype(np.float64)
    taken = pooled(wide, p, -np.inf)
    numbers = np.broadcast_to(np.arange(np.prod(x.shape[2:]), dtype=np.float64).reshape(x.shape[2:]), x.shape)
    places = pooled(numbers, p, -1.0)
    flat = (*taken.shape[: -len(spatial(p))], -1)
    best = taken.reshape(flat).argmax(axis=-1)[..., None]
    found = np.take_along_axis(places.reshape(flat), best, axis=-1)[..., 0]
    return taken.max(axis=spatial(p)).astype(x.dtype), found.astype(np.int64)


def _padded(p: Any, x: Array) -> tuple[Array, Array]:
    """Positions are counted in the padded data."""
    top, found = _positions(p, x)
    sizes, pads = x.shape[2:], p["padding"]
    spots = np.stack(np.unravel_index(found, sizes)) + np.reshape(pads, (-1, *[1] * found.ndim))
    return top, np.ravel_multi_index(tuple(spots), tuple(n + 2 * a for n, a in zip(sizes, pads, strict=True)))


def _windowed(p: Any, x: Array) -> tuple[Array, Array]:
    """Positions are counted within the window."""
    taken = pooled(x.astype(np.float64), p, -np.inf)
    flat = taken.reshape(*taken.shape[: -len(spatial(p))], -1)
    return flat.max(axis=-1).astype(x.dtype), flat.argmax(axis=-1)


def _turned(p: Any, x: Array) -> tuple[Array, Array] | None:
    """Positions are counted with the first axis fastest."""
    top, found = _positions(p, x)
    if x.ndim < 4:
        return None
    return top, np.ravel_multi_index(np.unravel_index(found, x.shape[2:]), x.shape[2:], order="F")


def _function(dims: int) -> Function:
    return moving(
        f"max_pool{dims}d_positions", "return the maximum of every window and where it stands in the data",
        "torch.nn.functional.max_pool, return_indices; ONNX operator specification, MaxPool, Indices", _samples(dims), _positions,
        ("counted-in-padding", "Positions are counted in the padded data.", _padded),
        ("counted-in-window", "Positions are counted within the window.", _windowed),
        *((("first-axis-fastest", "Positions are counted with the first axis fastest.", _turned),) if dims > 1 else ()),
        area="pooling", outputs=("", "int64"), general=GENERAL, oracle="exact: every element of every window",
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = tuple(_function(d) for d in (1, 2, 3))
