"""What the library did: stored before it is judged."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRef:
    """One output by reference."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    blob: Digest
    """Digest of the raw bytes (little-endian, C order)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """Values were returned."""

    outputs: tuple[OutputRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A Python exception came out of the library."""

    type: str
    message: str
    """At most 4,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """The library ended the process."""

    exit_code: int | None
    signal: str
    """`SIGSEGV` ..., empty when it exited."""
    stderr: Digest
    """Captured standard error of the process (last 64 KiB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """No answer in time; the process tree was killed."""

    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """The host (or its memory limit, or a person) ended the process."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """The library says that it does not implement this."""

    message: str


Outcome = Produced | Raised | Crashed | TimedOut | Killed | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """One execution of a case."""

    kind: str
    """Of plan.REPETITIONS."""
    process: int
    """Ordinal of the process among those that executed this case (0, 1, ...)."""
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything seen of one case."""

    case: str
    """`function/sample/variant`."""
    key: Digest
    """Reuse key: request, variant, worker, environment lock, backend settings, repetitions."""
    repetitions: tuple[Repetition, ...]
