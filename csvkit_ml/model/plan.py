"""The plan: what will be run and how it will be judged, fixed and hashed before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Json, SampleClass, Side
from csvkit_ml.model.spec import ValidationSpec

REPETITIONS = ("first", "rerun", "fresh_process", "dirty_memory")
"""Kinds of repetition of every case, in order: twice in one process, a new process, after the free memory was filled with a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCriterion:
    """A limit as data."""

    kind: str
    formula: str
    rationale: str
    literature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSample:
    """One sample with the variants it runs in."""

    name: str
    dtype: str
    why: SampleClass
    inputs: tuple[Digest, ...]
    """Digest of every operand."""
    shapes: tuple[str, ...]
    """`float32[2,3]` of every operand, for reading."""
    params: tuple[tuple[str, Json], ...]
    criterion: PlannedCriterion
    variants: tuple[str, ...]
    """Executions that must all give this sample's answer; a case is (function, sample, variant)."""
    request: Digest
    """Digest of everything that is sent to the library (operation, parameters, inputs, program)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFunction:
    """One function of the plan."""

    id: str
    side: Side
    area: str
    requirement: str
    source: str
    oracle: str
    names: tuple[str, ...]
    """Public names of the library that this verifies."""
    definition: Digest
    """Digest of the source text that defines function, references and criteria."""
    faults: tuple[str, ...]
    repeatable: bool
    samples: tuple[PlannedSample, ...]

    def case_ids(self) -> tuple[str, ...]:
        """`function/sample/variant` of every case."""
        return tuple(f"{self.id}/{s.name}/{v}" for s in self.samples for v in s.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOffered:
    """A function or dtype left out, and why: shown in the report, never a pass."""

    function: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationPlan:
    """Criteria before results."""

    schema: int
    """Version of this record family."""
    tool: str
    """`mlcsv X.Y.Z`."""
    spec: ValidationSpec
    settings: tuple[tuple[str, str], ...]
    """Backend settings: environment variables and runtime options, resolved."""
    repetitions: tuple[str, ...]
    """Of REPETITIONS."""
    required_identical: tuple[str, ...]
    """Repetition kinds whose bits must equal the first run's."""
    time_limit_s: float
    """For one case."""
    memory_limit_bytes: int
    """Address space of one cell process; 0 = none."""
    worker: Digest
    """Digest of the staged worker archive."""
    functions: tuple[PlannedFunction, ...]
    not_offered: tuple[NotOffered, ...] = ()

    def case_count(self) -> int:
        return sum(len(s.variants) for f in self.functions for s in f.samples)
