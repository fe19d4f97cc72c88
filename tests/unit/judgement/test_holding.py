"""What a folder holds of sweeps: the most serious chunks, and everything that is no sweep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csvkit_ml.judgement.comparison import compare
from csvkit_ml.judgement.holding import KEPT, held_by_digest
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.comparison import Change
from csvkit_ml.model.evidence import HeldByDigest
from csvkit_ml.model.function import Measurement, Reason
from csvkit_ml.model.observation import Produced
from csvkit_ml.references.sieve import KIND
from tests.unit.judgement.test_comparison import altered, run
from tests.unit.reporting.fake_records import Records, records


def swept() -> Records:
    """A run whose first function is a sweep of ten chunks, all passed."""
    r = records(bad=0.0, hostile=False)
    first = r.plan.functions[0]
    samples = tuple(replace(s, criterion=replace(s.criterion, kind=KIND), variants=s.variants[:1]) for s in first.samples)
    planned = replace(first, samples=samples)
    cases = set(planned.case_ids())
    judged = replace(r.judgement.functions[0], cases=tuple(c for c in r.judgement.functions[0].cases if c.case in cases))
    others = {c for f in r.plan.functions[1:] for c in f.case_ids()}
    return replace(
        r, plan=replace(r.plan, functions=(planned, *r.plan.functions[1:])),
        judgement=replace(r.judgement, functions=(judged, *r.judgement.functions[1:])),
        manifest=replace(r.manifest, observations=tuple(o for o in r.manifest.observations if o.case in cases | others)),
    )  # fmt: skip


def measured(r: Records, ratios: dict[int, tuple[Reason, float]]) -> Records:
    """With other results of some chunks."""
    f = r.judgement.functions[0]

    def case(i: int) -> tuple[Reason, float]:
        return ratios.get(i, (Reason.WITHIN_BAND, 0.001 * i))

    cases = tuple(
        replace(c, reason=case(i)[0], measurements=(Measurement(output="y", reason=case(i)[0], compared=1, ratio=case(i)[1]),))
        for i, c in enumerate(f.cases)
    )
    return replace(r, judgement=replace(r.judgement, functions=(replace(f, cases=cases), *r.judgement.functions[1:])))


def test_failures_come_first_then_the_largest_errors() -> None:
    r = measured(swept(), {1: (Reason.BEYOND_BAND, 1.5), 2: (Reason.SPECIAL_VALUE, 0.0), 3: (Reason.REFERENCE_WEAK, 0.1), 4: (Reason.WITHIN_BAND, 0.9)})
    names = [c.case for c in r.judgement.functions[0].cases]
    found = held_by_digest(r.plan, r.manifest, r.judgement)
    assert [c.case for c in found.cases] == [n for i, n in enumerate(names) if i not in (1, 2, 3, 4)]
    assert decode(HeldByDigest, canonical(found)) == found
    assert KEPT == 4
    hidden = measured(r, {1: (Reason.BEYOND_BAND, 1.5), 3: (Reason.REFERENCE_WEAK, 0.1), 4: (Reason.WITHIN_BAND, 0.9)})
    assert held_by_digest(r.plan, r.manifest, hidden.judgement) != found, "a failure that is called passed changes what has to be there"


def test_what_another_case_refers_to_stays() -> None:
    r = swept()
    gone = held_by_digest(r.plan, r.manifest, r.judgement).cases[0]
    seen = {o.case: o for o in r.manifest.observations}
    other = r.plan.functions[1].case_ids()[0]
    shared = replace(seen[other], repetitions=seen[gone.case].repetitions)
    manifest = replace(r.manifest, observations=tuple(shared if o.case == other else o for o in r.manifest.observations))
    assert gone.case not in [c.case for c in held_by_digest(r.plan, manifest, r.judgement).cases]


def test_a_run_without_sweeps_holds_everything() -> None:
    r = records()
    assert held_by_digest(r.plan, r.manifest, r.judgement).cases == ()


def test_a_judgement_that_lacks_a_chunk_is_told() -> None:
    r = swept()
    f = r.judgement.functions[0]
    with pytest.raises(KeyError):
        held_by_digest(r.plan, r.manifest, replace(r.judgement, functions=(replace(f, cases=f.cases[1:]),)))


def test_other_bits_that_are_not_at_hand_are_not_comparable() -> None:
    one = run(swept())
    other = altered(one, lambda p: Produced(outputs=(replace(p.outputs[0], blob=one.plan.functions[1].definition),)))
    outputs = {o.blob for s in one.observed.values() for r in s.repetitions if isinstance(r.outcome, Produced) for o in r.outcome.outputs}
    finished = replace(one, absent=frozenset(outputs))
    assert compare(finished, one).count(Change.IDENTICAL) == one.plan.case_count()
    assert compare(finished, other).count(Change.NOT_COMPARABLE) == len(one.plan.functions)
