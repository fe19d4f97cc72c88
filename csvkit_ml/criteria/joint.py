"""Outputs that are judged together: relations between several outputs, or a criterion for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from csvkit_ml.model.function import Criterion, Expected, Measurement, Results
from csvkit_ml.model.tensor import Array


@runtime_checkable
class Joint(Protocol):
    """A criterion that needs all outputs at once."""

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Judge outputs whose number, dtypes and shapes already match; at least one measurement."""
        ...


def measured(criterion: Criterion, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
    """Judge outputs whose number, dtypes and shapes already match."""
    if isinstance(criterion, Joint):
        return criterion.measure_jointly(actual, expected)
    return tuple(criterion.measure(a, e) for a, e in zip(actual, expected, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """Output i is judged by criterion i."""

    criteria: tuple[Criterion, ...]
    kind: str = "each output by its own"

    @property
    def formula(self) -> str:
        return "; then ".join(c.formula for c in self.criteria)

    @property
    def rationale(self) -> str:
        return " ".join(dict.fromkeys(c.rationale for c in self.criteria))

    @property
    def literature(self) -> str:
        return "; ".join(dict.fromkeys(c.literature for c in self.criteria))

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a first output alone."""
        return self.criteria[0].measure(actual, expected)

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Judge every output by its own criterion. Raises ValueError where their numbers differ."""
        return tuple(c.measure(a, e) for c, a, e in zip(self.criteria, actual, expected, strict=True))
