"""Other configurations of a cell that was run: the same questions once each, judged only where the bits are not those of the cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from csvkit_ml import registry
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.determinism import OPTIONS, Pair, pair, within
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.model.comparison import CellProof
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.plan import PlannedFunction, PlannedSample
from csvkit_ml.pipeline.cells import Cell
from csvkit_ml.pipeline.judging import function_of
from csvkit_ml.pipeline.observe import observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Prepared
from csvkit_ml.planning.catalogue import Catalogue
from csvkit_ml.planning.sweeping import is_sweep
from csvkit_ml.references.sieve import KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Another configuration: whether it was in force, and its answers beside the cell's."""

    proof: CellProof
    pairs: tuple[Pair, ...]


def dimensions_between(base: str, other: str) -> str:
    """Dimension of the options in which two configurations differ; several dimensions make one of their own, named by the second."""
    (first, a), (second, b) = registry.backend(base), registry.backend(other)
    if first.name != second.name:
        return other
    changed = {OPTIONS.get(k, k) for k in a if a[k] != b[k]}
    return changed.pop() if len(changed) == 1 else other


def configured(base: Cell, made: Prepared, store: Store, memo: Memo, places: Places, watch: Watcher) -> Configured:
    """Every sample in its plain variant, once.

    1. Identical bits need no second verdict: they are within the bound or not as the cell's are.
    2. Where bits differ, the answer is judged by the reference, and both have to be within the bound.
    """
    name = made.catalogue.plan.spec.backend
    seen = observe(plain(made), store, fresh=False, scratch=places.cache / "scratch", watch=watch)
    answered = {o.case: o for o in seen.observations}
    pairs: list[Pair] = []
    watch.expect(f"comparing with {name}", len(made.catalogue.plan.functions))
    for f in made.catalogue.plan.functions:
        for s in f.samples:
            pairs += _pairs(base, f, s, answered.get(f"{f.id}/{s.name}/{s.variants[0]}"), name, store, memo)
        watch.advance()
    return Configured(proof=CellProof(backend=name, unproven=seen.unproven), pairs=tuple(pairs))


def plain(made: Prepared) -> Prepared:
    """The cell with every sample but sweeps in its plain variant, executed once; its cases have other keys in the store."""
    plan = made.catalogue.plan
    functions = tuple(
        replace(f, samples=tuple(replace(s, variants=s.variants[:1]) for s in f.samples if s.criterion.kind != KIND)) for f in plan.functions
    )
    plan = replace(plan, functions=functions, repetitions=("first",), required_identical=())
    requests = {k: replace(r, variants=r.variants[:1]) for k, r in made.catalogue.requests.items() if not is_sweep(r.sample)}
    return replace(made, catalogue=Catalogue(plan=plan, requests=requests), plan_bytes=b"")


def _pairs(
    base: Cell, planned: PlannedFunction, s: PlannedSample, b: Observation | None, name: str, store: Store, memo: Memo
) -> Iterable[Pair]:
    case = f"{planned.id}/{s.name}/{s.variants[0]}"
    a = base.run.observed.get(case)
    if a is None or b is None:
        return
    first, second = a.repetitions[0].outcome, b.repetitions[0].outcome
    ok = first == second or (within(base.run.judged.get(case)) and _within(base, planned, s, b, store, memo))
    base_name = base.run.party.backend
    dimension = dimensions_between(base_name, name)
    for d in (dimension, "seed stream") if "seed" in dict(s.params) else (dimension,):
        if found := pair(d, planned.id, f"{case}: {base_name} against {name}", first, second, ok, store.get):
            yield found


def _within(base: Cell, planned: PlannedFunction, s: PlannedSample, b: Observation, store: Store, memo: Memo) -> bool:
    function, sample = function_of(planned.id, memo), base.made.catalogue.requests[f"{planned.id}/{s.name}"].sample
    return within(judge_case(b, lambda: function.reference(sample), function.criterion_for(sample), store.get, required_identical=()))
