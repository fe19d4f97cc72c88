"""Handwritten digits, frozen: 80 pictures of 8 x 8 pixels (UCI, Optical Recognition of Handwritten Digits, CC BY 4.0), read once."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path

import numpy as np

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.tensor import Array

SOURCE = "E. Alpaydin and C. Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (CC BY 4.0), as in scikit-learn"
_FILE = Path(__file__).with_name("digits.toml")


@cache
def digits() -> tuple[Array, Array]:
    """(pictures [80, 8, 8] of whole numbers 0 ... 16, digits [80]).

    Raises:
        SuiteError: the rows are not those that were frozen.
    """
    held = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    if hashlib.sha256(held["rows"].encode()).hexdigest() != held["sha256"]:
        raise SuiteError("the frozen digits are not what was frozen", "restore validation_suites/sampling/digits.toml")
    rows = [line.split() for line in held["rows"].split("\n") if line]
    pixels = np.array([[int(c, 17) for c in text] for _, text in rows], dtype=np.int64)
    return pixels.reshape(-1, 8, 8), np.array([int(label) for label, _ in rows], dtype=np.int64)
