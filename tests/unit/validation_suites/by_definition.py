"""Shared by the tests of normalisations and norms: a reference against values in many digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.references.rounding import ROUNDINGS

mpmath.mp.dps = 60
TINY = 5e-324


def number(v: Any) -> Any:
    return mpmath.mpf(float(v))


def close(made: Expected, true: Any, name: str, *, decides: bool = True) -> None:
    """Within the radius everywhere; `decides`: the radius is at most an eighth of the criterion's unit."""
    low = np.zeros(made.shape) if made.low is None else made.low
    radius, scale = (np.broadcast_to(np.asarray(a), made.shape) for a in (made.radius, made.scale))
    for i in np.ndindex(*made.shape):
        assert abs(number(made.value[i]) + number(low[i]) - true[i]) <= number(radius[i]) + TINY, (name, i)
        if decides:
            assert radius[i] <= ROUNDINGS[made.dtype].accumulate / 8 * (scale[i] + float(abs(true[i]))) + TINY, (name, i)


def slices(shape: tuple[int, ...], axes: tuple[int, ...]) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Indices of the values that are reduced together, by the index that is left."""
    found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for i in np.ndindex(shape):
        found.setdefault(tuple(v for a, v in enumerate(i) if a not in axes), []).append(i)
    return found


def moments(values: list[Any]) -> tuple[Any, Any]:
    """(mean, biased variance)."""
    mean = mpmath.fsum(values) / len(values)
    return mean, mpmath.fsum((v - mean) ** 2 for v in values) / len(values)
