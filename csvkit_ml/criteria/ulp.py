"""Elementwise functions: k units in the last place of the true value, or of the function's natural scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Ulp:
    """|y - r| <= max(k ulp(r), c u s) + flush eta, with s = Expected.scale (0 where the function has no scale of its own)."""

    k: float
    """Declared band in ulp."""
    k_hard: float
    """A-priori bound in ulp."""
    c: float = 0.0
    """Multiples of u s in the band; the hard bound takes k_hard / k times as much."""
    flush: float = 0.0
    """Multiples of the smallest normal number eta: 1 lets results (and operands) below it be flushed to zero."""
    rationale: str = "Elementwise function: rounded result of an approximation whose error stays within few ulp."
    literature: str = "Muller et al., Handbook of Floating-Point Arithmetic, 2018; Zimmermann et al., Accuracy of Mathematical Functions"
    kind: str = "ulp"

    @property
    def formula(self) -> str:
        scaled = f"max({self.k:g} ulp(r), {self.c:g} u s)" if self.c else f"{self.k:g} ulp(r)"
        floor = f" + {self.flush:g} eta" if self.flush else ""
        return f"|y - r| + rad(r) <= {scaled}{floor}; hard: {self.k_hard:g} ulp(r)"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a floating-point output."""
        form = FORMATS[expected.dtype]
        floor = self.flush * form.eta

        def limits(e: Expected) -> tuple[Array, Array]:
            band = np.maximum(self.k * form.ulp(e.value), self.c * form.u * np.asarray(e.scale))
            return band + floor, band * (self.k_hard / self.k) + floor

        return differences(actual, expected, limits)
