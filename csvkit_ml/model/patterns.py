"""Consecutive bit patterns of float32 as a tensor that is made when it is asked for: what a sweep of the whole format asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.tensor import Array, Tensor


class Patterns(Tensor):
    """The float32 values of the bit patterns first, first + 1, ..., each of `undefined` replaced by one.

    Neither it nor a plan that names it holds the values; its digest is that of this rule.
    """

    __slots__ = ("first", "undefined")
    first: int
    undefined: tuple[float, ...]

    def __init__(self, first: int, count: int, undefined: tuple[float, ...] = ()) -> None:
        if not (first >= 0 and count > 0 and first + count <= 1 << 32):
            raise ValueError(f"{count} patterns from {first} are not patterns of float32")
        for name, value in (("dtype", "float32"), ("shape", (count,)), ("first", first), ("undefined", undefined)):
            object.__setattr__(self, name, value)

    @property
    def data(self) -> bytes:
        """The values' bytes, made at every asking."""
        return self.array().tobytes()

    def array(self) -> Array:
        """The values, float32[count]."""
        bits = np.arange(self.first, self.first + self.shape[0], dtype=np.int64).astype(np.uint32)
        values = bits.view(np.float32)
        if self.undefined:
            values[np.isin(values, np.array(self.undefined, np.float32))] = 1.0
        return values

    def digest(self) -> Digest:
        """Of the rule: first pattern, count, what is replaced."""
        return sha256(f"float32 patterns {self.first}+{self.shape[0]} without {list(self.undefined)}".encode())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patterns) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __reduce__(self) -> Any:
        return Patterns, (self.first, self.shape[0], self.undefined)
