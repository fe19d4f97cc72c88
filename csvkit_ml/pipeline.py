"""The order of the stages.

request -> spec -> environment -> plan -> observations -> manifest -> judgement -> report -> folder -> attestation
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Protocol

from csvkit_ml import __version__, registry
from csvkit_ml.environments.adopt import adopt, adopted_spec
from csvkit_ml.environments.build import obtain
from csvkit_ml.environments.doctor import doctor_facts
from csvkit_ml.environments.resolve import resolve
from csvkit_ml.errors import EnvironmentFailure, IntegrityError, OutputExistsError, PlanChangedError, UnknownCaseError, UsageError
from csvkit_ml.evidence.folder import read_file, seal, write_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.references import remembering
from csvkit_ml.evidence.store import Store, digests_of
from csvkit_ml.execution.cell import clean_environment
from csvkit_ml.execution.engine import Job as CellJob
from csvkit_ml.execution.engine import Limits, describe, execute
from csvkit_ml.execution.staging import StagedWorker, build_archive
from csvkit_ml.judgement.detection import detect
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.codec import CodecError, canonical, decode, digest_of, from_json
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Function, Side, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FaultDetection, FunctionJudgement, Judgement, worst_verdict
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.plan import PlannedFunction, PlannedSample, ValidationPlan
from csvkit_ml.model.report import ReportModel, RunFacts, SpawnCheck
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.planning.catalogue import Catalogue, Request, make_catalogue
from csvkit_ml.planning.definition import definition, suite_digest
from csvkit_ml.reporting.assemble import assemble
from csvkit_ml.reporting.format import formats
from csvkit_ml.signing.keys import Signer, list_keys, load_public
from csvkit_ml.signing.statement import attest

SCHEMA = 1
NO_KEY = sha256(b"")
"""The key of an observation says where it came from, not what was seen: it is left out of a judgement's question."""
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

    def interpreter(self, record: EnvironmentRecord) -> str:
        """Path of the tested environment's interpreter on this machine."""
        return str(self.cache.absolute() / record.python)

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
    python: str
    """Path of its interpreter on this machine."""
    worker: StagedWorker
    catalogue: Catalogue
    plan_bytes: bytes
    variables: Mapping[str, str]
    options: Mapping[str, str]


def prepare(
    job: Job, *, environment: EnvironmentRequest, backend: str, functions: tuple[str, ...], places: Places, watch: Watcher
) -> Prepared:
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
        spec,
        library,
        registry.functions(),
        home=registry.home,
        settings={**variables, **settings},
        worker=worker.digest,
        notify=lambda f: None,
    )
    plan_bytes = canonical(catalogue.plan)
    if approved and plan_bytes != job.plan:
        raise PlanChangedError(_plan_difference(approved, catalogue.plan), "write and approve a new plan with `mlcsv plan`")
    return Prepared(
        library=library,
        environment=record,
        python=places.interpreter(record),
        worker=worker,
        catalogue=catalogue,
        plan_bytes=plan_bytes,
        variables=variables,
        options=settings,
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
    record: EnvironmentRecord,
    library: Library,
    worker: StagedWorker,
    variables: Mapping[str, str],
    settings: Mapping[str, str],
    places: Places,
) -> EnvironmentRecord:
    """Complete the fingerprint with what the library reports of itself, asked once for each (lock, worker, settings)."""
    question = digest_of(["describe", record.lock, record.python, worker.digest, sorted(variables.items()), sorted(settings.items())])
    with Memo(places.memo) as memo:
        known = memo.get(question)
        if known is None:
            facts = describe(
                python=places.interpreter(record),
                worker=worker,
                library=library.name,
                variables=variables,
                settings=settings,
                scratch=places.cache / "scratch",
            )
            known = canonical([[k, v] for k, v in sorted(facts.items())])
            memo.put({question: known})
    given = tuple(sorted(clean_environment(variables).items()))
    return replace(record, fingerprint=replace(record.fingerprint, library=_pairs(known), variables=given))


def _pairs(data: bytes) -> tuple[tuple[str, str], ...]:
    return tuple((str(k), str(v)) for k, v in json.loads(data))


def write_plan(
    job: Job, *, environment: EnvironmentRequest, backend: str, functions: tuple[str, ...], output: Path, places: Places, watch: Watcher
) -> tuple[bytes, ValidationPlan]:
    """Plan and stop."""
    made = prepare(job, environment=environment, backend=backend, functions=functions, places=places, watch=watch)
    write_file(output, made.plan_bytes)
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
            schema=SCHEMA,
            plan=sha256(made.plan_bytes),
            environment=sha256(environment_bytes),
            worker=made.worker.digest,
            observations=observations,
        )
        manifest_bytes = canonical(manifest)
        judgement = judge(made.catalogue, manifest, sha256(manifest_bytes), store.get, memo, watch)
        spawned = check_spawned(made, observations, memo, scratch=places.cache / "scratch", watch=watch)
        found = detections(tuple(f.id for f in plan.functions), places=places, watch=watch, fresh=False)
        run = RunFacts(
            started=started, finished=_now(), tester=tester, command=command, executed=executed, reused=plan.case_count() - executed
        )
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
            spawn_check=spawned,
            maker=made.library.maker,
        )
        folder = out or Path("reports") / _folder_name(made, started)
        files = {"plan.json": made.plan_bytes, "environment.json": environment_bytes, "manifest.json": manifest_bytes}
        files |= {"judgement.json": canonical(judgement), "worker.pyz": made.worker.data}
        files |= {f.filename: f.render(report) for f in formats()}
        watch.stage("writing the report")
        sign = partial(attest, predicate=_predicate(report), signer=signer) if signer else None
        seal(folder, files, (d for o in observations for d in digests_of(o)), store, sign)
    return Finished(report=report, folder=folder)


def _now() -> str:
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


def case_key(made: Prepared, request: Request, variant: str) -> Digest:
    """Reuse key of a case: everything that can change what is observed."""
    plan = made.catalogue.plan
    cell = [made.environment.lock, made.worker.digest, plan.settings, plan.repetitions, plan.time_limit_s, plan.memory_limit_bytes]
    return digest_of([request.digest, request.function, variant, cell, dict_of_host(made.environment)])


def dict_of_host(environment: EnvironmentRecord) -> list[str]:
    """What of the host may change bits: processor and its flags, libc, interpreter."""
    host = dict(environment.fingerprint.host)
    return [
        host.get("cpu", ""),
        host.get("cpu flags", ""),
        host.get("libc", ""),
        dict(environment.fingerprint.interpreter).get("python", ""),
    ]


def observe(
    made: Prepared, store: Store, *, fresh: bool, scratch: Path, watch: Watcher, only: str = ""
) -> tuple[tuple[Observation, ...], int]:
    """Observations of every planned case in plan order, and how many were executed now; the rest comes from the store.

    Args:
        only: one case id; the others are left out.
    """
    found: dict[str, Observation] = {}
    jobs: list[CellJob] = []
    for request in made.catalogue.requests.values():
        todo: list[tuple[str, Digest]] = []
        for variant in request.variants:
            case, key = f"{request.prefix}/{variant}", case_key(made, request, variant)
            if only and case != only:
                continue
            known = None if fresh else store.reuse(key)
            if known is None:
                todo.append((variant, key))
            else:
                found[case] = replace(known, case=case)
        if todo:
            jobs.append(_cell_job(request, todo))
    missing = sum(len(j.variants) for j in jobs)
    watch.expect("running cases", missing)

    def keep(observation: Observation) -> None:
        found[observation.case] = observation
        store.record(observation)
        watch.advance()

    if jobs:
        plan = made.catalogue.plan
        execute(
            python=made.python, worker=made.worker, library=made.library.name, variables=made.variables, settings=made.options,
            jobs=jobs, limits=Limits(time_s=plan.time_limit_s, memory_bytes=plan.memory_limit_bytes), repetitions=plan.repetitions,
            blobs=store, on_observation=keep, scratch=scratch,
        )  # fmt: skip
        store.commit()
    order = [c for f in made.catalogue.plan.functions for c in f.case_ids()]
    return tuple(found[c] for c in order if c in found), missing


def _cell_job(request: Request, todo: list[tuple[str, Digest]]) -> CellJob:
    return CellJob(
        prefix=request.prefix, op=request.function, params=request.sample.params, inputs=request.sample.inputs, program=request.program,
        variants=tuple(v for v, _ in todo), keys=tuple(k for _, k in todo),
    )  # fmt: skip


class _Digests:
    """Where bytes go that are only compared."""

    def put(self, data: bytes) -> Digest:
        return sha256(data)


def check_spawned(made: Prepared, observations: tuple[Observation, ...], memo: Memo, *, scratch: Path, watch: Watcher) -> SpawnCheck:
    """Execute the first case of every repeatable function in one process started from nothing; a forked one must have given the same."""
    plan, seen = made.catalogue.plan, {o.case: o.repetitions[0].outcome for o in observations if o.repetitions}
    chosen = [(f.id, f.samples[0].name, f.samples[0].variants[0]) for f in plan.functions if f.repeatable and f.samples]
    chosen = [c for c in chosen if "/".join(c) in seen]
    keys = [case_key(made, made.catalogue.requests[f"{f}/{s}"], v) for f, s, v in chosen]
    question = digest_of(["spawned", keys, [seen["/".join(c)] for c in chosen]])
    if (answer := memo.get(question)) is not None:
        return decode(SpawnCheck, answer)
    watch.stage("the same in a process started from nothing")
    found: list[Observation] = []
    execute(
        python=made.python, worker=made.worker, library=made.library.name, variables=made.variables, settings=made.options,
        jobs=[_cell_job(made.catalogue.requests[f"{f}/{s}"], [(v, NO_KEY)]) for f, s, v in chosen],
        limits=Limits(time_s=plan.time_limit_s, memory_bytes=plan.memory_limit_bytes), repetitions=("first",),
        blobs=_Digests(), on_observation=found.append, scratch=scratch, fork=False,
    )  # fmt: skip
    check = SpawnCheck(compared=len(found), differing=tuple(o.case for o in found if o.repetitions[0].outcome != seen[o.case]))
    memo.put({question: canonical(check)})
    return check


def judge(
    catalogue: Catalogue,
    manifest: EvidenceManifest,
    manifest_digest: Digest,
    blob: Callable[[Digest], bytes],
    memo: Memo | None,
    watch: Watcher,
) -> Judgement:
    """Judge every observation; a judgement that follows from the same digests is taken from the memo."""
    observed = {o.case: o for o in manifest.observations}
    judged = []
    watch.expect("judging", len(catalogue.plan.functions))
    for planned in catalogue.plan.functions:
        seen = [replace(observed[c], key=NO_KEY) for c in planned.case_ids() if c in observed]
        question = digest_of(["judge", planned, catalogue.plan.required_identical, seen])
        answer = memo.get(question) if memo is not None else None
        if answer is None:
            cases = tuple(c for s in planned.samples for c in _judge_sample(planned, s, catalogue, observed, blob, memo))
            answer = canonical(FunctionJudgement(id=planned.id, side=planned.side, cases=cases))
            if memo is not None:
                memo.put({question: answer})
        judged.append(decode(FunctionJudgement, answer))
        watch.judged(planned.side, judged[-1].verdict)
    return Judgement(schema=SCHEMA, manifest=manifest_digest, functions=tuple(judged))


def _judge_sample(
    planned: PlannedFunction,
    s: PlannedSample,
    catalogue: Catalogue,
    observed: Mapping[str, Observation],
    blob: Callable[[Digest], bytes],
    memo: Memo | None,
) -> Iterator[CaseJudgement]:
    """Judge one sample's variants; variants that gave the same answers share the work."""
    function = _function(planned.id, memo)
    sample = catalogue.requests[f"{planned.id}/{s.name}"].sample
    required = catalogue.plan.required_identical if planned.repeatable else ()
    expected = cache(lambda: function.reference(sample))
    known: dict[tuple[tuple[str, object], ...], CaseJudgement] = {}
    for variant in s.variants:
        case = f"{planned.id}/{s.name}/{variant}"
        if case not in observed:
            continue
        seen = tuple((r.kind, r.outcome) for r in observed[case].repetitions)
        if seen not in known:
            known[seen] = judge_case(observed[case], expected, function.criterion_for(sample), blob, required_identical=required)
        yield replace(known[seen], case=case)


def _function(id: str, memo: Memo | None) -> Function:
    """A function, with its references taken from the memo where they are known."""
    function = registry.functions()[id]
    return remembering(function, definition(registry.home(id)), memo) if memo is not None else function


def detections(ids: tuple[str, ...], *, places: Places, watch: Watcher, fresh: bool) -> tuple[FaultDetection, ...]:
    """Detection table of functions; kept by the digest of their definition."""
    out: list[FaultDetection] = []
    watch.expect("checking the checker", len(ids))
    with Memo(places.memo) as memo:
        for id in ids:
            question = digest_of(["detect", id, definition(registry.home(id)), __version__])
            answer = None if fresh else memo.get(question)
            if answer is None:
                answer = canonical(detect(_function(id, memo)))
                memo.put({question: answer})
            out += from_json(tuple[FaultDetection, ...], json.loads(answer))
            watch.advance()
    return tuple(out)


def exit_code(verdicts: tuple[Verdict, ...]) -> int:
    """0 passed, 3 failed, 4 indeterminate, over all targets."""
    return EXIT[worst_verdict(verdicts)]


def read_report(folder: Path) -> ReportModel:
    """report.json of a folder. Raises IntegrityError."""
    try:
        return decode(ReportModel, read_file(folder, "report.json"))
    except CodecError as e:
        raise IntegrityError(f"report.json is not a report of this version: {e}", "verify the folder with `mlcsv verify`") from e


def trusted_keys(paths: tuple[Path, ...], places: Places) -> tuple[PublicKey, ...]:
    """Public keys of files and folders; without any, the user's own."""
    found: list[PublicKey] = []
    for path in paths or (places.keys,):
        found += list_keys(path) if path.is_dir() else [load_public(path)] if path != places.keys else []
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """One case, then and now."""

    then: str
    now: str
    same_bits: bool
    detail: str


def reproduce(folder: Path, case: str, *, python: str, places: Places, watch: Watcher) -> Reproduction:
    """Run one case of a report again, in an environment of the same release, and compare.

    Raises:
        UnknownCaseError: the report has no such case.
        PlanChangedError: functions, limits or samples have changed since.
        IntegrityError: the folder is not a report.
    """
    data, report = read_file(folder, "plan.json"), read_report(folder)
    then = next((c for f in report.functions for c in f.cases if c.id == case), None)
    if then is None:
        raise UnknownCaseError(f"no case {case!r} in {folder}", "list them with `mlcsv show DIR`")
    spec = _plan(data).spec
    request = EnvironmentRequest(python=python)
    job = Job(asked=f"{spec.library}=={spec.full_version}")
    made = prepare(job, environment=request, backend=spec.backend, functions=(case.split("/")[0],), places=places, watch=watch)
    old = {f"{f.id}/{s.name}": s.request for f in _plan(data).functions for s in f.samples}
    prefix, variant = case.rsplit("/", 1)
    if prefix not in made.catalogue.requests or made.catalogue.requests[prefix].digest != old.get(prefix):
        raise PlanChangedError(f"the sample {prefix} is not what it was", "use the version of mlcsv that wrote the report")
    with Store(places.store) as store:
        seen, _ = observe(made, store, fresh=True, scratch=places.cache / "scratch", watch=watch, only=case)
        planned = next(f for f in made.catalogue.plan.functions if f.id == case.split("/")[0])
        narrow = replace(
            planned, samples=tuple(replace(s, variants=(variant,)) for s in planned.samples if f"{planned.id}/{s.name}" == prefix)
        )
        one = replace(made.catalogue, plan=replace(made.catalogue.plan, functions=(narrow,)))
        manifest = EvidenceManifest(schema=SCHEMA, plan=sha256(data), environment=sha256(b""), worker=made.worker.digest, observations=seen)
        now = judge(one, manifest, sha256(b""), store.get, None, watch).functions[0].cases[0]
        blobs = digests_of(seen[0])[: len(then.evidence)]
    return Reproduction(
        then=f"{then.verdict.value}: {then.detail}", now=f"{now.verdict.value}: {now.detail}", same_bits=tuple(blobs) == then.evidence,
        detail=f"{made.environment.library} {made.environment.version}, backend {spec.backend}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """What this machine can validate."""

    rows: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    blocking: bool
    """Nothing can be built here."""


def doctor() -> Doctor:
    """Look at interpreters, uv, devices, keys, libraries and backends; starts nothing but uv."""
    here = places()
    rows, missing, blocking = [("mlcsv", __version__)], [], False
    try:
        rows += doctor_facts(os.environ)
    except EnvironmentFailure as e:
        missing.append(e.cause)
        blocking = True
    rows.append(("libraries", ", ".join(registry.libraries())))
    rows.append(("backends", ", ".join(registry.backends())))
    rows.append(("functions", str(len(registry.functions()))))
    keys = list_keys(here.keys)
    rows.append(("keys", ", ".join(k.name for k in keys) or "none"))
    if not keys:
        missing.append("a key: reports will be UNSIGNED (mlcsv keys new NAME)")
    gpu = shutil.which("nvidia-smi")
    rows.append(("gpu", gpu or "none found"))
    if not gpu:
        missing.append("a GPU: only CPU backends can be validated here")
    rows.append(("cache", str(here.cache)))
    return Doctor(rows=tuple(rows), missing=tuple(missing), blocking=blocking)
