"""Text in samples: bytes of UTF-8 along a last axis, filled up with NUL to the longest, at least 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import seed_for
from csvkit_ml.model.tensor import Array

WORDS = ("", "a", "Zebra", "patient 12", "ÄÖß", "naïve", "中文字", "🙂", "  edge ", "x,y;z", "0.5", "LONG" * 20)
"""Empty, ASCII, two, three and four bytes a character, blanks at the ends, longer than a short string's own storage."""


def packed(texts: Any) -> Array:
    """Text of any shape as uint8 [..., width]."""
    array = np.asarray(texts, dtype=object)
    encoded = [str(t).encode() for t in array.reshape(-1).tolist()]
    width = max([1, *map(len, encoded)])
    flat = b"".join(e.ljust(width, b"\0") for e in encoded)
    return np.frombuffer(flat, dtype=np.uint8).reshape((*array.shape, width))


def unpacked(array: Array) -> Any:
    """An object array of str."""
    width = array.shape[-1]
    rows = [bytes(r).rstrip(b"\0").decode() for r in array.reshape(-1, width)]
    made = np.empty(len(rows), dtype=object)
    made[:] = rows
    return made.reshape(array.shape[:-1])


def drawn(words: Iterable[str], shape: tuple[int, ...], *names: str) -> Any:
    """Words in any order, each as often as it comes."""
    pool = np.array(list(words), dtype=object)
    return pool[seed_for("words", *names).integers(0, len(pool), shape)]
