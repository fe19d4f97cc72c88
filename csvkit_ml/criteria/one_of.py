"""Choices that rounding may decide: exact agreement with the true value or with a stated alternative."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from csvkit_ml.criteria.exact import Exact
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """y equals the true value, or one of the alternatives that the reference states for that element.

    Expected.extra: `also` [k, ...], k alternatives of every element; absent where none is allowed anywhere. An alternative
    equals the true value where the definition leaves no choice.
    """

    rationale: str
    literature: str
    kind: str = "one of"

    @property
    def formula(self) -> str:
        return "y = r, or y = r' where the reference states an alternative r' != r"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Count the elements that equal neither the true value nor an alternative."""
        true, chosen = expected.value, expected.value.copy()
        for other in expected.extra.get("also", ()):
            with np.errstate(invalid="ignore"):  # signalling NaN
                hit = (actual.astype(true.dtype) == other) & (true != other)
            chosen[hit] = other[hit]
        found = Exact().measure(actual, replace(expected, value=chosen))
        other_taken = found.reason is Reason.IDENTICAL and not np.array_equal(chosen, true, equal_nan=true.dtype.kind == "f")
        return replace(found, reason=Reason.WITHIN_BAND) if other_taken else found
