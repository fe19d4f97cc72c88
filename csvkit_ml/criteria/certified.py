"""Values that an institute of metrology has certified: judged by the sensitivity of the problem, told as log relative errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array

MOST = 15.0
"""Decimal digits beyond which agreement is not told."""


def log_relative_error(actual: Array, certified: Array) -> float:
    """Least number of agreeing significant digits over all elements, -log10(|y - c| / |c|), or -log10|y| where c = 0; within [0, 15]."""
    wide, true = actual.astype(np.longdouble), certified.astype(np.longdouble)
    with np.errstate(all="ignore"):
        digits = -np.log10(abs(wide - true) / np.where(true == 0, 1, abs(true)))
    return float(np.clip(np.nan_to_num(digits, nan=0.0, posinf=MOST, neginf=0.0), 0.0, MOST).min(initial=MOST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """|y - r| <= c u s + u |r| with s = Expected.scale; the digits that agree with Expected.extra["certified"] are told."""

    c: float
    """Declared band: the constant of the error analysis."""
    c_hard: float
    """A-priori bound."""
    scale: str
    """What s is, in words or as a formula."""
    rationale: str
    literature: str
    kind: str = "certified values"

    @property
    def formula(self) -> str:
        limit = f"|y - r| + rad(r) <= {self.c:.3g} u s + u|r|, s = {self.scale}; hard: {self.c_hard:.3g} u s + u|r|"
        return f"{limit}; told: digits that agree with the certified value"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge parameters or statistics, in one array."""
        form = FORMATS[expected.dtype]

        def limits(e: Expected) -> tuple[Array, Array]:
            final, scale = form.u * np.abs(e.value) * (1 + form.u), form.u * np.asarray(e.scale)
            return self.c * scale + final, self.c_hard * scale + final

        found = differences(actual, expected, limits)
        return replace(found, actual=f"{found.actual} (log relative error {log_relative_error(actual, expected.extra['certified']):.1f})")
