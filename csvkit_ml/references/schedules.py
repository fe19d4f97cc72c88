"""Learning rates by epoch: the closed form gives the value, the documented recursion (where a library may use it) the error bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.references.extended import extended
from csvkit_ml.references.running_error import DOUBLE, Rounded, expected_rounded, hyperparameter, rounded

Hyper = Mapping[str, Any]
Closed = Callable[[Hyper, Any, int], Any]
"""(hyperparameters, base rates [groups], epoch) -> rates."""
Recursion = Callable[[Hyper, Any, Any, int], Any]
"""(hyperparameters, base rates, rates of the epoch before, epoch >= 1) -> rates."""

_PI = np.longdouble("3.14159265358979323846264338327950288")


def cosine_of_half_turns(x: Any) -> Any:
    """cos(pi x); pi as a double where errors are counted."""
    pi = Rounded(_PI, DOUBLE.u * _PI, DOUBLE) if isinstance(x, Rounded) else _PI
    return np.cos(pi * x)


def lifted(sample: Sample, lift: Callable[[float], Any]) -> dict[str, Any]:
    """Parameters with floats lifted, except zeros, and those inside tuples."""
    return {k: _lifted(v, lift) for k, v in sample.params}


def _lifted(value: Any, lift: Callable[[float], Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(_lifted(v, lift) for v in value)
    return lift(value) if isinstance(value, float) and value != 0 else value


def rates(closed: Closed, sample: Sample, *more: Closed) -> Any:
    """Rates [epochs + 1, groups] in extended precision, without error bounds; with `more`, a tuple with what else is scheduled."""
    h, base = lifted(sample, np.longdouble), extended(sample.arrays()[0])
    made = tuple(np.stack([one(h, base, t) + 0 * base for t in range(sample.param("epochs") + 1)]) for one in (closed, *more))
    return made if more else made[0]


def expected_rates(closed: Closed, recursion: Recursion | None, sample: Sample, *more: Closed) -> tuple[Expected, ...]:
    """Rates [epochs + 1, groups]; scale = the larger of the bounds that the closed form and the recursion have, in u.

    `more`: what else is scheduled with the rates (momentum), as further outputs.
    """
    return tuple(_expected(one, None if i else recursion, sample, f"y{i}" if i else "y") for i, one in enumerate((closed, *more)))


def _expected(closed: Closed, recursion: Recursion | None, sample: Sample, name: str) -> Expected:
    h, base = lifted(sample, hyperparameter), rounded(sample.arrays()[0], "float64")
    rows, bounds = [], []
    lr = closed(h, base, 0)
    for t in range(sample.param("epochs") + 1):
        now = closed(h, base, t)
        lr = recursion(h, base, lr, t) if recursion is not None and t else now
        rows.append(now.value + 0 * base.value)
        bounds.append(np.maximum(now.error, lr.error) + 0 * base.value)
    number = Rounded(np.stack(rows), np.stack(bounds), DOUBLE)
    return expected_rounded(number, dtype="float64", name=name)
