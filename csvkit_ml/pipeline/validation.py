"""The main job: one library on one backend, from request to attested report folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Protocol

from csvkit_ml import registry
from csvkit_ml.anomalies.review import listed
from csvkit_ml.errors import OutputExistsError
from csvkit_ml.evidence.folder import seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store, digests_of
from csvkit_ml.judgement.holding import FILE as BY_DIGEST
from csvkit_ml.judgement.holding import held_by_digest
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.comparison import DeterminismMatrix
from csvkit_ml.model.device import NO_INPUT, DeviceInput
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.judgement import Judgement
from csvkit_ml.model.report import ReportModel, RunFacts, Standard, Upgrade
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.background import meanwhile
from csvkit_ml.pipeline.beforehand import ahead
from csvkit_ml.pipeline.intended import IntendedUse, read_intended
from csvkit_ml.pipeline.judging import SCHEMA, detections, judge
from csvkit_ml.pipeline.known_anomalies import read_anomalies
from csvkit_ml.pipeline.observe import Seen, check_spawned, observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Job, Narrowing, Prepared, planned, ready
from csvkit_ml.pipeline.rendering import rendered
from csvkit_ml.pipeline.repeating import question, remember, standing
from csvkit_ml.pipeline.splitting import coverage
from csvkit_ml.pipeline.timing import FILE as TIMES
from csvkit_ml.pipeline.timing import times
from csvkit_ml.planning.definition import suite_digest
from csvkit_ml.reporting.assemble import assemble
from csvkit_ml.reporting.pdf import renderers
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.statement import attest

NO_USE = IntendedUse()
"""Nothing is known of the product."""
ORACLES = ("python-flint", "mpmath", "numpy", "scipy", "ml_dtypes", "onnx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A report and where it lies."""

    report: ReportModel
    folder: Path
    stands: bool = False
    """Nothing has changed since this report was written: it was found again, and its passed cases are left out here."""
    made: Prepared | None = None
    """What was planned; None where nothing was."""


class Before(Protocol):
    """What a run is held against."""

    def against(self, records: Mapping[str, bytes], store: Store, memo: Memo) -> Upgrade: ...


class Around(Protocol):
    """The circumstances that a run is put under besides."""

    def matrix(
        self, made: Prepared, seen: Seen, manifest: EvidenceManifest, judgement: Judgement, narrowing: Narrowing | None, store: Store, memo: Memo
    ) -> DeterminismMatrix: ...


def validate(
    job: Job, *, environment: EnvironmentRequest, functions: tuple[str, ...], out: Path | None, signer: Signer | None,
    tester: str, fresh: bool, command: str, places: Places, watch: Watcher, anomalies: Path | None = None,
    device: DeviceInput = NO_INPUT, standards: tuple[Standard, ...] = (), use: IntendedUse = NO_USE, baseline: Before | None = None,
    around: Around | None = None, beside: Prepared | None = None,
) -> Finished:  # fmt: skip
    """The main job. Everything seen is in the store before it is judged; an interrupted run continues from there.

    The same again, with nothing changed and no folder named, is the report that stands; a new one would differ in times alone.

    Args:
        around: other configurations, for the matrix in the report.
        beside: another configuration of the same release in the same command, whose samples and programs are taken over.
    """
    started = now()
    if out and out.exists():
        raise OutputExistsError(f"{out} exists", "choose another folder; a report is never overwritten")
    intended = read_intended(use, places, watch)
    at = ready(job, environment=environment, functions=functions, places=places, watch=watch, narrowing=intended.narrowing)
    known = read_anomalies(anomalies, at.environment) if anomalies else None
    given = {**(known.files if known else {}), **intended.files, **dict(job.approvals.files)}
    inputs = [[n, sha256(b)] for n, b in sorted(given.items())]
    asked = (sha256(job.plan), device, standards, tester, signer.public if signer else None, command, inputs, renderers())
    with Memo(places.memo) as memo:
        again = None if intended.use.tests or baseline else question(at, asked, ORACLES)
        if again and not out and not fresh and (before := standing(again, memo)):
            return Finished(report=before.report, folder=Path(before.folder), stands=True)
    with ahead(at.offered, places, at.spec), Store(places.store) as store, Memo(places.memo) as memo:
        made = planned(at, places=places, watch=watch, narrowing=intended.narrowing, beside=beside)
        plan = made.catalogue.plan
        ids = tuple(f.id for f in plan.functions)
        seen = observe(made, store, fresh=fresh, scratch=places.cache / "scratch", watch=watch)
        environment_bytes = canonical(made.environment)
        manifest = EvidenceManifest(
            schema=SCHEMA,
            plan=sha256(made.plan_bytes),
            environment=sha256(environment_bytes),
            worker=made.worker.digest,
            observations=seen.observations,
        )
        manifest_bytes = canonical(manifest)
        spawned = meanwhile(partial(check_spawned, made, seen.observations, places))
        inside = meanwhile(partial(coverage, made.environment, made.library, made.worker, ids, places))
        judgement = judge(made.catalogue, manifest, sha256(manifest_bytes), store.get, memo, watch, seen.unproven)
        verdicts = {f.id: f.verdict for f in judgement.functions}
        watch.stage(f"what {made.library.name} has, and what of it is verified")
        shown = inside()(verdicts)
        own_tests = intended.own_tests(made, places, watch)
        scope, requirements = intended.shown(made, judgement, shown, own_tests)
        found = detections(ids, places=places, watch=watch, fresh=False, spec=plan.spec)
        run = RunFacts(
            started=started,
            finished=now(),
            tester=tester,
            command=command,
            executed=seen.executed,
            reused=len(seen.observations) - seen.executed,
        )
        records = {"plan": made.plan_bytes, "environment": environment_bytes, "manifest": manifest_bytes, "judgement": canonical(judgement)}
        report = assemble(
            plan=plan,
            environment=made.environment,
            manifest=manifest,
            judgement=judgement,
            detections=found,
            plan_digest=manifest.plan,
            manifest_digest=sha256(manifest_bytes),
            suite=suite_digest(registry.home(f.id) for f in plan.functions),
            oracles=tuple((n, distribution_version(n)) for n in ORACLES),
            run=run,
            signed_by=signer.public.name if signer else "",
            spawn_check=spawned(),
            maker=made.library.maker,
            device=device,
            standards=standards,
            renderers=renderers(),
            coverage=shown,
            anomalies=listed(known.snapshot, known.review, verdicts) if known else None,
            scope=scope,
            requirements=requirements,
            own_tests=own_tests,
            plan_approvals=job.approvals.approvals,
            upgrade=baseline.against(records, store, memo) if baseline else None,
            determinism=around.matrix(made, seen, manifest, judgement, intended.narrowing, store, memo) if around else None,
        )
        folder = out or Path("reports") / _folder_name(made, started)
        files = {f"{name}.json": data for name, data in records.items()} | {"worker.pyz": made.worker.data}
        files |= rendered(report)
        files |= given | {TIMES: canonical(times(plan, seen.observations, store))}
        absent = held_by_digest(plan, manifest, judgement)
        files |= {BY_DIGEST: canonical(absent)} if absent.cases else {}
        left_out = {d for c in absent.cases for d in c.blobs}
        watch.stage("writing the report")
        sign = partial(attest, predicate=_predicate(report), signer=signer) if signer else None
        seal(folder, files, (d for o in seen.observations for d in digests_of(o) if d not in left_out), store, sign)
        if again and not seen.unproven:
            remember(again, folder, report, memo)
    return Finished(report=report, folder=folder, made=made)


def now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def _folder_name(made: Prepared, started: str) -> str:
    spec = made.catalogue.plan.spec
    backend = "".join(ch if ch.isalnum() else "-" for ch in spec.backend)
    stamp = started.replace("-", "").replace(":", "").split("+")[0]
    return f"{spec.library}-{spec.full_version}-{backend}-{stamp}Z-{sha256(made.plan_bytes + started.encode())[7:15]}"


def _predicate(report: ReportModel) -> dict[str, object]:
    run = report.run
    return {
        "plan": report.plan, "manifest": report.manifest, "tool": report.tool, "library": report.library, "version": report.version,
        "backend": report.backend, "status": report.status.value, "started": run.started, "finished": run.finished,
        "executed": run.executed, "reused": run.reused,
    }  # fmt: skip
