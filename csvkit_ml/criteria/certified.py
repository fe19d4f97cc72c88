"""Values that an institute of metrology has certified: judged by the sensitivity of the problem, told as log relative errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array

MOST = 15.0
"""Decimal digits beyond which agreement is not told."""


def log_relative_error(actual: Array, certified: Array) -> float:
    """Least number of agreeing significant digits over all elements."""
    return float(log_relative_errors(actual, certified).min(initial=MOST))


def log_relative_errors(actual: Array, certified: Array) -> Array:
    """Agreeing significant digits, -log10(|y - c| / |c|), or -log10|y| where c = 0; within [0, 15]."""
    wide, true = actual.astype(np.longdouble), certified.astype(np.longdouble)
    with np.errstate(all="ignore"):
        digits = -np.log10(abs(wide - true) / np.where(true == 0, 1, abs(true)))
    return np.asarray(np.clip(np.nan_to_num(digits, nan=0.0, posinf=MOST, neginf=0.0), 0.0, MOST), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """|y - r| <= c u s + u |r| with s = Expected.scale; the digits that agree with Expected.extra["certified"] are told.

    Expected.extra, beside it: `level`, an index into `levels`; for regressions `design` [n, p] and `residual` [n] at the certified values:
    the standard deviations of the library's estimates differ from the certified ones by one factor, that of the residual, to first order.
    """

    c: float
    """Declared band: the constant of the error analysis."""
    c_hard: float
    """A-priori bound."""
    scale: str
    """What s is, in words or as a formula."""
    rationale: str
    literature: str
    labels: tuple[str, ...] = ()
    """Names of the values; none = b1, b2, ..."""
    levels: tuple[str, ...] = ("lower", "average", "higher")
    """Levels of difficulty in the words of the institute."""
    kind: str = "certified values"

    @property
    def formula(self) -> str:
        limit = f"|y - r| + rad(r) <= {self.c:.3g} u s + u|r|, s = {self.scale}; hard: {self.c_hard:.3g} u s + u|r|"
        return f"{limit}; told: log relative error, the digits of each value that agree with the certified one"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge parameters or statistics, in one array."""
        form = FORMATS[expected.dtype]

        def limits(e: Expected) -> tuple[Array, Array]:
            final, scale = form.u * np.abs(e.value) * (1 + form.u), form.u * np.asarray(e.scale)
            return self.c * scale + final, self.c_hard * scale + final

        found = differences(actual, expected, limits)
        digits = log_relative_error(actual, expected.extra["certified"])
        return replace(found, actual=f"{found.actual} (log relative error {digits:.1f})", figures=tuple(self._figures(actual, expected.extra)))

    def _figures(self, actual: Array, extra: Mapping[str, Array]) -> Iterator[tuple[str, str]]:
        """Difficulty, then the log relative error of every value and of the standard deviations."""
        if "level" in extra:
            yield "difficulty", self.levels[int(extra["level"])]
        digits = log_relative_errors(actual, extra["certified"]).ravel()
        names = self.labels or tuple(f"b{i + 1}" for i in range(digits.size))
        yield from ((name, f"{d:.1f}") for name, d in zip(names, digits, strict=True))
        if "design" in extra:
            spread = log_relative_error(_deviation(actual, extra), _deviation(extra["certified"], extra))
            yield "standard deviations", f"{spread:.1f}"


def _deviation(actual: Array, extra: Mapping[str, Array]) -> Array:
    """Residual standard deviation of a fit, in extended precision."""
    design, moved = extra["design"].astype(np.longdouble), (actual.astype(np.longdouble) - extra["certified"]).ravel()
    residual, (n, p) = extra["residual"] - design @ moved, design.shape
    return np.asarray(np.sqrt((residual**2).sum() / (n - p)))
