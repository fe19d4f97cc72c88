"""The order of the stages: request -> spec -> environment -> plan -> observations -> manifest -> judgement -> report -> folder -> attestation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Protocol

from csvkit_ml import __version__, registry
from csvkit_ml.environments.adopt import adopt, adopted_spec
from csvkit_ml.environments.build import obtain
from csvkit_ml.environments.resolve import resolve
from csvkit_ml.errors import IntegrityError, OutputExistsError, PlanChangedError, UnknownCaseError, UsageError
from csvkit_ml.evidence.folder import open_folder, seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.execution.engine import Job as CellJob
from csvkit_ml.execution.engine import Limits, describe, execute
from csvkit_ml.execution.staging import StagedWorker, build_archive
from csvkit_ml.judgement.detection import detect
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.codec import CodecError, canonical, decode, digest_of
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Expected, Side, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FaultDetection, FunctionJudgement, Judgement, worst_verdict
from csvkit_ml.model.observation import Crashed, Observation, Produced
from csvkit_ml.model.plan import PlannedFunction, PlannedSample, ValidationPlan
from csvkit_ml.model.report import ReportModel, RunFacts
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec
from csvkit_ml.planning.catalogue import Catalogue, make_catalogue
from csvkit_ml.planning.definition import definition, suite_digest
from csvkit_ml.reporting.assemble import assemble
from csvkit_ml.reporting.format import formats
from csvkit_ml.signing.keys import Signer, list_keys, load_public
from csvkit_ml.signing.statement import attest

SCHEMA = 1
ORACLES = ("python-flint", "mpmath", "numpy", "scipy", "ml_dtypes", "onnx")
EXIT = {Verdict.PASSED: 0, Verdict.FAILED: 3, Verdict.INDETERMINATE: 4}


class Watcher(Protocol):
    """Who is told how far the run is."""

    def stage(self, text: str) -> None: ...
    def expect(self, text: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def judged(self, side: Side, verdict: Verdict) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of this user (XDG base directories)."""

    cache: Path
    keys: Path

    @property
    def store(self) -> Path:
        return self.cache / "evidence.sqlite"

    @property
    def memo(self) -> Path:
        return self.cache / "memo.sqlite"


def places(environ: Mapping[str, str] | None = None) -> Places:
    """From XDG_CACHE_HOME and XDG_CONFIG_HOME."""
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME", "~")).expanduser()
    cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "mlcsv"
    return Places(cache=cache, keys=Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "mlcsv" / "keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One library to validate."""

    asked: str
    plan: bytes = b""
    """Approved plan; empty = plan now."""


def jobs_from_plan(path: Path) -> tuple[Job, ...]:
    """Read a plan file. Raises UsageError, IntegrityError."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "write one with `mlcsv plan`") from e
    return (Job(asked=_plan(data).spec.asked, plan=data),)


def _plan(data: bytes) -> ValidationPlan:
    try:
        return decode(ValidationPlan, data)
    except CodecError as e:
        raise IntegrityError(f"not a plan of this version: {e}", "write it again with `mlcsv plan`") from e


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that is fixed before the first case runs."""

    library: Library
    environment: EnvironmentRecord
    worker: StagedWorker
    catalogue: Catalogue
    plan_bytes: bytes
    variables: Mapping[str, str]
    options: Mapping[str, str]


def prepare(job: Job, *, environment: EnvironmentRequest, backend: str, functions: tuple[str, ...], places: Places, watch: Watcher) -> Prepared:
    """Resolve, take or build the environment, describe it, plan.

    Raises:
        PlanChangedError: an approved plan asks something else than this version of mlcsv would.
    """
    approved = _plan(job.plan) if job.plan else None
    today = datetime.now(UTC).date().isoformat()
    known = registry.known_distributions()
    watch.stage(f"resolving {job.asked}")
    if approved:
        spec, backend, functions = approved.spec, approved.spec.backend, approved.spec.functions
    elif environment.python:
        spec = adopted_spec(job.asked, environment, known, today=today)
    else:
        spec = resolve(job.asked, environment, known, today=today)
    spec = replace(spec, backend=backend, functions=functions)
    library = registry.library(spec.library)
    chosen, options = registry.backend(backend)
    variables, settings = chosen.variables(options), chosen.settings(options)
    watch.stage(f"environment of {spec.library} {spec.full_version}")
    record = adopt(spec, environment) if environment.python else obtain(spec, environment, places.cache, os.environ, watch.stage)
    worker = build_archive(library)
    record = _described(record, library, worker, variables, settings, places)
    watch.stage("planning")
    catalogue = make_catalogue(
        spec, library, registry.functions(), home=registry.home, settings={**variables, **settings}, worker=worker.digest, notify=lambda f: None
    )
    plan_bytes = canonical(catalogue.plan)
    if approved and plan_bytes != job.plan:
        raise PlanChangedError(_plan_difference(approved, catalogue.plan), "write and approve a new plan with `mlcsv plan`")
    return Prepared(
        library=library, environment=record, worker=worker, catalogue=catalogue, plan_bytes=plan_bytes, variables=variables, options=settings
    )


def _plan_difference(old: ValidationPlan, new: ValidationPlan) -> str:
    """The first thing that differs, in words."""
    before, after = {f.id: f for f in old.functions}, {f.id: f for f in new.functions}
    for id in sorted(set(before) | set(after)):
        if id not in after or id not in before:
            return f"function {id} is {'gone' if id not in after else 'new'} since the plan was written"
        if before[id] != after[id]:
            return f"definition, limits or samples of {id} have changed since the plan was written"
    for name in ("tool", "settings", "repetitions", "required_identical", "time_limit_s", "worker", "not_offered", "spec"):
        if getattr(old, name) != getattr(new, name):
            return f"{name} has changed since the plan was written"
    return "the plan's bytes are not in canonical form"


def _described(
    record: EnvironmentRecord, library: Library, worker: StagedWorker, variables: Mapping[str, str], settings: Mapping[str, str], places: Places
) -> EnvironmentRecord:
    """Complete the fingerprint with what the library reports of itself, asked once for each (lock, worker, settings)."""
    question = digest_of(["describe", record.lock, record.python, worker.digest, sorted(variables.items()), sorted(settings.items())])
    with Memo(places.memo) as memo:
        known = memo.get(question)
        if known is None:
            facts = describe(
                python=record.python, worker=worker, library=library.name, variables=variables, settings=settings, scratch=places.cache / "scratch"
            )
            known = canonical([[k, v] for k, v in sorted(facts.items())])
            memo.put({question: known})
    facts_read = tuple((str(k), str(v)) for k, v in decode(tuple, known)) if False else _pairs(known)
    return replace(record, fingerprint=replace(record.fingerprint, library=facts_read, variables=tuple(sorted(variables.items()))))


def _pairs(data: bytes) -> tuple[tuple[str, str], ...]:
    import json

    return tuple((str(k), str(v)) for k, v in json.loads(data))


def write_plan(
    job: Job, *, environment: EnvironmentRequest, backend: str, functions: tuple[str, ...], output: Path, places: Places, watch: Watcher
) -> tuple[bytes, ValidationPlan]:
    """Plan and stop."""
    made = prepare(job, environment=environment, backend=backend, functions=functions, places=places, watch=watch)
    output.write_bytes(made.plan_bytes)
    return made.plan_bytes, made.catalogue.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A report and where it lies."""

    report: ReportModel
    folder: Path


def validate(
    job: Job, *, environment: EnvironmentRequest, backend: str, functions: tuple[str, ...], out: Path | None, signer: Signer | None,
    tester: str, fresh: bool, command: str, places: Places, watch: Watcher,
) -> Finished:  # fmt: skip
    """The main job. Everything seen is in the store before it is judged; an interrupted run continues from there."""
    started = _now()
    if out and out.exists():
        raise OutputExistsError(f"{out} exists", "choose another folder; a report is never overwritten")
    made = prepare(job, environment=environment, backend=backend, functions=functions, places=places, watch=watch)
    plan = made.catalogue.plan
    with Store(places.store) as store, Memo(places.memo) as memo:
        observations, executed = observe(made, store, fresh=fresh, scratch=places.cache / "scratch", watch=watch)
        environment_bytes = canonical(made.environment)
        manifest = EvidenceManifest(
            schema=SCHEMA, plan=sha256(made.plan_bytes), environment=sha256(environment_bytes), worker=made.worker.digest, observations=observations
        )
        manifest_bytes = canonical(manifest)
        judgement = judge(made.catalogue, manifest, sha256(manifest_bytes), store.get, memo, watch)
        found = detections(tuple(f.id for f in plan.functions), places=places, watch=watch, fresh=False)
        run = RunFacts(
            started=started, finished=_now(), tester=tester, command=command, executed=executed, reused=plan.case_count() - executed
        )
        report = assemble(
            plan=plan, environment=made.environment, manifest=manifest, judgement=judgement, detections=found,
            plan_digest=manifest.plan, manifest_digest=sha256(manifest_bytes), suite=suite_digest(registry.home(f.id) for f in plan.functions),
            oracles=tuple((n, distribution_version(n)) for n in ORACLES), run=run, signed_by=signer.public.name if signer else "",
        )  # fmt: skip
        folder = out or Path("reports") / _folder_name(made, started)
        files = {"plan.json": made.plan_bytes, "environment.json": environment_bytes, "manifest.json": manifest_bytes}
        files |= {"judgement.json": canonical(judgement), "worker.pyz": made.worker.data}
        files |= {f.filename: f.render(report) for f in formats()}
        watch.stage("writing the report")
        seal(folder, files, blobs_of(observations), store)
    if signer:
        attest(folder, _predicate(report), signer)
    return Finished(report=report, folder=folder)
