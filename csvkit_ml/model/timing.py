"""How long calls took: informative facts of one machine at one time. No digest of a plan, manifest or judgement contains them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTime:
    """One function in its plain form, every sample once."""

    id: str
    calls: int
    """Samples whose first execution gave a value and was timed."""
    seconds: float
    """Sum of the calls, operands and results carried over included; monotonic clock of the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """`times.json`: what a run took, by function."""

    schema: int
    functions: tuple[FunctionTime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A function that took another time by more than the stated factor."""

    id: str
    calls: int
    before_s: float
    after_s: float

    @property
    def factor(self) -> float:
        """After by before."""
        return self.after_s / self.before_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Informative: nothing follows from it."""

    slower: float
    """Factor from which a function is listed as slower."""
    faster: float
    floor_s: float
    """Functions that took less on both sides are left out: at that size chance decides."""
    compared: int
    """Functions timed on both sides with as many calls."""
    moved: tuple[Moved, ...]
    """Slowest first."""
