"""Everything that is fixed before the first case runs: spec, environment, worker, plan."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from packaging.version import Version

from csvkit_ml import registry
from csvkit_ml.backends.port import Expected, unproven
from csvkit_ml.environments.adopt import adopt, adopted_spec
from csvkit_ml.environments.build import obtain
from csvkit_ml.environments.requirement import parse_requirement
from csvkit_ml.environments.resolve import resolve
from csvkit_ml.errors import IntegrityError, PlanChangedError, UsageError
from csvkit_ml.evidence.folder import write_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.execution.cell import clean_environment
from csvkit_ml.execution.engine import SETTING, describe
from csvkit_ml.execution.staging import StagedWorker, build_archive
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.codec import CodecError, canonical, decode, digest_of
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Function
from csvkit_ml.model.plan import ValidationPlan
from csvkit_ml.model.spec import Depth, EnvironmentRequest, FunctionDepth, ValidationSpec
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.planning.catalogue import Catalogue, make_catalogue, matches
from csvkit_ml.planning.depth import at_depths, depth_of, left_out_at
from csvkit_ml.signing.plan_approval import NOT_APPROVED, Carried, carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One library to validate on one backend."""

    asked: str
    backend: str = "cpu"
    """Of an approved plan, the plan's own counts."""
    plan: bytes = b""
    """Approved plan; empty = plan now."""
    approvals: Carried = NOT_APPROVED
    """Who approved it, in envelopes beside it."""
    depth: Depth | None = None
    """Of every function; None = standard, or by risk where a scope is given. Of an approved plan, the plan's own counts."""


def jobs(asked: Iterable[str], backends: Iterable[str], depth: Depth | None = None) -> tuple[Job, ...]:
    """Every requirement on every backend, presets replaced by the cells that they stand for in that library.

    Raises:
        MalformedRequirementError, UnknownLibraryError, UnknownCaseError.
    """
    known = registry.known_distributions()
    return tuple(Job(asked=a, backend=c, depth=depth) for a in asked for c in registry.cells(backends, parse_requirement(a, known).library))


def jobs_from_plan(path: Path) -> tuple[Job, ...]:
    """Read a plan file and the approvals beside it. Raises UsageError, IntegrityError."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "write one with `mlcsv plan`") from e
    return (Job(asked=read_plan(data).spec.asked, plan=data, approvals=carried(path, sha256(data))),)


def asked_functions(job: Job, asked: tuple[str, ...]) -> tuple[str, ...]:
    """What an approved plan selects counts, whatever the command says besides."""
    return read_plan(job.plan).spec.functions if job.plan else asked


def read_plan(data: bytes) -> ValidationPlan:
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
    expected: Expected
    """Facts that every process of the cell must answer."""
    unproven: tuple[str, ...]
    """What of it was not answered when the environment was described; then nothing is executed."""
    asked: ValidationSpec
    """Before it was narrowed to a product."""
    fork: bool | None = None
    """Fork its processes, or start each from nothing; None = fork where the platform can."""


class Narrowing(Protocol):
    """What narrows a validation to one product."""

    def check(self, spec: ValidationSpec) -> None: ...
    def apply(
        self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker
    ) -> tuple[ValidationSpec, Mapping[str, Function]]: ...
    def depths(self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker) -> tuple[FunctionDepth, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a plan is made for: the release in its environment, the worker, the backend's settings."""

    job: Job
    spec: ValidationSpec
    library: Library
    environment: EnvironmentRecord
    worker: StagedWorker
    variables: Mapping[str, str]
    settings: Mapping[str, str]
    expected: Expected
    fork: bool | None = None

    @property
    def offered(self) -> tuple[str, ...]:
        """Functions that will be run, before a product narrows them."""
        release = Version(self.spec.version)
        offered = {o.function for o in self.library.offers() if not o.missing_in(release)}
        known = {id: f for id, f in registry.functions().items() if id in offered and matches(f, self.spec.functions)}
        return tuple(id for id, f in known.items() if not left_out_at(depth_of(self.spec, id), f))


def ready(
    job: Job, *, environment: EnvironmentRequest, functions: tuple[str, ...], places: Places, watch: Watcher, narrowing: Narrowing | None = None
) -> Ready:
    """Resolve, take or build the environment, describe it."""
    backend = job.backend
    if job.plan:
        spec = read_plan(job.plan).spec
        backend, functions = spec.backend, spec.functions
    else:
        spec = replace(resolved(job.asked, environment, places, watch), depth=job.depth or Depth.STANDARD)
    spec = replace(spec, backend=backend, functions=functions)
    if spec.scope and not narrowing:
        raise UsageError("the plan is for the scope of a product", f"give that scope with --scope: {spec.scope.digest}")
    if spec.model and not narrowing:
        raise UsageError("the plan is for a maker's model", "give it with --model and --inputs: " + ", ".join(d for _, d in spec.model.files))
    if narrowing:
        narrowing.check(spec)
    library = registry.library(spec.library)
    chosen, options = registry.backend(backend)
    variables, settings = chosen.variables(options), chosen.settings(library.name, options)
    record = obtained(spec, environment, places, watch)
    worker = build_archive(library)
    return Ready(
        job=job,
        spec=spec,
        library=library,
        environment=_described(record, library, worker, variables, settings, places, None if chosen.fork else False),
        worker=worker,
        variables=variables,
        settings=settings,
        expected=chosen.expected(library.name, options),
        fork=None if chosen.fork else False,
    )


def prepare(
    job: Job, *, environment: EnvironmentRequest, functions: tuple[str, ...], places: Places, watch: Watcher,
    narrowing: Narrowing | None = None, beside: Prepared | None = None,
) -> Prepared:  # fmt: skip
    """Resolve, take or build the environment, describe it, plan. Raises PlanChangedError."""
    at = ready(job, environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing)
    return planned(at, places=places, watch=watch, narrowing=narrowing, beside=beside)


def planned(at: Ready, *, places: Places, watch: Watcher, narrowing: Narrowing | None = None, beside: Prepared | None = None) -> Prepared:
    """The plan.

    Args:
        beside: another configuration of the same release, for the same product; its samples and programs are taken over.

    Raises:
        PlanChangedError: an approved plan asks something else than this version of mlcsv would.
    """
    watch.stage("planning")
    if beside is not None and _asks_the_same(at, beside):
        spec = replace(beside.catalogue.plan.spec, backend=at.spec.backend)
        plan = replace(beside.catalogue.plan, spec=spec, settings=tuple(sorted({**at.variables, **at.settings}.items())))
        catalogue = replace(beside.catalogue, plan=plan)
    else:
        catalogue = _catalogue(at, narrowing)
    plan_bytes = canonical(catalogue.plan)
    if at.job.plan and plan_bytes != at.job.plan:
        raise PlanChangedError(_plan_difference(read_plan(at.job.plan), catalogue.plan), "write and approve a new plan with `mlcsv plan`")
    return Prepared(
        library=at.library,
        environment=at.environment,
        python=places.interpreter(at.environment),
        worker=at.worker,
        catalogue=catalogue,
        plan_bytes=plan_bytes,
        variables=at.variables,
        options=at.settings,
        expected=at.expected,
        unproven=unproven(at.expected, in_force(at.environment)),
        asked=at.spec,
        fork=at.fork,
    )


def _asks_the_same(at: Ready, beside: Prepared) -> bool:
    """Whether two configurations differ in nothing but the backend: what is asked is then the same, by value."""
    same = replace(at.spec, backend=beside.asked.backend) == beside.asked
    return same and not at.job.plan and (at.worker.digest, at.environment.lock) == (beside.worker.digest, beside.environment.lock)


def _catalogue(at: Ready, narrowing: Narrowing | None) -> Catalogue:
    """What is asked, made anew."""
    known: Mapping[str, Function] = registry.functions()
    spec = at.spec
    if narrowing:
        spec, known = narrowing.apply(spec, at.library, at.environment, at.worker)
        if not at.job.plan and at.job.depth is None:
            spec = replace(spec, depths=narrowing.depths(spec, at.library, at.environment, at.worker))
    return make_catalogue(
        spec,
        at.library,
        at_depths(known, spec),
        home=registry.home,
        settings={**at.variables, **at.settings},
        worker=at.worker.digest,
        notify=lambda f: None,
    )


def resolved(asked: str, environment: EnvironmentRequest, places: Places, watch: Watcher) -> ValidationSpec:
    """The release that a requirement stands for; in an adopted environment, the one installed there."""
    watch.stage(f"resolving {asked}")
    today, known = datetime.now(UTC).date().isoformat(), registry.known_distributions()
    if environment.python:
        return adopted_spec(asked, environment, known, today=today)
    return resolve(asked, environment, known, today=today, cache=places.cache)


def obtained(spec: ValidationSpec, environment: EnvironmentRequest, places: Places, watch: Watcher) -> EnvironmentRecord:
    """The environment, built or adopted."""
    watch.stage(f"environment of {spec.library} {spec.full_version}")
    return adopt(spec, environment) if environment.python else _built(spec, environment, places, watch)


def _built(spec: ValidationSpec, environment: EnvironmentRequest, places: Places, watch: Watcher) -> EnvironmentRecord:
    further = registry.library(spec.library).undeclared(spec.version)
    return obtain(spec, environment, places.cache, os.environ, watch.stage, further)


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
    fork: bool | None,
) -> EnvironmentRecord:
    """Complete the fingerprint with what the library reports of itself, asked once for each (lock, worker, settings)."""
    host = [[k, v] for k, v in record.fingerprint.host]
    question = digest_of(["describe", record.lock, record.python, worker.digest, sorted(variables.items()), sorted(settings.items()), host])
    with Memo(places.memo) as memo:
        known = memo.get(question) if settings.get("device", "cpu") == "cpu" else None  # devices and drivers come and go
        if known is None:
            facts = describe(
                python=places.interpreter(record),
                worker=worker,
                library=library.name,
                variables=variables,
                settings=settings,
                scratch=places.cache / "scratch",
                fork=fork,
            )
            known = canonical([[k, v] for k, v in sorted(facts.items())])
            memo.put({question: known})
    given = tuple(sorted(clean_environment(variables).items()))
    return replace(record, fingerprint=replace(record.fingerprint, library=_pairs(known), variables=given))


def in_force(record: EnvironmentRecord) -> dict[str, str]:
    """What the described process answered about its settings."""
    return {k.removeprefix(SETTING): v for k, v in record.fingerprint.library if k.startswith(SETTING)}


def _pairs(data: bytes) -> tuple[tuple[str, str], ...]:
    return tuple((str(k), str(v)) for k, v in json.loads(data))


def write_plan(
    job: Job, *, environment: EnvironmentRequest, functions: tuple[str, ...], output: Path, places: Places, watch: Watcher,
    narrowing: Narrowing | None = None,
) -> tuple[bytes, ValidationPlan]:  # fmt: skip
    """Plan and stop."""
    made = prepare(job, environment=environment, functions=functions, places=places, watch=watch, narrowing=narrowing)
    write_file(output, made.plan_bytes)
    return made.plan_bytes, made.catalogue.plan
