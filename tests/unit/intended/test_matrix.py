"""The trace matrix: proofs, and everything that is missing."""

from __future__ import annotations

from csvkit_ml.intended.matrix import strangers, trace
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Reason, Side, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FunctionJudgement
from csvkit_ml.model.requirement import MakerRequirement, RequirementRow, TestOutcome
from tests.worlds.intended_use import requirement, tiny_tests
from tests.worlds.inventories import tiny_coverage

KNOWN = ("exp", "exp2", "relu", "also_relu")


def judged(id: str, *reasons: Reason) -> FunctionJudgement:
    cases = tuple(CaseJudgement(case=f"{id}/{n}/plain", reason=r, detail="") for n, r in enumerate(reasons))
    return FunctionJudgement(id=id, side=Side.BOTH, cases=cases)


RUN = (judged("exp", Reason.IDENTICAL, Reason.IDENTICAL), judged("relu", Reason.IDENTICAL, Reason.BEYOND_HARD))


def traced(r: MakerRequirement, *outcomes: TestOutcome) -> RequirementRow:
    coverage = tiny_coverage({f.id: f.verdict for f in RUN})
    tests = tiny_tests(*outcomes)
    return trace([r], source="r", digest=sha256(b""), judged=RUN, known=KNOWN, coverage=coverage, tests=tests).rows[0]


def test_functions_by_id_glob_and_operator() -> None:
    row = traced(requirement("R", "exp"))
    assert [(p.name, p.passed, p.failed) for p in row.proofs] == [("exp", 2, 0)]
    assert (row.gaps, row.verdict) == ((), Verdict.PASSED)
    assert traced(requirement("R", operators=("tiny.exp",))).verdict is Verdict.PASSED
    failed = traced(requirement("R", "relu"))
    assert (failed.verdict, failed.proofs[0].failed) == (Verdict.FAILED, 1)


def test_what_is_missing_keeps_it_from_passing() -> None:
    assert traced(requirement("R", "e*")).gaps == ("Not in this run: exp2.",)
    assert traced(requirement("R", "exp", "gone*")).gaps == ("No function of the suites is called 'gone*'.",)
    assert traced(requirement("R")).gaps == ("Neither a function nor an operator nor a test is traced to it.",)
    assert traced(requirement("R", "exp", operators=("tiny.gone",))).gaps == ("The functional split of this release has no 'tiny.gone'.",)
    assert traced(requirement("R", "exp", operators=("aten::exp",))).gaps == ("aten::exp is exercised in this run.",)
    for functions in (("e*",), ("exp", "gone*"), ()):
        assert traced(requirement("R", *functions)).verdict is Verdict.INDETERMINATE


def test_tests_are_proofs_of_the_requirements_that_they_name() -> None:
    assert traced(requirement("R-1"), TestOutcome.PASSED).verdict is Verdict.PASSED
    assert traced(requirement("R-1"), TestOutcome.PASSED, TestOutcome.ERROR).verdict is Verdict.FAILED
    assert traced(requirement("R-1", "exp"), TestOutcome.SKIPPED).verdict is Verdict.INDETERMINATE
    assert traced(requirement("R-2"), TestOutcome.PASSED).proofs == ()


def test_an_operator_that_was_tested_and_failed_is_traced_to_its_function() -> None:
    row = traced(requirement("R", operators=("tiny.relu",)))
    assert (row.verdict, [p.name for p in row.proofs]) == (Verdict.FAILED, ["relu"])


def test_markers_that_name_no_requirement() -> None:
    assert strangers([requirement("R-2")], tiny_tests(TestOutcome.PASSED)) == ("R-1",)
    assert strangers([requirement("R-1")], tiny_tests(TestOutcome.PASSED)) == ()
