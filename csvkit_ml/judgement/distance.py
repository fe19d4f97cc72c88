"""How far two outputs are apart: bits first, distances only where bits differ. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from csvkit_ml.model.comparison import NO_DIFFERENCE, Difference
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.observation import OutputRef
from csvkit_ml.model.tensor import DTYPES, FLOATS, Array

Blob = Callable[[Digest], bytes]
Outputs = tuple[OutputRef, ...]
_PARTS = {"complex64": "float32", "complex128": "float64"}


def difference(a: Outputs, b: Outputs, blob: Blob) -> Difference:
    """Two sets of outputs, by position; names may differ, since libraries name them."""
    if len(a) != len(b):
        return Difference(compared=0, differing=max(_elements(a), _elements(b)), worst_ulp=math.inf)
    return total(tuple(_one(x, y, blob) for x, y in zip(a, b, strict=True)))


def total(found: tuple[Difference, ...]) -> Difference:
    """Elements added up, the worst distance kept."""
    if not found:
        return NO_DIFFERENCE
    return Difference(
        compared=sum(d.compared for d in found), differing=sum(d.differing for d in found), worst_ulp=max(d.worst_ulp for d in found)
    )


def arrays(a: Array, b: Array, dtype: str) -> Difference:
    """Two arrays of one dtype and shape."""
    if dtype in _PARTS:
        part = np.dtype(_PARTS[dtype])
        return arrays(np.ascontiguousarray(a).reshape(-1).view(part), np.ascontiguousarray(b).reshape(-1).view(part), _PARTS[dtype])
    kind = np.dtype(f"u{DTYPES[dtype].itemsize}")
    x, y = np.ascontiguousarray(a).reshape(-1).view(kind), np.ascontiguousarray(b).reshape(-1).view(kind)
    where = np.flatnonzero(x != y)
    if not where.size:
        return Difference(compared=x.size, differing=0, worst_ulp=0.0)
    return Difference(compared=x.size, differing=int(where.size), worst_ulp=_worst(x[where], y[where], dtype))


def array_of(ref: OutputRef, blob: Blob) -> Array:
    """The values of an output."""
    return np.frombuffer(blob(ref.blob), dtype=DTYPES[ref.dtype]).reshape(ref.shape)


def _one(a: OutputRef, b: OutputRef, blob: Blob) -> Difference:
    size = math.prod(a.shape)
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return Difference(compared=0, differing=max(size, math.prod(b.shape), 1), worst_ulp=math.inf)
    if a.blob == b.blob:
        return Difference(compared=size, differing=0, worst_ulp=0.0)
    return arrays(array_of(a, blob), array_of(b, blob), a.dtype)


def _elements(outputs: Outputs) -> int:
    return sum(math.prod(o.shape) for o in outputs) or 1


def _worst(x: npt.NDArray[np.unsignedinteger], y: npt.NDArray[np.unsignedinteger], dtype: str) -> float:
    """Largest distance between bit patterns that differ."""
    if dtype in FLOATS:
        return _worst_float(x, y, dtype)
    if dtype == "bool":
        return 1.0
    a, b = (v.view(DTYPES[dtype]).astype(np.float64) for v in (x, y))
    return float(np.abs(a - b).max())


def _worst_float(x: npt.NDArray[np.unsignedinteger], y: npt.NDArray[np.unsignedinteger], dtype: str) -> float:
    """In units of the last place; two NaN with other payloads are no distance apart, a NaN and a number infinitely far."""
    with np.errstate(invalid="ignore"):  # converting a signalling NaN says so
        nan_x, nan_y = (np.isnan(v.view(DTYPES[dtype]).astype(np.float64)) for v in (x, y))
    if (nan_x != nan_y).any():
        return math.inf
    numbers = ~nan_x
    if not numbers.any():
        return 0.0
    a, b = _ordered(x[numbers], dtype), _ordered(y[numbers], dtype)
    return float(np.where(a > b, a - b, b - a).max())


def _ordered(bits: npt.NDArray[np.unsignedinteger], dtype: str) -> npt.NDArray[np.uint64]:
    """Bit patterns as integers in the order of the numbers, so that neighbours differ by one and both zeros are one number."""
    sign = np.uint64(1) << np.uint64(8 * DTYPES[dtype].itemsize - 1)
    wide = bits.astype(np.uint64)
    magnitude = wide & (sign - np.uint64(1))
    middle = np.uint64(1) << np.uint64(63)
    return np.where((wide & sign) != 0, middle - magnitude, middle + magnitude)
