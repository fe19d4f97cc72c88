"""The rounding that an error bound assumes: of stored intermediate results, of sums, and of values below the normal range."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.references.extended import U


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """Unit roundoffs of a computation."""

    store: float
    """Of every stored intermediate result."""
    accumulate: float
    """Of the steps within a sum of products."""
    floor: float
    """Absolute error of a result below the normal range."""

    @property
    def sums(self) -> float:
        """The roundoff of accumulation in units of that of storage: 1 where both are the data's own format."""
        return self.accumulate / self.store


EXTENDED = Rounding(store=U, accumulate=U, floor=0.0)
"""The references' own."""

_SINGLE = 2.0**-24

ROUNDINGS: dict[str, Rounding] = {
    "float64": Rounding(store=2.0**-53, accumulate=2.0**-53, floor=2.0**-1022),
    "float32": Rounding(store=_SINGLE, accumulate=_SINGLE, floor=2.0**-126),
    "bfloat16": Rounding(store=2.0**-8, accumulate=_SINGLE, floor=2.0**-126),
    "float16": Rounding(store=2.0**-11, accumulate=_SINGLE, floor=2.0**-24),
}
"""By dtype of the data: 16-bit results may be stored after every operation, their sums of products are accumulated in float32."""
