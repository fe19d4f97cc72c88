"""Two runs compared case by case: releases, backends or libraries. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from csvkit_ml.judgement.distance import Blob, difference
from csvkit_ml.judgement.speed import speed
from csvkit_ml.model.comparison import (
    NO_DIFFERENCE,
    SEVERITY,
    CaseComparison,
    Change,
    Comparison,
    Difference,
    FactChange,
    FunctionComparison,
    Party,
)
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Reason, Verdict
from csvkit_ml.model.judgement import CaseJudgement, Judgement
from csvkit_ml.model.observation import Crashed, Observation, Outcome, Produced, Raised, Unsupported
from csvkit_ml.model.plan import PlannedFunction, PlannedSample, ValidationPlan
from csvkit_ml.model.spec import ScopeReference
from csvkit_ml.model.timing import Times

SCHEMA = 1
NOT_TIMED = Times(schema=1, functions=())
FACTORS = (2.0, 2.0)
"""Slower, faster."""
_SUPPORT = (Reason.UNSUPPORTED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run: everything that a comparison needs of it."""

    party: Party
    plan: ValidationPlan
    environment: EnvironmentRecord
    observed: Mapping[str, Observation]
    """By case."""
    judged: Mapping[str, CaseJudgement]
    blob: Blob
    times: Times = NOT_TIMED
    """What its calls took; informative."""
    absent: frozenset[Digest] = frozenset()
    """Outputs of sweeps that it names and does not hold."""


def by_case(judgement: Judgement) -> dict[str, CaseJudgement]:
    """Judgements by case."""
    return {c.case: c for f in judgement.functions for c in f.cases}


def compare(
    before: Run, after: Run, scope: ScopeReference | None = None, wanted: Collection[str] = (), factors: tuple[float, float] = FACTORS
) -> Comparison:
    """Compare every case that both runs have.

    1. Cases of one library meet by name; between libraries, whose variants are not the same, only the plain variants meet.
    2. A case whose operands or parameters are not the same on both sides is not comparable.
    3. Functions that one side does not offer are newly supported or unsupported as a whole.

    Args:
        scope: what the comparison is restricted to; wanted: its functions.
        factors: from which a function is told to be slower, and faster.
    """
    if scope:
        before, after = (replace(r, plan=replace(r.plan, functions=tuple(f for f in r.plan.functions if f.id in wanted))) for r in (before, after))
    same_library = before.plan.spec.library == after.plan.spec.library
    old = {f.id: f for f in before.plan.functions}
    new = {f.id: f for f in after.plan.functions}
    functions = [_function(f, old.get(f.id), before, after, same_library) for f in after.plan.functions]
    functions += [_gone(f) for f in before.plan.functions if f.id not in new]
    functions.sort(key=lambda f: (SEVERITY[f.worst], f.id))
    first, second = ({c for f in r.plan.functions for c in f.case_ids()} for r in (before, after))
    return Comparison(
        schema=SCHEMA, tool=after.plan.tool, before=before.party, after=after.party, facts=tuple(_facts(before, after)),
        functions=tuple(functions), only_before=len(first - second), only_after=len(second - first), scope=scope,
        speed=speed(before.times, after.times, *factors, among={f.id for f in functions}) if before.times.functions and after.times.functions else None,
    )  # fmt: skip


def _function(f: PlannedFunction, old: PlannedFunction | None, before: Run, after: Run, same_library: bool) -> FunctionComparison:
    if old is None:
        return _whole(f, Change.NEWLY_SUPPORTED, "not offered", "offered", _told(f, after))
    samples = {s.name: s for s in old.samples}
    identical, changed = 0, []
    for s in f.samples:
        for v in _variants(s, samples.get(s.name), same_library):
            case = f"{f.id}/{s.name}/{v}"
            found = _case(case, s, samples[s.name], before, after)
            identical += found.change is Change.IDENTICAL
            if found.change is not Change.IDENTICAL:
                changed.append(found)
    changed.sort(key=lambda c: (SEVERITY[c.change], -c.difference.worst_ulp, c.case))
    return FunctionComparison(id=f.id, side=f.side, identical=identical, cases=tuple(changed))


def _gone(f: PlannedFunction) -> FunctionComparison:
    return _whole(f, Change.NEWLY_UNSUPPORTED, "offered", "not offered")


def _told(f: PlannedFunction, after: Run) -> str:
    """What a function shows that was not there before: offered is not passed."""
    verdicts = [after.judged[c].verdict for c in f.case_ids() if c in after.judged]
    failed, open_ = (verdicts.count(v) for v in (Verdict.FAILED, Verdict.INDETERMINATE))
    return f"the whole function: of {len(verdicts)} cases {failed} failed, {open_} indeterminate"


def _whole(f: PlannedFunction, change: Change, before: str, after: str, detail: str = "the whole function") -> FunctionComparison:
    one = CaseComparison(case=f.id, change=change, before=before, after=after, difference=NO_DIFFERENCE, detail=detail)
    return FunctionComparison(id=f.id, side=f.side, identical=0, cases=(one,))


def _variants(new: PlannedSample, old: PlannedSample | None, same_library: bool) -> tuple[str, ...]:
    if old is None:
        return ()
    common = tuple(v for v in new.variants if v in old.variants)
    return common if same_library else common[:1]


def _case(case: str, new: PlannedSample, old: PlannedSample, before: Run, after: Run) -> CaseComparison:
    if (new.inputs, new.params, new.dtype) != (old.inputs, old.params, old.dtype):
        return _not_comparable(case, "", "", "the operands or parameters of this sample are not the same on both sides")
    a, b = before.judged.get(case), after.judged.get(case)
    x, y = first_outcome(before.observed.get(case)), first_outcome(after.observed.get(case))
    if a is None or b is None or x is None or y is None:
        return _not_comparable(case, _reason(a), _reason(b), "not executed on both sides")
    if _beyond_reach(x, y, before, after):
        return _not_comparable(case, a.reason.value, b.reason.value, "other bits, of which a finished report holds the digest alone")
    found = difference_between(x, y, before, after)
    change = change_of(a, b, x, y, found, seeded="seed" in dict(new.params))
    return CaseComparison(case=case, change=change, before=a.reason.value, after=b.reason.value, difference=found, detail=_detail(a, b, change))


def _beyond_reach(x: Outcome, y: Outcome, before: Run, after: Run) -> bool:
    """Whether values differ that are not at hand."""
    if x == y or not isinstance(x, Produced) or not isinstance(y, Produced):
        return False
    return any(o.blob in before.absent for o in x.outputs) or any(o.blob in after.absent for o in y.outputs)


def _not_comparable(case: str, before: str, after: str, why: str) -> CaseComparison:
    return CaseComparison(case=case, change=Change.NOT_COMPARABLE, before=before, after=after, difference=NO_DIFFERENCE, detail=why)


def _reason(judged: CaseJudgement | None) -> str:
    return judged.reason.value if judged else Reason.NOT_RUN.value


def _detail(a: CaseJudgement, b: CaseJudgement, change: Change) -> str:
    if change is Change.NEWLY_PASSING or (change is Change.NEWLY_SUPPORTED and b.verdict is not Verdict.FAILED):
        return a.detail
    return "" if change in (Change.WITHIN, Change.IDENTICAL, Change.STREAM) else b.detail


def first_outcome(observation: Observation | None) -> Outcome | None:
    """What the first repetition gave."""
    return observation.repetitions[0].outcome if observation and observation.repetitions else None


def difference_between(x: Outcome, y: Outcome, before: Run, after: Run) -> Difference:
    """Values only; outcomes without values have no distance."""
    if not isinstance(x, Produced) or not isinstance(y, Produced):
        return NO_DIFFERENCE
    mine = {o.blob for o in x.outputs}
    return difference(x.outputs, y.outputs, lambda d: before.blob(d) if d in mine else after.blob(d))


def change_of(a: CaseJudgement, b: CaseJudgement, x: Outcome, y: Outcome, found: Difference, *, seeded: bool) -> Change:
    """What became of a case.

    Args:
        a: judgement before; b: after.
        x: first outcome before; y: after.
        seeded: the case draws random numbers from a given seed.
    """
    if (a.reason in _SUPPORT) != (b.reason in _SUPPORT):
        return Change.NEWLY_UNSUPPORTED if b.reason in _SUPPORT else Change.NEWLY_SUPPORTED
    if isinstance(x, Produced) and isinstance(y, Raised | Crashed):
        return Change.NEWLY_RAISING
    if Verdict.INDETERMINATE in (a.verdict, b.verdict):
        same = x == y or (isinstance(x, Unsupported) and isinstance(y, Unsupported))  # messages name nodes and lines of a release
        return Change.IDENTICAL if same and a.reason == b.reason else Change.NOT_COMPARABLE
    if a.verdict is not b.verdict:
        return Change.NEWLY_FAILING if b.verdict is Verdict.FAILED else Change.NEWLY_PASSING
    same = found.differing == 0 if isinstance(x, Produced) and isinstance(y, Produced) else type(x) is type(y)
    if same:
        return Change.IDENTICAL
    if a.verdict is Verdict.FAILED:
        return Change.OUTSIDE
    return Change.STREAM if seeded else Change.WITHIN


def _facts(before: Run, after: Run) -> Iterator[FactChange]:
    """What differs between environments and settings, before any case."""
    pairs = [("settings", before.plan.settings, after.plan.settings)]
    a, b = before.environment.fingerprint, after.environment.fingerprint
    pairs += [("host", a.host, b.host), ("interpreter", a.interpreter, b.interpreter), ("library", a.library, b.library)]
    versions = [tuple((d.name, d.version) for d in r.environment.distributions) for r in (before, after)]
    for what, x, y in [*pairs, ("distribution", versions[0], versions[1])]:
        old, new = dict(x), dict(y)
        for name in sorted(set(old) | set(new)):
            if old.get(name) != new.get(name):
                yield FactChange(what=f"{what}: {name}", before=old.get(name, "none"), after=new.get(name, "none"))
