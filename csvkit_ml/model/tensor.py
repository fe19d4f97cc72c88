"""A tensor at rest: dtype name, shape, little-endian bytes in C order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from csvkit_ml.model.digest import Digest, sha256

Array = npt.NDArray[Any]

DTYPES: dict[str, np.dtype[Any]] = {
    **{n: np.dtype(n) for n in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    **{n: np.dtype(n) for n in ("float16", "float32", "float64", "complex64", "complex128")},
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
"""Every dtype that may cross between host and worker, by its name."""

FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An n-dimensional array as a value.

    Raises:
        ValueError: unknown dtype, negative extent, or a byte count that does not fit.
    """

    dtype: str
    """A key of DTYPES."""
    shape: tuple[int, ...]
    """Extents; () is a scalar."""
    data: bytes
    """Elements, little-endian, C order."""

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"unknown dtype {self.dtype!r}")
        if any(n < 0 for n in self.shape):
            raise ValueError(f"negative extent in {self.shape}")
        want = math.prod(self.shape) * DTYPES[self.dtype].itemsize
        if len(self.data) != want:
            raise ValueError(f"{self.dtype}{list(self.shape)} needs {want} bytes, got {len(self.data)}")

    @classmethod
    def of(cls, array: npt.ArrayLike, dtype: str | None = None) -> Tensor:
        """From an array (or scalar), optionally cast to a dtype of DTYPES first."""
        a = np.asarray(array)
        if dtype is not None:
            a = a.astype(DTYPES[dtype])
        return cls(dtype=a.dtype.name, shape=tuple(int(n) for n in a.shape), data=np.ascontiguousarray(a).tobytes())

    def array(self) -> Array:
        """A read-only numpy view."""
        return np.frombuffer(self.data, dtype=DTYPES[self.dtype]).reshape(self.shape)

    def digest(self) -> Digest:
        """Identity: dtype, shape and bytes."""
        return sha256(f"{self.dtype}{list(self.shape)}|".encode() + self.data)
