"""`mlcsv determinism`: one release with itself under other circumstances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.evidence.folder import seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.determinism import (
    DIMENSIONS,
    OPTIONS,
    REPEATED,
    SCHEMA,
    Pair,
    gather,
    pair,
    pair_of_rows,
    pairs_of_cell,
    violations,
    within,
)
from csvkit_ml.judgement.distance import array_of
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.comparison import CellProof, DeterminismMatrix
from csvkit_ml.model.function import SampleClass
from csvkit_ml.model.observation import Observation, Produced
from csvkit_ml.model.plan import PlannedFunction
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.cells import TOOL, Cell, attested, narrowed, run_cell, stamp
from csvkit_ml.pipeline.judging import function_of
from csvkit_ml.pipeline.observe import observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Job, Narrowing, Prepared, jobs, prepare
from csvkit_ml.pipeline.validation import now
from csvkit_ml.planning.catalogue import Catalogue, Request, planned_criterion, request_digest
from csvkit_ml.planning.derived import Derived, derived
from csvkit_ml.reporting.comparison_html import determinism_page
from csvkit_ml.reporting.matrix_pdf import determinism_pdf
from csvkit_ml.signing.keys import Signer

ROW_SAMPLES = 3
"""Samples of a function from which further questions are derived."""
ROW_BYTES = 1 << 20
"""Of operands of such a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The matrix and where it lies."""

    matrix: DeterminismMatrix
    folder: Path


def determinism(
    asked: str, *, backends: tuple[str, ...], environment: EnvironmentRequest, functions: tuple[str, ...], out: Path | None,
    places: Places, watch: Watcher, narrowing: Narrowing | None = None, signer: Signer | None = None,
) -> Matrix:  # fmt: skip
    """Drive every dimension that this library and machine allow.

    1. The first configuration runs as in a validation: every repetition, every variant.
    2. Rows of its samples run alone and in reverse order, where the reference says that rows are independent.
    3. Every other configuration runs the plain variants once; each belongs to the dimension of the option that it changes.
    """
    cells = jobs([asked], backends)
    pairs: dict[str, list[Pair]] = defaultdict(list)
    with Store(places.store) as store, Memo(places.memo) as memo:
        made = prepare(cells[0], environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing)
        base = run_cell(made, store, memo, places=places, watch=watch)
        proofs = [CellProof(backend=cells[0].backend, unproven=base.unproven)]
        for planned in made.catalogue.plan.functions:
            pairs[planned.id] += pairs_of_cell(planned, base.run.observed, base.run.judged, store.get)
        if not base.unproven:
            for p in _rows(base, store, memo, places, watch):
                pairs[p.function].append(p)
        for job in cells[1:]:
            other = _other(job, environment, functions, store, memo, places, watch, narrowing)
            proofs.append(CellProof(backend=job.backend, unproven=other.unproven))
            for p in _between(base, other, cells[0].backend, job.backend, store):
                pairs[p.function].append(p)
        matrix = _matrix(made, cells[0].backend, tuple(proofs), pairs)
        folder = out or Path("reports") / f"determinism-{matrix.library}-{matrix.version}-{stamp()}"
        files = {"determinism.json": canonical(matrix), "determinism.html": determinism_page(matrix), "determinism.pdf": determinism_pdf(matrix)}
        seal(folder, files, (), store, attested(files, matrix.verdict, signer))
    return Matrix(matrix=matrix, folder=folder)


def _matrix(made: Prepared, base: str, proofs: tuple[CellProof, ...], pairs: dict[str, list[Pair]]) -> DeterminismMatrix:
    plan = made.catalogue.plan
    named = {p.dimension for ps in pairs.values() for p in ps}
    dimensions = [*DIMENSIONS, *sorted(named - set(DIMENSIONS))]
    rows = tuple(gather(f.id, f.side, dimensions, pairs[f.id]) for f in plan.functions)
    required = tuple(REPEATED[k] for k in plan.required_identical)
    return DeterminismMatrix(
        schema=SCHEMA, tool=TOOL, library=made.environment.library, version=made.environment.version, base=base, cells=proofs,
        dimensions=tuple((d, DIMENSIONS.get(d, "several options at once")) for d in dimensions), required=required, functions=rows,
        violations=violations(rows, {f.id: required for f in plan.functions if f.repeatable}), finished=now(),
    )  # fmt: skip


def _other(
    job: Job, environment: EnvironmentRequest, functions: tuple[str, ...], store: Store, memo: Memo, places: Places, watch: Watcher,
    narrowing: Narrowing | None,
) -> Cell:  # fmt: skip
    """Another configuration: the plain variants, once."""
    made = narrowed(
        prepare(job, environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing), ("first",)
    )
    plain = {f"{f.id}/{s.name}/{s.variants[0]}" for f in made.catalogue.plan.functions for s in f.samples}
    return run_cell(made, store, memo, places=places, watch=watch, only=plain.__contains__)


def dimensions_between(base: str, other: str) -> str:
    """Dimension of the options in which two configurations differ; several dimensions make one of their own, named by the second."""
    (first, a), (second, b) = registry.backend(base), registry.backend(other)
    if first.name != second.name:
        return other
    changed = {OPTIONS.get(k, k) for k in a if a[k] != b[k]}
    return changed.pop() if len(changed) == 1 else other


def _between(base: Cell, other: Cell, base_name: str, name: str, store: Store) -> Iterable[Pair]:
    dimension = dimensions_between(base_name, name)
    for planned in other.made.catalogue.plan.functions:
        for s in planned.samples:
            case = f"{planned.id}/{s.name}/{s.variants[0]}"
            a, b = base.run.observed.get(case), other.run.observed.get(case)
            if a is None or b is None:
                continue
            ok = within(base.run.judged.get(case)) and within(other.run.judged.get(case))
            for d in (dimension, "seed stream") if "seed" in dict(s.params) else (dimension,):
                what = f"{case}: {base_name} against {name}"
                if found := pair(d, planned.id, what, a.repetitions[0].outcome, b.repetitions[0].outcome, ok, store.get):
                    yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A derived sample, whole and part."""

    planned: PlannedFunction
    whole: str
    """Case of the whole sample."""
    part: Derived
    request: Request


def _rows(base: Cell, store: Store, memo: Memo, places: Places, watch: Watcher) -> Iterable[Pair]:
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
    a, b = whole.repetitions[0].outcome, part.repetitions[0].outcome
    if not isinstance(a, Produced) or not isinstance(b, Produced):
        return pair(q.part.dimension, q.planned.id, part.case, a, b, True, store.get)
    criterion = registry.functions()[q.planned.id].criterion_for(q.part.sample)
    judged = judge_case(part, lambda: q.part.expected, criterion, store.get, required_identical=())
    rows = [
        (q.part.of_whole(array_of(x, store.get)), q.part.of_part(array_of(y, store.get)), x.dtype)
        for x, y in zip(a.outputs, b.outputs, strict=True)
    ]
    if any(x.shape != y.shape for x, y, _ in rows):
        return None
    return pair_of_rows(q.part.dimension, q.planned.id, part.case, rows, within(judged) and within(base.run.judged.get(q.whole)))
