"""Everything a report says, as one value. Pure: the same records give the same model."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping

from csvkit_ml.errors import IntegrityError
from csvkit_ml.model.anomaly import AnomalyList
from csvkit_ml.model.comparison import DeterminismMatrix
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.device import NO_INPUT, DeviceInput
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Measurement, Reason, SampleClass, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FaultDetection, Judgement, worst_verdict
from csvkit_ml.model.observation import Crashed, Killed, Observation, Outcome, Produced, Raised, TimedOut, Unsupported
from csvkit_ml.model.plan import PlannedFunction, PlannedSample, ValidationPlan
from csvkit_ml.model.report import NOT_SPAWNED, Approval, ReportCase, ReportFunction, ReportModel, RunFacts, SpawnCheck, Standard, Upgrade
from csvkit_ml.model.requirement import OwnTests, RequirementList
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.reporting.findings import find
from csvkit_ml.reporting.intended import intended_use, verdicts
from csvkit_ml.reporting.upgrade import moved

SCHEMA = 1
"""Version of report.json."""

_SEVERITY = {Verdict.FAILED: 0, Verdict.INDETERMINATE: 1, Verdict.PASSED: 2}

_OUTCOMES: Mapping[type[Outcome], str] = {
    Produced: "produced",
    Raised: "raised",
    Crashed: "crashed",
    TimedOut: "timed out",
    Killed: "killed",
    Unsupported: "unsupported",
}


def assemble(
    *,
    plan: ValidationPlan,
    environment: EnvironmentRecord,
    manifest: EvidenceManifest,
    judgement: Judgement,
    detections: tuple[FaultDetection, ...],
    plan_digest: Digest,
    manifest_digest: Digest,
    suite: Digest,
    oracles: tuple[tuple[str, str], ...],
    run: RunFacts,
    signed_by: str,
    spawn_check: SpawnCheck = NOT_SPAWNED,
    maker: str = "",
    device: DeviceInput = NO_INPUT,
    standards: tuple[Standard, ...] = (),
    renderers: tuple[tuple[str, str], ...] = (),
    coverage: Coverage | None = None,
    anomalies: AnomalyList | None = None,
    scope: ScopeList | None = None,
    requirements: RequirementList | None = None,
    own_tests: OwnTests | None = None,
    plan_approvals: tuple[Approval, ...] = (),
    upgrade: Upgrade | None = None,
    determinism: DeterminismMatrix | None = None,
) -> ReportModel:
    """Build the report.

    1. The records must belong together: the manifest names the plan, the judgement names the manifest, and nothing
       was observed or judged that was not planned.
    2. A planned case without a judgement is INDETERMINATE (not executed), never left out.
    3. Functions: failed, then indeterminate, then passed; within these by area and id. Cases: worst verdict first,
       ordinary samples before others, then by error / limit.
    4. The status is the worst verdict of all cases, and never better than what is shown of the intended use: the scope, the
       maker's requirements and tests.

    Raises:
        IntegrityError: the records do not belong together.
    """
    _check_chain(plan, manifest, judgement, plan_digest, manifest_digest)
    judged = {c.case: c for f in judgement.functions for c in f.cases}
    observed = {o.case: o for o in manifest.observations}
    functions = [_function(f, judged, observed, plan.repetitions, detections) for f in plan.functions]
    functions.sort(key=lambda f: (_SEVERITY[f.verdict], f.area, f.id))
    spec = plan.spec
    return ReportModel(
        schema=SCHEMA,
        title=f"{environment.library} {environment.version} on {spec.backend}",
        tool=plan.tool,
        status=worst_verdict((worst_verdict(tuple(f.verdict for f in functions)), *verdicts(scope, requirements, own_tests))),
        asked=spec.asked,
        library=environment.library,
        version=environment.version,
        backend=spec.backend,
        settings=plan.settings,
        plan=plan_digest,
        manifest=manifest_digest,
        suite=suite,
        oracles=oracles,
        environment=environment,
        repetitions=plan.repetitions,
        required_identical=plan.required_identical,
        functions=tuple(functions),
        not_offered=plan.not_offered,
        findings=find(
            plan=plan, environment=environment, functions=tuple(functions), spawn_check=spawn_check, run=run, maker=maker, coverage=coverage,
            anomalies=anomalies, device=device, more=(*moved(upgrade), *intended_use(scope, requirements, own_tests)),
        ),
        run=run,
        signed_by=signed_by,
        spawn_check=spawn_check,
        maker=maker,
        device=device,
        standards=standards,
        renderers=renderers,
        coverage=coverage,
        anomalies=anomalies,
        scope=scope,
        requirements=requirements,
        own_tests=own_tests,
        plan_approvals=plan_approvals,
        upgrade=upgrade,
        determinism=determinism,
    )


def reproduce(case: str) -> str:
    """Command line that re-runs one case of the report folder in REPORT_DIR."""
    return f"mlcsv reproduce REPORT_DIR '{case}'" if "'" not in case else f"mlcsv reproduce REPORT_DIR {shlex.quote(case)}"


def severity(m: Measurement) -> float:
    """Error / limit for ranking: what is not a number is infinitely wrong."""
    return math.inf if math.isnan(m.ratio) else m.ratio


def worst_of(measurements: tuple[Measurement, ...]) -> Measurement | None:
    """The measurement with the largest error / limit, the first of equals."""
    return max(measurements, key=severity, default=None)


def _check_chain(
    plan: ValidationPlan, manifest: EvidenceManifest, judgement: Judgement, plan_digest: Digest, manifest_digest: Digest
) -> None:
    if manifest.plan != plan_digest:
        raise IntegrityError(f"the evidence answers to plan {manifest.plan}, not to {plan_digest}", "report each run with its own plan")
    if judgement.manifest != manifest_digest:
        raise IntegrityError(f"the judgement is about manifest {judgement.manifest}, not {manifest_digest}", "judge this evidence again")
    planned = {c for f in plan.functions for c in f.case_ids()}
    for what, cases in (
        ("observed", [o.case for o in manifest.observations]),
        ("judged", [c.case for f in judgement.functions for c in f.cases]),
    ):
        if strangers := sorted(set(cases) - planned):
            raise IntegrityError(f"case {strangers[0]!r} was {what} but never planned", "the plan fixes every case before the run")
        if len(cases) != len(set(cases)):
            raise IntegrityError(f"a case was {what} twice", "each case has one record")


def _function(
    planned: PlannedFunction,
    judged: Mapping[str, CaseJudgement],
    observed: Mapping[str, Observation],
    repetitions: tuple[str, ...],
    detections: tuple[FaultDetection, ...],
) -> ReportFunction:
    cases = [_case(f"{planned.id}/{s.name}/{v}", s, v, judged, observed, repetitions) for s in planned.samples for v in s.variants]
    cases.sort(key=_case_order)
    verdicts = tuple(c.verdict for c in cases)
    return ReportFunction(
        id=planned.id,
        side=planned.side,
        area=planned.area,
        requirement=planned.requirement,
        source=planned.source,
        oracle=planned.oracle,
        names=planned.names,
        verdict=worst_verdict(verdicts),
        passed=verdicts.count(Verdict.PASSED),
        failed=verdicts.count(Verdict.FAILED),
        indeterminate=verdicts.count(Verdict.INDETERMINATE),
        worst=worst_of(tuple(m for c in cases for m in c.measurements)),
        faults=tuple(d for d in detections if d.function == planned.id),
        cases=tuple(cases),
    )


def _case_order(case: ReportCase) -> tuple[int, int, float]:
    """Equals stay in the plan's order: the plain variant first."""
    ordinary = case.why == SampleClass.ORDINARY.value
    worst = worst_of(case.measurements)
    return (_SEVERITY[case.verdict], 0 if ordinary else 1, -severity(worst) if worst else 0.0)


def _case(
    case: str,
    sample: PlannedSample,
    variant: str,
    judged: Mapping[str, CaseJudgement],
    observed: Mapping[str, Observation],
    repetitions: tuple[str, ...],
) -> ReportCase:
    judgement = judged.get(case) or CaseJudgement(case=case, reason=Reason.NOT_RUN, detail="No judgement of this case exists.")
    outcomes = tuple(r.outcome for r in observed[case].repetitions) if case in observed else ()
    return ReportCase(
        id=case,
        sample=sample.name,
        variant=variant,
        dtype=sample.dtype,
        why=sample.why.value,
        shapes=sample.shapes,
        params=sample.params,
        verdict=judgement.verdict,
        reason=judgement.reason,
        detail=judgement.detail,
        measurements=judgement.measurements,
        criterion=sample.criterion,
        outcome=_OUTCOMES[type(outcomes[0])] if outcomes else "not run",
        evidence=_blobs(outcomes[0]) if outcomes else (),
        identical=_identical(outcomes, len(repetitions)) and not judgement.differing,
        differing=judgement.differing,
        reproduce=reproduce(case),
    )


def _blobs(outcome: Outcome) -> tuple[Digest, ...]:
    if isinstance(outcome, Produced):
        return tuple(o.blob for o in outcome.outputs)
    return (outcome.stderr,) if isinstance(outcome, Crashed) else ()


def _identical(outcomes: tuple[Outcome, ...], wanted: int) -> bool:
    """Every planned repetition produced the same bits; fewer than two repetitions show nothing."""
    complete = len(outcomes) >= max(2, wanted)
    return complete and all(isinstance(o, Produced) for o in outcomes) and len(set(outcomes)) == 1
