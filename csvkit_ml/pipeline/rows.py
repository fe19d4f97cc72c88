"""Rows of a sample, alone and in reverse order: questions derived from the samples of a cell that was run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from csvkit_ml import registry
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.determinism import Pair, pair, pair_of_rows, within
from csvkit_ml.judgement.distance import array_of
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.model.function import SampleClass
from csvkit_ml.model.observation import Observation, Produced
from csvkit_ml.model.plan import PlannedFunction
from csvkit_ml.pipeline.cells import Cell, narrowed
from csvkit_ml.pipeline.judging import function_of
from csvkit_ml.pipeline.observe import observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Prepared
from csvkit_ml.planning.catalogue import Catalogue, Request, planned_criterion, request_digest
from csvkit_ml.planning.derived import Derived, derived

ROW_SAMPLES = 3
"""Samples of a function from which further questions are derived."""
ROW_BYTES = 1 << 20
"""Of operands of such a sample."""



@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A derived sample, whole and part."""

    planned: PlannedFunction
    whole: str
    """Case of the whole sample."""
    part: Derived
    request: Request


def rows(base: Cell, store: Store, memo: Memo, places: Places, watch: Watcher) -> Iterable[Pair]:
    """Rows alone, and in reverse order."""
    watch.stage("rows alone and in reverse order")
    asked = [q for f in base.made.catalogue.plan.functions for q in _questions(f, base.made, memo)]
    made = _with_requests(base.made, asked)
    seen = observe(made, store, fresh=False, scratch=places.cache / "scratch", watch=watch)
    answered = {o.case: o for o in seen.observations}
    for q in asked:
        part, whole = answered.get(f"{q.request.prefix}/{q.request.variants[0]}"), base.run.observed.get(q.whole)
        if part is not None and whole is not None and (found := _compare_rows(q, whole, part, base, store)):
            yield found


def _questions(planned: PlannedFunction, made: Prepared, memo: Memo) -> Iterable[_Question]:
    function = function_of(planned.id, memo)
    ordinary = [s for s in planned.samples if s.why in (SampleClass.ORDINARY, SampleClass.COVERING)]
    taken = 0
    for s in ordinary:
        whole = made.catalogue.requests[f"{planned.id}/{s.name}"]
        if taken >= ROW_SAMPLES or sum(len(t.data) for t in whole.sample.inputs) > ROW_BYTES:
            continue
        parts = tuple(derived(function, whole.sample))
        taken += bool(parts)
        for part in parts:
            program = made.library.lower(planned.id, part.sample)
            request = Request(
                function=planned.id, sample=part.sample, program=program, variants=whole.variants[:1],
                digest=request_digest(planned.id, part.sample, program),
            )  # fmt: skip
            yield _Question(planned=planned, whole=f"{whole.prefix}/{whole.variants[0]}", part=part, request=request)


def _with_requests(made: Prepared, asked: list[_Question]) -> Prepared:
    """The cell with the derived samples in place of its own."""
    samples = defaultdict(list)
    for q in asked:
        old = q.planned.samples[0]
        criterion = planned_criterion(registry.functions()[q.planned.id].criterion_for(q.part.sample))
        samples[q.planned.id].append(
            replace(old, name=q.part.sample.name, variants=q.request.variants, request=q.request.digest, criterion=criterion)
        )
    functions = tuple(replace(f, samples=tuple(samples[f.id])) for f in made.catalogue.plan.functions if samples[f.id])
    plan = replace(made.catalogue.plan, functions=functions)
    return narrowed(replace(made, catalogue=Catalogue(plan=plan, requests={q.request.prefix: q.request for q in asked})), ("first",))


def _compare_rows(q: _Question, whole: Observation, part: Observation, base: Cell, store: Store) -> Pair | None:
    """The part is judged only where its bits differ: otherwise they are within the bound or not as those of the whole."""
    a, b = whole.repetitions[0].outcome, part.repetitions[0].outcome
    if not isinstance(a, Produced) or not isinstance(b, Produced):
        return pair(q.part.dimension, q.planned.id, part.case, a, b, True, store.get)
    rows = [
        (q.part.of_whole(array_of(x, store.get)), q.part.of_part(array_of(y, store.get)), x.dtype)
        for x, y in zip(a.outputs, b.outputs, strict=True)
    ]
    if any(x.shape != y.shape for x, y, _ in rows):
        return None
    found = pair_of_rows(q.part.dimension, q.planned.id, part.case, rows, True)
    return replace(found, outside=not _both_within(q, part, base, store)) if found.differs else found


def _both_within(q: _Question, part: Observation, base: Cell, store: Store) -> bool:
    criterion = registry.functions()[q.planned.id].criterion_for(q.part.sample)
    judged = judge_case(part, lambda: q.part.expected, criterion, store.get, required_identical=())
    return within(judged) and within(base.run.judged.get(q.whole))
