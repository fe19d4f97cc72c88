"""The trace matrix: requirement -> functions and own tests -> cases -> result. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping

from csvkit_ml.model.coverage import Cover, Coverage, CoveredName
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.judgement import FunctionJudgement
from csvkit_ml.model.requirement import MakerRequirement, OwnTest, OwnTests, Proof, RequirementList, RequirementRow

Found = Mapping[str, CoveredName]


def trace(
    requirements: Iterable[MakerRequirement], *, source: str, digest: Digest, judged: Iterable[FunctionJudgement], known: Collection[str],
    coverage: Coverage | None, tests: OwnTests | None,
) -> RequirementList:  # fmt: skip
    """Every requirement with its proofs and with what is missing.

    1. A function is a proof of a requirement when one of its globs matches it, or when it verifies one of its operators.
    2. A test is one when it is marked with the requirement's id.
    3. Missing: a glob without a function, a function that is not in this run, an operator that is not verified, or no proof at all.

    Args:
        known: ids of all functions of the suites.
    """
    by_id = {f.id: f for f in judged}
    names = {n: c for n, (_, c) in coverage.by_name().items()} if coverage else {}
    wanted = tuple(requirements)
    rows = [_row(r, by_id, known, names, tests.tests if tests else ()) for r in wanted]
    return RequirementList(source=source, digest=digest, rows=tuple(rows))


def strangers(requirements: Iterable[MakerRequirement], tests: OwnTests | None) -> tuple[str, ...]:
    """Ids that tests are marked with and that no requirement has."""
    ids = {r.id for r in requirements}
    return tuple(sorted({i for t in (tests.tests if tests else ()) for i in t.requirements} - ids))


def _row(
    r: MakerRequirement, judged: Mapping[str, FunctionJudgement], known: Collection[str], names: Found, tests: tuple[OwnTest, ...]
) -> RequirementRow:
    functions = [f for g in r.functions for f in sorted(fnmatch.filter(known, g))]
    functions += [f for o in r.operators if o in names and names[o].cover in (Cover.VERIFIED, Cover.NOT_PASSED) for f in names[o].functions]
    proofs = [_of_function(judged[f]) for f in dict.fromkeys(functions) if f in judged]
    proofs += [_of_test(t) for t in tests if r.id in t.requirements]
    gaps = [*_function_gaps(r, judged, known), *_operator_gaps(r, names)]
    if not proofs and not gaps:
        gaps.append("Neither a function nor an operator nor a test is traced to it.")
    return RequirementRow(requirement=r, proofs=tuple(proofs), gaps=tuple(gaps))


def _function_gaps(r: MakerRequirement, judged: Mapping[str, FunctionJudgement], known: Collection[str]) -> Iterator[str]:
    for glob in r.functions:
        found = fnmatch.filter(known, glob)
        absent = [f for f in sorted(found) if f not in judged]
        if not found:
            yield f"No function of the suites is called {glob!r}."
        elif absent:
            yield f"Not in this run: {', '.join(absent)}."


def _operator_gaps(r: MakerRequirement, names: Found) -> Iterator[str]:
    for operator in r.operators:
        if operator not in names:
            yield f"The functional split of this release has no {operator!r}."
        elif names[operator].cover is not Cover.VERIFIED:
            yield f"{operator} is {names[operator].cover.value} in this run."


def _of_function(f: FunctionJudgement) -> Proof:
    verdicts = [c.verdict for c in f.cases]
    return _proof("function", f.id, f.verdict, verdicts)


def _of_test(t: OwnTest) -> Proof:
    return _proof("test", t.id, t.verdict, [t.verdict])


def _proof(kind: str, name: str, verdict: Verdict, verdicts: list[Verdict]) -> Proof:
    passed, failed, open_ = (verdicts.count(v) for v in (Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE))
    return Proof(kind=kind, name=name, verdict=verdict, passed=passed, failed=failed, indeterminate=open_)
