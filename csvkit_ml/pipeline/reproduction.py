"""One case of a finished report, again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml.errors import IntegrityError, PlanChangedError, UnknownCaseError
from csvkit_ml.evidence.folder import read_file
from csvkit_ml.evidence.store import Store, digests_of
from csvkit_ml.model.codec import CodecError, decode
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.report import ReportModel
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.judging import SCHEMA, judge
from csvkit_ml.pipeline.observe import observe
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Job, Narrowing, prepare, read_plan
from csvkit_ml.pipeline.scoped import FILE as SCOPE
from csvkit_ml.pipeline.scoped import read_scope
from csvkit_ml.pipeline.whole_models import Modelled, model_of_folder
from csvkit_ml.planning.depth import depth_of


def read_report(folder: Path) -> ReportModel:
    """report.json of a folder. Raises IntegrityError."""
    try:
        return decode(ReportModel, read_file(folder, "report.json"))
    except CodecError as e:
        raise IntegrityError(f"report.json is not a report of this version: {e}", "verify the folder with `mlcsv verify`") from e


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
    spec = read_plan(data).spec
    request = EnvironmentRequest(python=python, beside=() if python else report.environment.beside)
    job = Job(asked=f"{spec.library}=={spec.full_version}", backend=spec.backend, depth=depth_of(spec, case.split("/")[0]))
    scoped: Narrowing | None = read_scope(folder / SCOPE, places, watch) if spec.scope else None
    if spec.model:
        scoped = Modelled(maker=model_of_folder(folder, spec), scoped=scoped)
    made = prepare(job, environment=request, functions=(case.split("/")[0],), places=places, watch=watch, narrowing=scoped)
    old = {f"{f.id}/{s.name}": s.request for f in read_plan(data).functions for s in f.samples}
    prefix, variant = case.rsplit("/", 1)
    if prefix not in made.catalogue.requests or made.catalogue.requests[prefix].digest != old.get(prefix):
        raise PlanChangedError(f"the sample {prefix} is not what it was", "use the version of mlcsv that wrote the report")
    with Store(places.store) as store:
        found = observe(made, store, fresh=True, scratch=places.cache / "scratch", watch=watch, only=case.__eq__)
        seen = found.observations
        planned = next(f for f in made.catalogue.plan.functions if f.id == case.split("/")[0])
        narrow = replace(
            planned, samples=tuple(replace(s, variants=(variant,)) for s in planned.samples if f"{planned.id}/{s.name}" == prefix)
        )
        one = replace(made.catalogue, plan=replace(made.catalogue.plan, functions=(narrow,)))
        manifest = EvidenceManifest(schema=SCHEMA, plan=sha256(data), environment=sha256(b""), worker=made.worker.digest, observations=seen)
        now = judge(one, manifest, sha256(b""), store.get, None, watch, found.unproven).functions[0].cases[0]
        blobs = digests_of(seen[0])[: len(then.evidence)] if seen else ()
    return Reproduction(
        then=f"{then.verdict.value}: {then.detail}", now=f"{now.verdict.value}: {now.detail}", same_bits=tuple(blobs) == then.evidence,
        detail=f"{made.environment.library} {made.environment.version}, backend {spec.backend}",
    )  # fmt: skip
