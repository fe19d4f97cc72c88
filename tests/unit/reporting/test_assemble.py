from __future__ import annotations

import dataclasses

import pytest

from csvkit_ml.errors import IntegrityError
from csvkit_ml.model.coverage import Cover
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Reason, SampleClass, Side, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FunctionJudgement
from csvkit_ml.model.requirement import TestOutcome
from csvkit_ml.model.spec import Depth
from csvkit_ml.reporting.assemble import reproduce, severity, worst_of
from csvkit_ml.reporting.bisection import FIRST_OPERATOR
from csvkit_ml.reporting.findings import KINDS
from csvkit_ml.reporting.upgrade import MOVED
from tests.unit.reporting.fake_records import Records, records
from tests.worlds.anomaly_lists import tiny_anomalies
from tests.worlds.intended_use import row, tiny_list, tiny_requirements, tiny_tests
from tests.worlds.inventories import tiny_coverage

_RANK = [Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED]


def _judging(r: Records, cases: tuple[CaseJudgement, ...]) -> Records:
    """The records with the first function judged as given."""
    first = dataclasses.replace(r.judgement.functions[0], cases=cases)
    return dataclasses.replace(r, judgement=dataclasses.replace(r.judgement, functions=(first, *r.judgement.functions[1:])))


def test_every_planned_case_is_reported_once() -> None:
    r = records(bad=0.3)
    model = r.model()
    assert sorted(c.id for f in model.functions for c in f.cases) == sorted(c for f in r.plan.functions for c in f.case_ids())
    assert sum(model.count(v) for v in Verdict) == r.plan.case_count()
    assert {v for v in Verdict if model.count(v)} == set(Verdict)


def test_order_of_functions_and_cases() -> None:
    model = records(bad=0.3, functions=20).model()
    keys = [(_RANK.index(f.verdict), f.area, f.id) for f in model.functions]
    assert keys == sorted(keys) and len({k[0] for k in keys}) > 1
    for f in model.functions:
        order = [(_RANK.index(c.verdict), c.why != SampleClass.ORDINARY.value) for c in f.cases]
        assert order == sorted(order)
        for a, b in zip(f.cases, f.cases[1:], strict=False):
            same = (a.verdict, a.why == "ordinary") == (b.verdict, b.why == "ordinary")
            if same and (x := worst_of(a.measurements)) and (y := worst_of(b.measurements)):
                assert severity(x) >= severity(y)


def test_counts_a_side_include_functions_of_both() -> None:
    model = records(bad=0.3).model()
    for side in (Side.INFERENCE, Side.TRAINING):
        cases = [c for f in model.functions if f.side in (side, Side.BOTH) for c in f.cases]
        assert model.count(Verdict.PASSED, side) == sum(c.verdict is Verdict.PASSED for c in cases)


def test_a_case_without_judgement_is_indeterminate_and_never_dropped() -> None:
    r = records(functions=1, bad=0.0)
    model = _judging(r, r.judgement.functions[0].cases[1:]).model()
    assert model.status is Verdict.INDETERMINATE
    assert model.functions[0].indeterminate == 1 and model.functions[0].cases[0].reason is Reason.NOT_RUN
    assert model.findings[0].kind == "indeterminate"


def test_no_function_is_indeterminate() -> None:
    assert records(functions=0).model().status is Verdict.INDETERMINATE


def test_all_passed() -> None:
    model = records(bad=0.0, hostile=False).model()
    assert model.status is Verdict.PASSED
    assert {f.kind for f in model.findings} == {"not-offered"}
    assert all(c.identical for f in model.functions for c in f.cases)


def test_nan_is_the_worst() -> None:
    model = records(bad=1.0, functions=6).model()
    with_nan = [f for f in model.functions if any(m.ratio != m.ratio for c in f.cases for m in c.measurements)]
    assert with_nan and all(f.worst is not None and f.worst.ratio != f.worst.ratio for f in with_nan)


def test_records_that_do_not_belong_together_are_refused() -> None:
    r = records(functions=2)
    other = sha256(b"other")
    with pytest.raises(IntegrityError, match="answers to plan"):
        dataclasses.replace(r, manifest=dataclasses.replace(r.manifest, plan=other)).model()
    with pytest.raises(IntegrityError, match="is about manifest"):
        dataclasses.replace(r, judgement=dataclasses.replace(r.judgement, manifest=other)).model()
    stranger = CaseJudgement(case="sneaked/in/plain", reason=Reason.IDENTICAL, detail="")
    with pytest.raises(IntegrityError, match="never planned"):
        _judging(r, (*r.judgement.functions[0].cases, stranger)).model()
    with pytest.raises(IntegrityError, match="twice"):
        _judging(r, r.judgement.functions[0].cases * 2).model()
    extra = FunctionJudgement(id="ghost", side=Side.BOTH, cases=(stranger,))
    with pytest.raises(IntegrityError, match="sneaked"):
        dataclasses.replace(r, judgement=dataclasses.replace(r.judgement, functions=(extra,))).model()


def test_findings_of_every_kind_in_order() -> None:
    r = records(bad=0.04, functions=30)
    r = dataclasses.replace(r, run=dataclasses.replace(r.run, tester=""), detections=r.detections[:-1])
    r = dataclasses.replace(r, coverage=tiny_coverage(), anomalies=tiny_anomalies(), scope=tiny_list(row("x", Cover.EXERCISED)))
    r = dataclasses.replace(r, requirements=tiny_requirements(Verdict.FAILED), own_tests=tiny_tests(TestOutcome.ERROR))
    model = r.model()
    kinds = [f.kind for f in model.findings]
    assert kinds == sorted(kinds, key=KINDS.index)
    elsewhere = {FIRST_OPERATOR, MOVED, "depth"}
    assert {*kinds} | elsewhere == set(KINDS), "those of whole models: test_bisection; of an upgrade: test_upgrade; of depth: below"
    told = {(f.kind, f.subject) for f in model.findings}
    for f in model.functions:
        assert (("failure", f.id) in told) == (f.verdict is Verdict.FAILED)
        assert (("indeterminate", f.id) in told) == (f.verdict is Verdict.INDETERMINATE)
        assert (("not-repeatable", f.id) in told) == any(c.differing for c in f.cases)
    never = [f for f in model.findings if f.sentence == "Seeded fault was never tried."]
    assert len(never) == 1
    assert ("incomplete", "tester") in told


def test_a_depth_other_than_standard_is_a_finding_with_its_reasons() -> None:
    r = records(functions=1, bad=0.0)
    spec = dataclasses.replace(r.plan.spec, depth=Depth.QUICK)
    model = dataclasses.replace(r, plan=dataclasses.replace(r.plan, spec=spec)).model()
    assert [(f.kind, f.subject) for f in model.findings if f.kind == "depth"] == [("depth", "quick")]
    assert not [f for f in r.model().findings if f.kind == "depth"]


def test_a_fault_rejected_together_with_the_truth_is_not_detected() -> None:
    r = records(functions=1, bad=0.0)
    wrong = dataclasses.replace(r.detections[0], accepted_true=False)
    model = dataclasses.replace(r, detections=(wrong, *r.detections[1:])).model()
    assert [f.sentence for f in model.findings if f.kind == "undetected-fault"] == [
        f"Seeded fault ({wrong.sentence}) is not detected: "
        "the unchanged true result was rejected, so a rejection of the fault shows nothing."
    ]


def test_reproduce_is_one_shell_word() -> None:
    assert reproduce("exp/float32-n64/plain") == "mlcsv reproduce REPORT_DIR 'exp/float32-n64/plain'"
    assert reproduce("a'b") == """mlcsv reproduce REPORT_DIR 'a'"'"'b'"""
