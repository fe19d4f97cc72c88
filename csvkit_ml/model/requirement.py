"""The maker's own requirements and tests, traced to functions, cases and results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from csvkit_ml.model.coverage import Risk
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.judgement import worst_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerRequirement:
    """What the maker requires of the library."""

    id: str
    text: str
    risk: Risk
    """Of not meeting it, from the maker's risk analysis."""
    hazards: tuple[str, ...] = ()
    """Ids of that analysis."""
    functions: tuple[str, ...] = ()
    """Ids or globs of functions that satisfy it."""
    operators: tuple[str, ...] = ()
    """Operators or public names whose verification satisfies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One function or test that a requirement is traced to."""

    kind: str
    """`function` or `test`."""
    name: str
    verdict: Verdict
    passed: int
    failed: int
    indeterminate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """One requirement with its result."""

    requirement: MakerRequirement
    proofs: tuple[Proof, ...]
    gaps: tuple[str, ...]
    """What is missing, in sentences."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its proofs; INDETERMINATE where something is missing."""
        return worst_verdict((*(p.verdict for p in self.proofs), *(Verdict.INDETERMINATE for _ in self.gaps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementList:
    """The trace matrix."""

    source: str
    """Name of the file."""
    digest: Digest
    """Of that file's bytes."""
    rows: tuple[RequirementRow, ...]

    @property
    def verdict(self) -> Verdict:
        return worst_verdict(tuple(r.verdict for r in self.rows))


class TestOutcome(Enum):
    """How one of the maker's tests ended."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    UNFINISHED = "unfinished"


TEST_VERDICT = {
    TestOutcome.PASSED: Verdict.PASSED,
    TestOutcome.FAILED: Verdict.FAILED,
    TestOutcome.ERROR: Verdict.FAILED,
    TestOutcome.SKIPPED: Verdict.INDETERMINATE,
    TestOutcome.UNFINISHED: Verdict.INDETERMINATE,
}
"""A test that was skipped, or was running when its process ended, shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTest:
    """One of the maker's tests."""

    id: str
    """As pytest names it."""
    outcome: TestOutcome
    requirements: tuple[str, ...] = ()
    """From its marker `requirement`."""
    output: str = ""
    """What it printed and why it failed, bounded."""

    @property
    def verdict(self) -> Verdict:
        return TEST_VERDICT[self.outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTests:
    """The maker's tests as they ran in the tested environment (performance qualification)."""

    source: str
    """Name of the folder or file."""
    files: tuple[tuple[str, Digest], ...]
    """Every Python file of it."""
    tests: tuple[OwnTest, ...]
    problems: tuple[str, ...]
    """Why this may not be all: a crash, the time limit, no pytest, ..."""
    output: str = ""
    """Last words of the process where it did not end as usual."""

    @property
    def verdict(self) -> Verdict:
        return worst_verdict((*(t.verdict for t in self.tests), *(Verdict.INDETERMINATE for _ in self.problems)))
