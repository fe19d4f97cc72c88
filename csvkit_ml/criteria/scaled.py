"""Composite operations: c u times a scale that the function derives from its inputs (softmax, normalisation, attention, trajectories)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """|y - r| <= c u_acc s + u |r| + eta_floor with s = Expected.scale."""

    c: float
    """Declared band: the constant of the error analysis."""
    c_hard: float
    """A-priori bound."""
    scale: str
    """What s is, as a formula, e.g. `(|x - mean| + mean|x|) / sd + |y|`."""
    rationale: str
    literature: str
    wide_accumulation: bool = True
    """float16 and bfloat16 data are processed in float32 and rounded once at the end; False = every step rounds to the data's format."""
    kind: str = "scaled"

    @property
    def formula(self) -> str:
        return f"|y - r| + rad(r) <= {self.c:g} u s + u|r|, s = {self.scale}; hard: {self.c_hard:g} u s + u|r|"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a floating-point output."""
        form = FORMATS[expected.dtype]
        narrow = expected.dtype in ("float16", "bfloat16")
        u = FORMATS["float32"].u if narrow and self.wide_accumulation else form.u

        def limits(e: Expected) -> tuple[Array, Array]:
            magnitude = np.abs(np.nan_to_num(e.value, posinf=0.0, neginf=0.0))
            final = form.u * magnitude * (1 + form.u) + form.tiny
            scale = u * np.asarray(e.scale)
            return self.c * scale + final, self.c_hard * scale + final

        return differences(actual, expected, limits)
