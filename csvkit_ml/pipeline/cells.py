"""Cells that are not reported one by one but compared: run now, or read from a finished report folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml import __version__
from csvkit_ml.errors import IntegrityError, UsageError
from csvkit_ml.evidence.folder import blob_path, read_file, seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.comparison import Run, by_case, compare
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.comparison import Comparison, Party
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.judgement import Judgement
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.judging import SCHEMA, judge
from csvkit_ml.pipeline.observe import observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Prepared, jobs, prepare, read_plan
from csvkit_ml.pipeline.validation import now
from csvkit_ml.reporting.comparison_html import comparison_page, matrix_page

TOOL = f"mlcsv {__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell that was run."""

    made: Prepared
    run: Run
    unproven: tuple[str, ...]


def run_cell(
    made: Prepared, store: Store, memo: Memo, *, places: Places, watch: Watcher, fresh: bool = False, only: Callable[[str], bool] | None = None
) -> Cell:
    """Observe and judge a prepared cell."""
    scratch = places.cache / "scratch"
    if only is None:
        seen = observe(made, store, fresh=fresh, scratch=scratch, watch=watch)
    else:
        seen = observe(made, store, fresh=fresh, scratch=scratch, watch=watch, only=only)
    manifest = EvidenceManifest(
        schema=SCHEMA, plan=sha256(made.plan_bytes), environment=sha256(canonical(made.environment)), worker=made.worker.digest,
        observations=seen.observations,
    )  # fmt: skip
    digest = sha256(canonical(manifest))
    judged = judge(made.catalogue, manifest, digest, store.get, memo, watch, seen.unproven)
    party = _party(made.environment, made.catalogue.plan.spec.backend, judged, manifest.plan, digest)
    observed = {o.case: o for o in seen.observations}
    run = Run(
        party=party, plan=made.catalogue.plan, environment=made.environment, observed=observed, judged=by_case(judged), blob=store.get
    )
    return Cell(made=made, run=run, unproven=seen.unproven)


def _party(environment: EnvironmentRecord, backend: str, judged: Judgement, plan: Digest, manifest: Digest) -> Party:
    return Party(
        library=environment.library, version=environment.version, backend=backend, status=judged.verdict, plan=plan, manifest=manifest
    )


def read_run(folder: Path) -> Run:
    """The run of a finished report folder; its records must belong together. Raises IntegrityError."""
    data = {name: read_file(folder, f"{name}.json") for name in ("plan", "environment", "manifest", "judgement")}
    plan = read_plan(data["plan"])
    try:
        environment = decode(EnvironmentRecord, data["environment"])
        manifest = decode(EvidenceManifest, data["manifest"])
        judged = decode(Judgement, data["judgement"])
    except CodecError as e:
        raise IntegrityError(f"{folder} is not a report of this version: {e}", "verify it with `mlcsv verify`") from e
    digest = sha256(data["manifest"])
    if manifest.plan != sha256(data["plan"]) or judged.manifest != digest or manifest.environment != sha256(data["environment"]):
        raise IntegrityError(f"the records of {folder} do not belong together", "verify it with `mlcsv verify`")

    def blob(wanted: Digest) -> bytes:
        found = read_file(folder, blob_path(wanted))
        if sha256(found) != wanted:
            raise IntegrityError(f"blob {wanted} is altered", "verify the folder with `mlcsv verify`")
        return found

    party = _party(environment, plan.spec.backend, judged, manifest.plan, digest)
    observed = {o.case: o for o in manifest.observations}
    return Run(party=party, plan=plan, environment=environment, observed=observed, judged=by_case(judged), blob=blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Comparisons and where they lie; each is with the first run."""

    runs: tuple[Party, ...]
    comparisons: tuple[Comparison, ...]
    folder: Path


def compare_runs(
    named: tuple[tuple[str, tuple[str, ...]], ...], *, environment: EnvironmentRequest, functions: tuple[str, ...], out: Path | None,
    places: Places, watch: Watcher,
) -> Compared:  # fmt: skip
    """Compare runs with the first of them.

    Args:
        named: each a requirement with its backends (presets stand for several cells), or the folder of a finished report.

    Raises:
        IntegrityError: a folder is not a report.
    """
    with Store(places.store) as store, Memo(places.memo) as memo:
        runs: list[Run] = []
        for name, backends in named:
            if Path(name).is_dir():
                runs.append(read_run(Path(name)))
                continue
            for job in jobs([name], backends):
                made = prepare(job, environment=environment, functions=functions, places=places, watch=watch)
                runs.append(run_cell(made, store, memo, places=places, watch=watch).run)
        if len(runs) < 2:
            raise UsageError("there is nothing to compare: one run", "name two requirements, backends or folders")
        found = tuple(compare(runs[0], other) for other in runs[1:])
        folder = out or Path("reports") / f"comparison-{stamp()}"
        files = _files(tuple(r.party for r in runs), found)
        seal(folder, files, (), store)
    return Compared(runs=tuple(r.party for r in runs), comparisons=found, folder=folder)


def _files(parties: tuple[Party, ...], found: tuple[Comparison, ...]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for n, c in enumerate(found, 1):
        name = "comparison" if len(found) == 1 else f"comparison-{n}"
        files |= {f"{name}.json": canonical(c), f"{name}.html": comparison_page(c)}
    if len(found) > 1:
        files["matrix.html"] = matrix_page(parties, found)
    return files


def stamp() -> str:
    return now().replace("-", "").replace(":", "").split("+")[0] + "Z"


def narrowed(made: Prepared, repetitions: tuple[str, ...]) -> Prepared:
    """The same cell with fewer repetitions: its cases have other keys in the store."""
    plan = replace(made.catalogue.plan, repetitions=repetitions, required_identical=())
    return replace(made, catalogue=replace(made.catalogue, plan=plan), plan_bytes=canonical(plan))
