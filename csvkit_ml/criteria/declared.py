"""A tolerance that the maker of a product declares for its own expected values, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """|y - r| <= absolute + relative |r| + ulps ulp(r)."""

    output: str
    absolute: float
    relative: float
    ulps: float
    reason: str
    """The maker's own."""
    kind: str = "declared"

    @property
    def formula(self) -> str:
        parts = [f"{self.absolute:g}"] * bool(self.absolute) + [f"{self.relative:g} |r|"] * bool(self.relative)
        parts += [f"{self.ulps:g} ulp(r)"] * bool(self.ulps)
        return f"{self.output}: |y - r| <= {' + '.join(parts) or '0'}"

    @property
    def rationale(self) -> str:
        return f"Declared by the maker for {self.output}: {self.reason}"

    @property
    def literature(self) -> str:
        return "the maker's tolerance plan"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge an output of any dtype; ulp counts nothing where the dtype has none. There is no a-priori bound."""
        form = FORMATS.get(expected.dtype)

        def limits(e: Expected) -> tuple[Array, Array]:
            value = np.nan_to_num(e.value.astype(np.float64), posinf=0.0, neginf=0.0)
            limit = self.absolute + self.relative * np.abs(value) + (self.ulps * form.ulp(value) if form else 0.0)
            return limit, np.full_like(limit, np.inf)

        return differences(actual, expected, limits)
