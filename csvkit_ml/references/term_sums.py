"""Formulas that are sums of terms, written once: evaluated in Arb balls for the reference, and in numpy's doubles for quadrature.

A formula takes an arithmetic (BALLS or DOUBLES) and its arguments, and returns a list of terms. Its value is their sum; its natural
scale is the sum of their magnitudes, with those of `Slack`, which count for the scale alone: what rounding an argument does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True)
class Slack:
    """An amount that counts for the scale, not for the value."""

    amount: Any


Formula = Callable[..., Sequence[Any]]
ENOUGH_BITS = 90
TINY = 1e-320
"""More than rounding a radius to double can lose."""


class Balls:
    """Elementary and special functions of flint.arb."""

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        """A method of arb as a function."""
        return lambda x: getattr(flint.arb(x), name)()

    @property
    def pi(self) -> Any:
        return flint.arb.pi()

    @property
    def euler(self) -> Any:
        return flint.arb.const_euler()

    def gammainc(self, a: Any, x: Any) -> Any:
        """Lower incomplete gamma function, regularised."""
        return flint.arb(x).gamma_lower(a, regularized=1)

    def bessel_i(self, order: int, x: Any) -> Any:
        return flint.arb(x).bessel_i(flint.arb(order))

    def largest(self, a: Any, b: Any) -> Any:
        return a if a > b else b


class Doubles:
    """The same of numpy and scipy, elementwise."""

    pi, euler = np.pi, np.euler_gamma

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        from scipy import special

        other = {"lgamma": special.gammaln, "digamma": special.digamma, "erf": special.erf, "erfinv": special.erfinv, "atan": np.arctan}
        return other.get(name) or getattr(np, name)

    def gammainc(self, a: Any, x: Any) -> Any:
        from scipy import special

        return special.gammainc(a, x)

    def bessel_i(self, order: int, x: Any) -> Any:
        from scipy import special

        return special.iv(order, x)

    def largest(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)


BALLS, DOUBLES = Balls(), Doubles()


def doubles(formula: Formula, *arguments: Any) -> tuple[Any, Any]:
    """(sum, sum of magnitudes) in double arithmetic."""
    with np.errstate(all="ignore"):
        made = formula(DOUBLES, *arguments)
        terms = [m for m in made if not isinstance(m, Slack)]
        scale = sum(abs(m.amount if isinstance(m, Slack) else m) for m in made)
        return sum(terms), scale


def term_sum(formula: Formula, *columns: Array, dtype: str, name: str = "y") -> Expected:
    """Of every row of the columns, certified to 2^-90 of the value or of its scale; NaN and infinities mean themselves.

    Args:
        columns: arrays of one shape, whose values are exact in double.
    """
    wide = [np.asarray(c, dtype=np.float64) for c in columns]
    shape = wide[0].shape
    made = [_row(formula, row) for row in zip(*(w.ravel().tolist() for w in wide), strict=True)]
    value, low, radius, scale = (np.array(part, dtype=np.float64).reshape(shape) for part in zip(*made, strict=True))
    return Expected(name=name, dtype=dtype, value=value, low=low, radius=radius, scale=scale, any_sign_of_zero=True)


def _row(formula: Formula, row: tuple[float, ...]) -> tuple[float, float, float, float]:
    """(hi, lo, radius, scale) of one row; precision grows until the sum is known to 2^-90 of its scale."""
    bits = 128
    while True:
        with flint.ctx.workprec(bits):
            made = formula(BALLS, *map(flint.arb, row))
            terms = [flint.arb(m) for m in made if not isinstance(m, Slack)]
            value = sum(terms, flint.arb(0))
            scale = sum((abs(flint.arb(m.amount if isinstance(m, Slack) else m)) for m in made), flint.arb(0))
            if not value.is_finite():
                if value.mid().is_nan() or value.is_exact() or bits > 4096:
                    return float(value.mid() if value.is_exact() else value), 0.0, 0.0, 0.0
            elif bits > 4096 or value.rad() <= scale.mid() * flint.arb(2) ** -ENOUGH_BITS:
                high = float(value.mid())
                low = float(value.mid() - flint.arb(high))
                exact = value.is_exact() and value == flint.arb(high) + flint.arb(low)
                return high, low, 0.0 if exact else float(value.rad()) + abs(low) * 2.0**-52 + TINY, float(scale.mid())
        bits *= 4
