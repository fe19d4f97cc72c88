"""Orthogonal polynomials p_n(x), by their three-term recurrences in ball arithmetic.

Every step of the recurrence rounds terms of the size of the largest polynomial so far, and passes them on: u n max_k |p_k(x)|. The argument is
rounded where it is shifted: u |p_n'|. A step is four roundings, hence c = 4; Chebyshev polynomials may be cosines of n arc cosines, and an arc
cosine within its class of 4 ulp (OpenCL C) is off by 16 u near pi, hence c = 16 there (Clenshaw 1955; Higham 2002, 5.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Criterion, Function, Sample
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.pointwise import Ball, classed, pointwise
from validation_suites.sampling.pointwise import WIDE, Box

arb = flint.arb
DEGREE = 12
STEPS = "n steps of a three-term recurrence, four roundings each, at the size of the largest term"
ARC = ", or the cosine of n arc cosines (4 ulp of pi each)"
Step = Callable[[Any, Any, Any, int], Any]
"""(x, p_k, p_(k-1), k) -> p_(k+1), on balls or arrays."""


def _chebyshev(x: Any, p: Any, before: Any, k: int) -> Any:
    return 2 * x * p - before


def _shifted(x: Any, p: Any, before: Any, k: int) -> Any:
    return 2 * (2 * x - 1) * p - before


def _hermite(x: Any, p: Any, before: Any, k: int) -> Any:
    return 2 * x * p - 2 * k * before


def _hermite_e(x: Any, p: Any, before: Any, k: int) -> Any:
    return x * p - k * before


def _laguerre(x: Any, p: Any, before: Any, k: int) -> Any:
    return ((2 * k + 1 - x) * p - k * before) / (k + 1)


def _legendre(x: Any, p: Any, before: Any, k: int) -> Any:
    return ((2 * k + 1) * x * p - k * before) / (k + 1)


def terms(x: Any, one: Any, first: Callable[[Any], Any], step: Step, n: int) -> list[Any]:
    """p_0 .. p_n."""
    made = [one, first(x)]
    for k in range(1, n):
        made.append(step(x, made[-1], made[-2], k))
    return made[: n + 1]


def polynomial(id: str, first: Callable[[Any], Any], step: Step, reach: tuple[float, float], clause: str) -> Function:
    """p_n(x) for the whole numbers n = 0 .. 12 that the second operand holds.

    Args:
        first: p_1.
        step: recurrence.
        reach: ordinary arguments.
    """

    def value(x: Ball, n: Ball) -> Ball:
        return terms(x, arb(1), first, step, round(float(n)))[-1]

    def scale(x: Array, n: Array) -> Array:
        """n max_k |p_k| + |z p_n'(z)| of the row's degree; z is the argument, or 2 x - 1."""
        p = np.stack(terms(x, np.ones_like(x), first, step, DEGREE))
        moved = np.stack(terms(x * (1 + 1e-6) + (5e-7 if step is _shifted else 0.0), np.ones_like(x), first, step, DEGREE))
        degree = np.clip(np.nan_to_num(n), 0, DEGREE).astype(np.int64)
        largest = np.take_along_axis(np.maximum.accumulate(np.abs(p), axis=0), degree[None], axis=0)[0]
        slope = np.take_along_axis(np.abs(moved - p), degree[None], axis=0)[0] * 1e6
        return np.asarray((degree + 1) * largest + slope)

    def doubled(sample: Sample) -> Array:
        """The second kind for the first, and the reverse: p_1 is another."""
        x, n = np.broadcast_arrays(*(a.astype(np.float64) for a in sample.arrays()))
        p = np.stack(terms(x, np.ones_like(x), lambda v: 1.5 * first(v), step, DEGREE))
        return np.asarray(np.take_along_axis(p, np.clip(np.nan_to_num(n), 0, DEGREE).astype(np.int64)[None], axis=0)[0])

    box = Box(
        low=(reach[0], 0.0), high=(reach[1], float(DEGREE)), whole=(1,), special=(0.0, -0.0, 0.5, 1.0, 2.0, 3.0, 7.0, 10.0),
        asked=lambda x, n: (n >= 0) & (n <= DEGREE) & (n == np.trunc(n)) & (np.abs(x) < 2.0**8),
    )  # fmt: skip
    return pointwise(
        id, f"the polynomial {id} of the degree given", value, lambda x, n: 0.0, box,
        source=f"NIST Digital Library of Mathematical Functions, {clause}; PyTorch reference, torch.special.{id}", dtypes=WIDE,
        criterion=_class(step), scale=scale, any_sign_of_zero=True, nan=False,
        extra_faults=(faults.computed("other-kind", "The recurrence begins otherwise.", doubled),),
    )  # fmt: skip


def _class(step: Step) -> Callable[[Sample], Criterion]:
    trigonometric = step in (_chebyshev, _shifted)
    return classed(4.0, c=16.0 if trigonometric else 4.0, rationale=f"{STEPS}{ARC if trigonometric else ''}.")


def _at_shifted(first: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: first(2 * x - 1)


TABLE = "18.9.1 and 18.9.2"
KINDS = {"t": lambda x: x, "u": lambda x: 2 * x, "v": lambda x: 2 * x - 1, "w": lambda x: 2 * x + 1}

FUNCTIONS: tuple[Function, ...] = (
    *(polynomial(f"chebyshev_polynomial_{k}", f, _chebyshev, (-1.0, 1.0), TABLE) for k, f in KINDS.items()),
    *(
        polynomial(f"shifted_chebyshev_polynomial_{k}", _at_shifted(f), _shifted, (0.0, 1.0), f"18.7.7, {TABLE}")
        for k, f in KINDS.items()
    ),
    polynomial("hermite_polynomial_h", lambda x: 2 * x, _hermite, (-5.0, 5.0), TABLE),
    polynomial("hermite_polynomial_he", lambda x: x, _hermite_e, (-5.0, 5.0), TABLE),
    polynomial("laguerre_polynomial_l", lambda x: 1 - x, _laguerre, (0.0, 20.0), TABLE),
    polynomial("legendre_polynomial_p", lambda x: x, _legendre, (-1.0, 1.0), TABLE),
)
