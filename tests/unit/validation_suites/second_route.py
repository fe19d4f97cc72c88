"""Shared by the tests of elementwise areas: the certified reference against another formula in mpmath at 60 digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np

from csvkit_ml.model.function import Function, Sample

Route = Callable[..., Any]
ROUTED = ("float32-ordinary", "float64-ordinary", "float64-sweep")


def chosen(function: Function) -> Iterator[Sample]:
    """Ordinary samples in 32 and 64 bits, with every setting that has them."""
    return (s for s in function.samples() if s.name.startswith(ROUTED))


def agrees(function: Function, route: Route, count: int = 12) -> int:
    """Number of values compared; every one lies within the reference's own radius of the other route's value."""
    compared = 0
    for sample in chosen(function):
        (e,) = function.reference(sample)
        operands = [a.astype(np.float64).ravel() for a in np.broadcast_arrays(*sample.arrays())]
        low, radius = (np.broadcast_to(np.asarray(0.0 if v is None else v), e.shape).ravel() for v in (e.low, e.radius))
        value = e.value.ravel()
        for i in np.linspace(0, value.size - 1, count).astype(int):
            if not np.isfinite(value[i]) or abs(value[i]) < 1e-300:
                continue
            with mpmath.workdps(60):
                true = route(*(mpmath.mpf(float(a[i])) for a in operands), **dict(sample.params))
                error = abs(mpmath.mpf(float(value[i])) + mpmath.mpf(float(low[i])) - true)
                slack = mpmath.mpf(float(radius[i])) + abs(true) * mpmath.mpf(2) ** -100
                assert error <= slack, (function.id, sample.name, [float(a[i]) for a in operands], float(true))
            compared += 1
    return compared
