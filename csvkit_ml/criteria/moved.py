"""Whole models: a multiple of how far rounding in every operator moves each element, as the function estimates it by drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """|y - r| <= k m + u|r| with m = Expected.scale, absolute; no rounding of its own for exact dtypes."""

    k: float
    """Declared band."""
    k_hard: float
    """Hard bound."""
    scale: str
    """What m is."""
    rationale: str
    literature: str
    kind: str = "moved"

    @property
    def formula(self) -> str:
        return f"|y - r| + rad(r) <= {self.k:g} m + u|r|, m = {self.scale}; hard: {self.k_hard:g} m + u|r|"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge an output of any dtype."""
        form = FORMATS.get(expected.dtype)

        def limits(e: Expected) -> tuple[Array, Array]:
            scale = np.asarray(e.scale, dtype=np.float64)
            if form is None:
                return self.k * scale, self.k_hard * scale
            magnitude = np.abs(np.nan_to_num(e.value.astype(np.float64), posinf=0.0, neginf=0.0))
            final = form.u * magnitude * (1 + form.u) + form.eta
            return self.k * scale + final, self.k_hard * scale + final

        return differences(actual, expected, limits)
