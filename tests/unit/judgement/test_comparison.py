"""Two runs compared: every kind of change, by hand-made outcomes and by whole runs of a fake world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml.judgement.comparison import Run, by_case, change_of, compare
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.comparison import CHANGE_VERDICT, NO_DIFFERENCE, Change, Comparison, Difference, Party
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Reason, Verdict
from csvkit_ml.model.judgement import CaseJudgement
from csvkit_ml.model.observation import Crashed, Outcome, OutputRef, Produced, Raised, TimedOut, Unsupported
from csvkit_ml.model.spec import ScopeReference
from tests.unit.reporting.fake_records import Records, records

A = Produced(outputs=(OutputRef(name="y", dtype="float32", shape=(1,), blob=sha256(b"a")),))
B = Produced(outputs=(OutputRef(name="y", dtype="float32", shape=(1,), blob=sha256(b"b")),))
RAISED = Raised(type="RuntimeError", message="no")
CRASHED = Crashed(exit_code=None, signal="SIGSEGV", stderr=sha256(b""))
NOT_HERE = Unsupported(message="no")
OTHER = Difference(compared=1, differing=1, worst_ulp=3.0)
GOOD, BAD, GONE = Reason.WITHIN_BAND, Reason.BEYOND_BAND, Reason.UNSUPPORTED

TABLE: list[tuple[Reason, Outcome, Reason, Outcome, Difference, Change]] = [
    (GOOD, A, GOOD, A, NO_DIFFERENCE, Change.IDENTICAL),
    (GOOD, A, GOOD, B, OTHER, Change.WITHIN),
    (BAD, A, BAD, A, NO_DIFFERENCE, Change.IDENTICAL),
    (BAD, A, BAD, B, OTHER, Change.OUTSIDE),
    (GOOD, A, BAD, B, OTHER, Change.NEWLY_FAILING),
    (GOOD, A, Reason.NOT_REPEATABLE, A, NO_DIFFERENCE, Change.NEWLY_FAILING),
    (BAD, A, GOOD, B, OTHER, Change.NEWLY_PASSING),
    (GOOD, A, Reason.REFUSED, RAISED, NO_DIFFERENCE, Change.NEWLY_RAISING),
    (BAD, A, Reason.CRASHED, CRASHED, NO_DIFFERENCE, Change.NEWLY_RAISING),
    (Reason.REFUSED, RAISED, GOOD, A, NO_DIFFERENCE, Change.NEWLY_PASSING),
    (Reason.REFUSED, RAISED, Reason.REFUSED, RAISED, NO_DIFFERENCE, Change.IDENTICAL),
    (Reason.REFUSED, RAISED, Reason.CRASHED, CRASHED, NO_DIFFERENCE, Change.OUTSIDE),
    (GOOD, A, GONE, NOT_HERE, NO_DIFFERENCE, Change.NEWLY_UNSUPPORTED),
    (GONE, NOT_HERE, GOOD, A, NO_DIFFERENCE, Change.NEWLY_SUPPORTED),
    (GONE, NOT_HERE, BAD, A, NO_DIFFERENCE, Change.NEWLY_SUPPORTED),
    (GONE, NOT_HERE, GONE, NOT_HERE, NO_DIFFERENCE, Change.IDENTICAL),
    (GONE, NOT_HERE, GONE, Unsupported(message="not yet"), NO_DIFFERENCE, Change.IDENTICAL),
    (Reason.TIMED_OUT, TimedOut(limit_s=1.0), GOOD, A, NO_DIFFERENCE, Change.NOT_COMPARABLE),
    (GOOD, A, Reason.REFERENCE_WEAK, B, OTHER, Change.NOT_COMPARABLE),
]


@pytest.mark.parametrize(("a", "x", "b", "y", "found", "change"), TABLE)
def test_what_became_of_a_case(a: Reason, x: Outcome, b: Reason, y: Outcome, found: Difference, change: Change) -> None:
    before, after = (CaseJudgement(case="f/s/plain", reason=r, detail="") for r in (a, b))
    assert change_of(before, after, x, y, found, seeded=False) is change
    if change is Change.WITHIN:
        assert change_of(before, after, x, y, found, seeded=True) is Change.STREAM


def test_every_change_occurs_in_the_table_and_has_a_verdict() -> None:
    assert {row[-1] for row in TABLE} | {Change.STREAM} == set(Change) == set(CHANGE_VERDICT)


def blob(digest: Digest) -> bytes:
    return np.frombuffer(digest.encode()[:64] * 8, np.float32).tobytes()


def run(r: Records, *, library: str = "torch") -> Run:
    party = Party(library=library, version="1", backend="cpu", status=Verdict.PASSED, plan=sha256(b"p"), manifest=sha256(b"m"))
    plan = replace(r.plan, spec=replace(r.plan.spec, library=library))
    observed = {o.case: o for o in r.manifest.observations}
    return Run(party=party, plan=plan, environment=r.environment, observed=observed, judged=by_case(r.judgement), blob=blob)


def test_a_run_is_identical_to_itself() -> None:
    one = run(records(bad=0.2))
    found = compare(one, one)
    assert found.facts == ()
    assert found.count(Change.IDENTICAL) == one.plan.case_count()
    assert (found.only_before, found.only_after) == (0, 0)
    assert found.verdict is Verdict.PASSED


def altered(one: Run, change: Callable[[Produced], Produced]) -> Run:
    """The first case of each function with another outcome."""
    observed = dict(one.observed)
    for f in one.plan.functions:
        old = observed[f.case_ids()[0]]
        outcome = old.repetitions[0].outcome
        assert isinstance(outcome, Produced)
        observed[old.case] = replace(old, repetitions=(replace(old.repetitions[0], outcome=change(outcome)), *old.repetitions[1:]))
    return replace(one, observed=observed)


def test_other_bits_are_found_counted_and_ranked() -> None:
    one = run(records(bad=0.0))
    other = altered(one, lambda p: Produced(outputs=(replace(p.outputs[0], blob=sha256(p.outputs[0].blob.encode())),)))
    found = compare(one, other)
    assert found.count(Change.WITHIN) == len(one.plan.functions)
    assert found.count(Change.IDENTICAL) == one.plan.case_count() - len(one.plan.functions)
    assert all(c.difference.differing and c.difference.compared == 128 for f in found.functions for c in f.cases)
    assert decode(Comparison, canonical(found)) == found


def test_between_libraries_only_plain_variants_meet() -> None:
    one, other = run(records(bad=0.0)), run(records(bad=0.0), library="onnxruntime")
    samples = sum(len(f.samples) for f in one.plan.functions)
    assert compare(one, other).count(Change.IDENTICAL) == samples


def test_a_function_that_is_new_tells_that_it_fails() -> None:
    one = run(records(bad=1.0))
    fewer = replace(one, plan=replace(one.plan, functions=one.plan.functions[1:]))
    verdicts = [one.judged[c].verdict for c in one.plan.functions[0].case_ids()]
    failed, open_ = verdicts.count(Verdict.FAILED), verdicts.count(Verdict.INDETERMINATE)
    assert failed
    assert compare(fewer, one).functions[0].cases[0].detail == (
        f"the whole function: of {len(verdicts)} cases {failed} failed, {open_} indeterminate"
    )


def test_functions_and_questions_that_only_one_side_has() -> None:
    one = run(records(bad=0.0))
    fewer = replace(one, plan=replace(one.plan, functions=one.plan.functions[1:]))
    assert compare(one, fewer).functions[0].worst is Change.NEWLY_UNSUPPORTED
    assert compare(one, fewer).verdict is Verdict.FAILED
    assert compare(fewer, one).functions[0].worst is Change.NEWLY_SUPPORTED
    assert compare(one, fewer).only_before == len(one.plan.functions[0].case_ids())
    first = one.plan.functions[0]
    asked = replace(first, samples=tuple(replace(s, inputs=(sha256(b"else"),)) for s in first.samples))
    changed = replace(one, plan=replace(one.plan, functions=(asked, *one.plan.functions[1:])))
    assert compare(one, changed).count(Change.NOT_COMPARABLE) == len(first.case_ids())


def test_what_was_not_executed_is_not_comparable_and_nothing_is_indeterminate() -> None:
    one = run(records(bad=0.0))
    nothing = replace(one, observed={})
    assert compare(one, nothing).count(Change.NOT_COMPARABLE) == one.plan.case_count()
    assert compare(one, nothing).verdict is Verdict.INDETERMINATE
    empty = replace(one, plan=replace(one.plan, functions=()))
    assert compare(empty, empty).verdict is Verdict.INDETERMINATE


def test_differences_of_settings_and_environment_come_first() -> None:
    one = run(records(bad=0.0))
    other = replace(
        one,
        plan=replace(one.plan, settings=(("threads", "2"),)),
        environment=replace(one.environment, fingerprint=replace(one.environment.fingerprint, host=(("cpu", "another"),))),
    )
    told = {f.what: (f.before, f.after) for f in compare(one, other).facts}
    assert told["settings: threads"] == ("1", "2")
    assert told["host: cpu"][1] == "another"
    assert told["settings: ATEN_CPU_CAPABILITY"] == ("avx2", "none")


def test_a_scope_restricts_both_sides() -> None:
    one = run(records(bad=0.0))
    scope = ScopeReference(digest=sha256(b"scope"), sources=(("model.onnx", sha256(b"model")),))
    first, *rest = (f.id for f in one.plan.functions)
    fewer = replace(one, plan=replace(one.plan, functions=tuple(f for f in one.plan.functions if f.id != rest[0])))
    found = compare(one, fewer, scope, (first,))
    assert [f.id for f in found.functions] == [first]
    assert (found.scope, found.only_before, found.verdict) == (scope, 0, Verdict.PASSED)
    assert compare(one, fewer).functions[0].id == rest[0]
    assert compare(one, one, scope, ()).verdict is Verdict.INDETERMINATE
    assert decode(Comparison, canonical(found)) == found
