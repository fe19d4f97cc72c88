"""`mlcsv determinism`: one release with itself under other circumstances."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.evidence.folder import seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.determinism import (
    DIMENSIONS,
    REPEATED,
    SCHEMA,
    Pair,
    gather,
    pairs_of_cell,
    violations,
)
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.comparison import CellProof, DeterminismMatrix
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.judgement import Judgement
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.cells import TOOL, Cell, attested, cell_of, run_cell, stamp
from csvkit_ml.pipeline.configurations import configured
from csvkit_ml.pipeline.observe import Seen
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Job, Narrowing, Prepared, asked_functions, jobs, prepare
from csvkit_ml.pipeline.rows import rows
from csvkit_ml.pipeline.validation import now
from csvkit_ml.reporting.comparison_html import determinism_page
from csvkit_ml.reporting.matrix_pdf import determinism_pdf
from csvkit_ml.signing.keys import Signer

EVERY = "all"
"""Preset of the configurations of a library on the CPU."""


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
    with Store(places.store) as store, Memo(places.memo) as memo:
        made = prepare(cells[0], environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing)
        base = run_cell(made, store, memo, places=places, watch=watch)
        around = Circumstances(others=cells[1:], environment=environment, functions=functions, places=places, watch=watch)
        matrix = around.of(base, narrowing, store, memo)
        folder = out or Path("reports") / f"determinism-{matrix.library}-{matrix.version}-{stamp()}"
        files = {"determinism.json": canonical(matrix), "determinism.html": determinism_page(matrix), "determinism.pdf": determinism_pdf(matrix)}
        seal(folder, files, (), store, attested(files, matrix.verdict, signer))
    return Matrix(matrix=matrix, folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Rows of a cell's samples, and other configurations; implements validation.Around."""

    others: tuple[Job, ...]
    environment: EnvironmentRequest
    functions: tuple[str, ...]
    places: Places
    watch: Watcher

    def matrix(
        self, made: Prepared, seen: Seen, manifest: EvidenceManifest, judgement: Judgement, narrowing: Narrowing | None, store: Store, memo: Memo
    ) -> DeterminismMatrix:
        """Of a run that is being reported."""
        return self.of(cell_of(made, seen, manifest, judgement, store), narrowing, store, memo)

    def of(self, base: Cell, narrowing: Narrowing | None, store: Store, memo: Memo) -> DeterminismMatrix:
        """Of a cell that was run."""
        pairs: dict[str, list[Pair]] = defaultdict(list)
        proofs = [CellProof(backend=base.run.party.backend, unproven=base.unproven)]
        for planned in base.made.catalogue.plan.functions:
            pairs[planned.id] += pairs_of_cell(planned, base.run.observed, base.run.judged, store.get)
        for p in rows(base, store, memo, self.places, self.watch) if not base.unproven else ():
            pairs[p.function].append(p)
        for job in self.others:
            made = prepare(
                job, environment=self.environment, functions=self.functions, places=self.places, watch=self.watch, narrowing=narrowing,
                beside=base.made,
            )  # fmt: skip
            other = configured(base, made, store, memo, self.places, self.watch)
            proofs.append(other.proof)
            for p in other.pairs:
                pairs[p.function].append(p)
        return _matrix(base.made, base.run.party.backend, tuple(proofs), pairs)


def circumstances(job: Job, *, environment: EnvironmentRequest, functions: tuple[str, ...], places: Places, watch: Watcher) -> Circumstances:
    """Every other configuration of the CPU that a job's library has."""
    others = tuple(j for j in jobs([job.asked], (job.backend, EVERY), job.depth) if j.backend != job.backend)
    return Circumstances(others=others, environment=environment, functions=asked_functions(job, functions), places=places, watch=watch)


def _matrix(made: Prepared, base: str, proofs: tuple[CellProof, ...], pairs: dict[str, list[Pair]]) -> DeterminismMatrix:
    plan = made.catalogue.plan
    named = {p.dimension for ps in pairs.values() for p in ps}
    dimensions = [*DIMENSIONS, *sorted(named - set(DIMENSIONS))]
    table = tuple(gather(f.id, f.side, dimensions, pairs[f.id]) for f in plan.functions)
    required = tuple(REPEATED[k] for k in plan.required_identical)
    return DeterminismMatrix(
        schema=SCHEMA, tool=TOOL, library=made.environment.library, version=made.environment.version, base=base, cells=proofs,
        dimensions=tuple((d, DIMENSIONS.get(d, "several options at once")) for d in dimensions), required=required, functions=table,
        violations=violations(table, {f.id: required for f in plan.functions if f.repeatable}), finished=now(),
    )  # fmt: skip
