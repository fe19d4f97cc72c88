"""`mlcsv determinism`: one release with itself under other circumstances."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
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
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.cells import TOOL, attested, run_cell, stamp
from csvkit_ml.pipeline.configurations import configured
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Narrowing, Prepared, jobs, prepare
from csvkit_ml.pipeline.rows import rows
from csvkit_ml.pipeline.validation import now
from csvkit_ml.reporting.comparison_html import determinism_page
from csvkit_ml.reporting.matrix_pdf import determinism_pdf
from csvkit_ml.signing.keys import Signer


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
    prepared = partial(prepare, environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing)
    with Store(places.store) as store, Memo(places.memo) as memo:
        made = prepared(cells[0])
        base = run_cell(made, store, memo, places=places, watch=watch)
        proofs = [CellProof(backend=cells[0].backend, unproven=base.unproven)]
        for planned in made.catalogue.plan.functions:
            pairs[planned.id] += pairs_of_cell(planned, base.run.observed, base.run.judged, store.get)
        if not base.unproven:
            for p in rows(base, store, memo, places, watch):
                pairs[p.function].append(p)
        for job in cells[1:]:
            other = configured(base, prepared(job, beside=made), store, memo, places, watch)
            proofs.append(other.proof)
            for p in other.pairs:
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
    table = tuple(gather(f.id, f.side, dimensions, pairs[f.id]) for f in plan.functions)
    required = tuple(REPEATED[k] for k in plan.required_identical)
    return DeterminismMatrix(
        schema=SCHEMA, tool=TOOL, library=made.environment.library, version=made.environment.version, base=base, cells=proofs,
        dimensions=tuple((d, DIMENSIONS.get(d, "several options at once")) for d in dimensions), required=required, functions=table,
        violations=violations(table, {f.id: required for f in plan.functions if f.repeatable}), finished=now(),
    )  # fmt: skip
