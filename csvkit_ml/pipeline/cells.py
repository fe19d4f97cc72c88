"""Cells that are not reported one by one but compared: run now, or read from a finished report folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from csvkit_ml import __version__
from csvkit_ml.errors import IntegrityError, UsageError
from csvkit_ml.evidence.folder import blob_path, read_file, seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store, digests_of
from csvkit_ml.judgement.comparison import FACTORS, Run, by_case, compare
from csvkit_ml.judgement.holding import FILE as BY_DIGEST
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.comparison import Comparison, Party
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.evidence import EvidenceManifest, HeldByDigest
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.judgement import Judgement, worst_verdict
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.model.timing import Times
from csvkit_ml.pipeline.judging import SCHEMA, judge
from csvkit_ml.pipeline.observe import Seen, observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Job, Prepared, jobs, prepare, read_plan
from csvkit_ml.pipeline.scoped import read_scope
from csvkit_ml.pipeline.timing import FILE as TIMES
from csvkit_ml.pipeline.timing import times
from csvkit_ml.pipeline.validation import now
from csvkit_ml.pipeline.whole_models import ModelFiles, read_model
from csvkit_ml.reporting.comparison_html import comparison_page, matrix_page
from csvkit_ml.reporting.impact_file import IMPACT_FORM, empty_impact
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.statement import COMPARISON_TYPE, attest

TOOL = f"mlcsv {__version__}"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A finished run as bytes."""

    plan: bytes
    environment: bytes
    manifest: bytes
    judgement: bytes
    blobs: Mapping[Digest, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell that was run."""

    made: Prepared
    run: Run
    unproven: tuple[str, ...]
    manifest: EvidenceManifest
    judgement: Judgement

    def records(self) -> Records:
        """Everything that another machine needs of it."""
        blobs = {d for o in self.manifest.observations for d in digests_of(o)}
        return Records(
            plan=self.made.plan_bytes, environment=canonical(self.made.environment), manifest=canonical(self.manifest),
            judgement=canonical(self.judgement), blobs={d: self.run.blob(d) for d in blobs},
        )  # fmt: skip


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
    return cell_of(made, seen, manifest, judged, store)


def cell_of(made: Prepared, seen: Seen, manifest: EvidenceManifest, judged: Judgement, store: Store) -> Cell:
    """A cell from what was seen of it and how that was judged."""
    plan = made.catalogue.plan
    party = _party(made.environment, plan.spec.backend, judged, manifest.plan, judged.manifest)
    observed = {o.case: o for o in seen.observations}
    run = Run(
        party=party, plan=plan, environment=made.environment, observed=observed, judged=by_case(judged), blob=store.get,
        times=times(plan, seen.observations, store),
    )  # fmt: skip
    return Cell(made=made, run=run, unproven=seen.unproven, manifest=manifest, judgement=judged)


def _party(environment: EnvironmentRecord, backend: str, judged: Judgement, plan: Digest, manifest: Digest) -> Party:
    return Party(
        library=environment.library, version=environment.version, backend=backend, status=judged.verdict, plan=plan, manifest=manifest
    )


def read_run(folder: Path) -> Run:
    """The run of a finished report folder; its records must belong together. Raises IntegrityError."""
    data = {name: read_file(folder, f"{name}.json") for name in ("plan", "environment", "manifest", "judgement")}
    run = joined(str(folder), **data, raw=lambda wanted: read_file(folder, blob_path(wanted)))
    if (folder / BY_DIGEST).exists():
        absent = _read(HeldByDigest, folder, BY_DIGEST)
        run = replace(run, absent=frozenset(d for c in absent.cases for d in c.blobs))
    return replace(run, times=_read(Times, folder, TIMES)) if (folder / TIMES).exists() else run


def _read(kind: type[T], folder: Path, name: str) -> T:
    try:
        return decode(kind, read_file(folder, name))
    except CodecError as e:
        raise IntegrityError(f"{name} of {folder} cannot be read: {e}", "verify it with `mlcsv verify`") from e


def joined(name: str, *, plan: bytes, environment: bytes, manifest: bytes, judgement: bytes, raw: Callable[[Digest], bytes]) -> Run:
    """A run from its records, which must belong together; blobs are hashed when they are read. Raises IntegrityError."""
    planned = read_plan(plan)
    try:
        place = decode(EnvironmentRecord, environment)
        seen = decode(EvidenceManifest, manifest)
        judged = decode(Judgement, judgement)
    except CodecError as e:
        raise IntegrityError(f"{name} is not a run of this version: {e}", "verify it with `mlcsv verify`") from e
    digest = sha256(manifest)
    if seen.plan != sha256(plan) or judged.manifest != digest or seen.environment != sha256(environment):
        raise IntegrityError(f"the records of {name} do not belong together", "verify it with `mlcsv verify`")

    def blob(wanted: Digest) -> bytes:
        found = raw(wanted)
        if sha256(found) != wanted:
            raise IntegrityError(f"blob {wanted} of {name} is altered", "verify it with `mlcsv verify`")
        return found

    party = _party(place, planned.spec.backend, judged, seen.plan, digest)
    observed = {o.case: o for o in seen.observations}
    return Run(party=party, plan=planned, environment=place, observed=observed, judged=by_case(judged), blob=blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Comparisons and where they lie; each is with the first run."""

    runs: tuple[Party, ...]
    comparisons: tuple[Comparison, ...]
    folder: Path


def compare_runs(
    named: tuple[tuple[str, tuple[str, ...]], ...], *, environment: EnvironmentRequest, functions: tuple[str, ...], out: Path | None,
    places: Places, watch: Watcher, elsewhere: Callable[[tuple[Job, ...]], Iterable[Run]] | None = None, scope: Path | None = None,
    model: ModelFiles | None = None, signer: Signer | None = None, factors: tuple[float, float] = FACTORS,
) -> Compared:  # fmt: skip
    """Compare runs with the first of them.

    Args:
        named: each a requirement with its backends (presets stand for several cells), or the folder of a finished report.
        model: a maker's model, which every requirement then runs.
        elsewhere: runs the jobs on other machines, in their order; None = here, one after the other.
        scope: file of a scope; only what it needs is run and compared, at its own shapes too.
        signer: machine key that attests the folder.
        factors: from which a function is told to be slower, and faster.

    Raises:
        UsageError: one run only, or a scope beside finished reports alone.
        IntegrityError: a folder is not a report.
    """
    asked = [(name, () if Path(name).is_dir() else jobs([name], backends)) for name, backends in named]
    scoped = read_scope(scope, places, watch) if scope else None
    narrowing = read_model(model, watch, scoped) if model else scoped
    if scoped and not any(js for _, js in asked):
        raise UsageError("a scope narrows runs, and all of these are finished", "name a requirement, or validate with --scope before")
    done = iter(elsewhere(tuple(j for _, js in asked for j in js))) if elsewhere else None
    with Store(places.store) as store, Memo(places.memo) as memo:
        runs: list[Run] = []
        for name, its in asked:
            if not its:
                runs.append(read_run(Path(name)))
            made: Prepared | None = None
            for job in its:
                if done is not None:
                    runs.append(next(done))
                    continue
                made = prepare(job, environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing, beside=made)
                runs.append(run_cell(made, store, memo, places=places, watch=watch).run)
        if len(runs) < 2:
            raise UsageError("there is nothing to compare: one run", "name two requirements, backends or folders")
        wanted = {f.id for r in runs for f in r.plan.functions if scoped and r.plan.spec.scope == scoped.reference}
        found = tuple(compare(runs[0], other, scoped.reference if scoped else None, wanted, factors) for other in runs[1:])
        folder = out or Path("reports") / f"comparison-{stamp()}"
        files = comparison_files(tuple(r.party for r in runs), found)
        seal(folder, files, (), store, attested(files, worst_verdict(tuple(c.verdict for c in found)), signer))
    return Compared(runs=tuple(r.party for r in runs), comparisons=found, folder=folder)


def comparison_files(parties: tuple[Party, ...], found: tuple[Comparison, ...]) -> dict[str, bytes]:
    """Records and pages of comparisons with the first run, and the form for what they mean."""
    files: dict[str, bytes] = {}
    for n, c in enumerate(found, 1):
        name = "comparison" if len(found) == 1 else f"comparison-{n}"
        files |= {f"{name}.json": canonical(c), f"{name}.html": comparison_page(c)}
    files[IMPACT_FORM] = empty_impact().encode()
    if len(found) > 1:
        files["matrix.html"] = matrix_page(parties, found)
    return files


def attested(files: Mapping[str, bytes], status: Verdict, signer: Signer | None) -> Callable[[Path], object] | None:
    """How the folder of a comparison or matrix is attested; None = not signed."""
    if signer is None:
        return None
    records = {name: sha256(data) for name, data in files.items() if name.endswith(".json")}
    return partial(attest, predicate={"tool": TOOL, "status": status.value, "records": records, "finished": now()}, signer=signer, kind=COMPARISON_TYPE)


def stamp() -> str:
    return now().replace("-", "").replace(":", "").split("+")[0] + "Z"


def narrowed(made: Prepared, repetitions: tuple[str, ...]) -> Prepared:
    """The same cell with fewer repetitions: its cases have other keys in the store."""
    plan = replace(made.catalogue.plan, repetitions=repetitions, required_identical=())
    return replace(made, catalogue=replace(made.catalogue, plan=plan), plan_bytes=canonical(plan))
