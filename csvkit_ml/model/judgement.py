"""Judgement: verdicts with reasons."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import VERDICT, Measurement, Reason, Side, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseJudgement:
    """One case judged."""

    case: str
    reason: Reason
    """The most serious of its outputs and repetitions."""
    detail: str
    """One sentence with the numbers, exception or signal."""
    measurements: tuple[Measurement, ...] = ()
    """One per output of the first repetition."""
    differing: tuple[str, ...] = ()
    """Repetition kinds whose bits differ from the first."""

    @property
    def verdict(self) -> Verdict:
        return VERDICT[self.reason]


def worst_verdict(verdicts: tuple[Verdict, ...]) -> Verdict:
    """FAILED over INDETERMINATE over PASSED; nothing at all is INDETERMINATE."""
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.PASSED if verdicts and set(verdicts) == {Verdict.PASSED} else Verdict.INDETERMINATE


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionJudgement:
    """One function judged."""

    id: str
    side: Side
    cases: tuple[CaseJudgement, ...]

    @property
    def verdict(self) -> Verdict:
        return worst_verdict(tuple(c.verdict for c in self.cases))


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultDetection:
    """Whether a seeded fault is rejected."""

    function: str
    fault: str
    sentence: str
    tried: int
    """Samples on which it was tried, in their order, until two of each dtype had rejected it."""
    rejected: int
    """Samples that reject it."""
    accepted_true: bool
    """The unchanged result is accepted on every sample."""

    @property
    def detected(self) -> bool:
        return self.rejected > 0 and self.accepted_true


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All functions of a run judged."""

    schema: int
    manifest: Digest
    """Digest of manifest.json's bytes."""
    functions: tuple[FunctionJudgement, ...]

    @property
    def verdict(self) -> Verdict:
        return worst_verdict(tuple(f.verdict for f in self.functions))
