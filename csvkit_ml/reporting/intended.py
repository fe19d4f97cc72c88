"""Findings about the intended use: operators used but not verified, requirements without proof, the maker's own tests."""

from __future__ import annotations

from collections.abc import Iterator

from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import Finding
from csvkit_ml.model.requirement import OwnTests, RequirementList
from csvkit_ml.model.scoped import ScopeList, ScopeRow

NOT_VERIFIED, REQUIREMENT, OWN_TEST = "used-not-verified", "requirement", "own-test"
"""Kinds of finding."""


def intended_use(scope: ScopeList | None, requirements: RequirementList | None, tests: OwnTests | None) -> tuple[Finding, ...]:
    """All of them, in the order of the report."""
    return (*_scope(scope), *_requirements(requirements), *_tests(tests))


def verdicts(scope: ScopeList | None, requirements: RequirementList | None, tests: OwnTests | None) -> tuple[Verdict, ...]:
    """What the status must not be better than."""
    return tuple(x.verdict for x in (scope, requirements, tests) if x is not None)


def _scope(scope: ScopeList | None) -> Iterator[Finding]:
    if scope is None:
        return
    for row in scope.rows:
        if not row.verified:
            yield Finding(kind=NOT_VERIFIED, subject=row.operator, sentence=_why(row))
    for problem in scope.problems:
        yield Finding(kind=NOT_VERIFIED, subject="scope", sentence=f"The product may use more than was seen: {problem}")


def _why(row: ScopeRow) -> str:
    used = f"Used in {', '.join(row.phases)} ({row.count} times, {', '.join(row.dtypes) or 'no tensor'})"
    state = f"{row.cover.value}{' by ' if row.functions else ''}{', '.join(row.functions[:5])}{' ...' if len(row.functions) > 5 else ''}"
    return " ".join((f"{used}; {state}.", *row.gaps))


def _requirements(requirements: RequirementList | None) -> Iterator[Finding]:
    for row in requirements.rows if requirements else ():
        if row.verdict is not Verdict.PASSED:
            bad = [f"{p.kind} {p.name} {p.verdict.value}" for p in row.proofs if p.verdict is not Verdict.PASSED]
            told = " ".join((*row.gaps, *((f"Proofs that did not pass: {', '.join(bad)}.",) if bad else ())))
            yield Finding(kind=REQUIREMENT, subject=row.requirement.id, sentence=f"{row.verdict.value}: {told}")


def _tests(tests: OwnTests | None) -> Iterator[Finding]:
    if tests is None:
        return
    for test in tests.tests:
        if test.verdict is not Verdict.PASSED:
            last = (test.output.strip().splitlines() or [""])[-1][:300]
            yield Finding(kind=OWN_TEST, subject=test.id, sentence=f"{test.outcome.value}{': ' if last else ''}{last}")
    for problem in tests.problems:
        yield Finding(kind=OWN_TEST, subject=tests.source, sentence=problem)
    if not tests.tests and not tests.problems:
        yield Finding(kind=OWN_TEST, subject=tests.source, sentence="No test was collected.")
