"""What a person must look at, from the assembled parts of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from csvkit_ml.model.anomaly import AnomalyList, Relevance
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.device import NO_INPUT, DeviceInput
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.plan import PlannedFunction, ValidationPlan
from csvkit_ml.model.report import Finding, ReportFunction, ReportModel, RunFacts, SpawnCheck
from csvkit_ml.model.spec import SAYS, Depth, ValidationSpec
from csvkit_ml.reporting.bisection import FIRST_OPERATOR, bisected
from csvkit_ml.reporting.intended import NOT_VERIFIED, OWN_TEST, REQUIREMENT
from csvkit_ml.reporting.upgrade import MOVED

KINDS = (
    "failure", FIRST_OPERATOR, "indeterminate", "undetected-fault", "installation", "not-repeatable", MOVED, "not-offered", "unclassified",
    "anomaly", NOT_VERIFIED, REQUIREMENT, OWN_TEST, "depth", "incomplete", "open",
)  # fmt: skip
"""Kinds of finding in the order of the report."""

DISPOSED = ("failure", "indeterminate", "undetected-fault", "installation", "not-repeatable", MOVED, NOT_VERIFIED, REQUIREMENT, OWN_TEST)
"""Kinds about which a person must decide."""

DRAFT = ("incomplete", "open")
"""Kinds that keep the DRAFT mark on the report."""

QUESTIONS = {
    "designator": "unique designator of the item",
    "change": "change or approval id",
    "occasion": "initial validation or re-validation, and why",
    "tool_use": "intended use of the training functionality",
    "soup_use": "intended use of the inference functionality",
    "tool_risk": "risk of the tool, with reason",
    "soup_risk": "risk class of the SOUP item, with reason",
    "depth": "why this depth of assurance",
    "required_configuration": "hardware and software that the intended use requires",
    "supplier": "supplier evidence leaned on",
    "maintenance": "what triggers the next assessment; retirement",
    "tool_conclusion": "conclusion about the tool, with residual risk",
    "soup_conclusion": "conclusion about the SOUP item, with residual risk",
    "next_review": "date of the next review",
}
"""Every text of the human input, in words."""


def find(
    *, plan: ValidationPlan, environment: EnvironmentRecord, functions: tuple[ReportFunction, ...], spawn_check: SpawnCheck, run: RunFacts,
    maker: str, coverage: Coverage | None = None, anomalies: AnomalyList | None = None,
    device: DeviceInput = NO_INPUT, more: tuple[Finding, ...] = (),
) -> tuple[Finding, ...]:  # fmt: skip
    """All findings, by kind, then in the order of the report's functions."""
    planned = {f.id: f for f in plan.functions}
    found = [
        *_verdicts(functions),
        *bisected(functions),
        *(x for f in functions for x in _faults(f, planned[f.id].faults)),
        *_installation(environment),
        *(x for f in functions for x in _repeatability(f, planned[f.id])),
        *_spawned(spawn_check),
        *(Finding(kind="not-offered", subject=n.function, sentence=f"{n.what}: {n.reason}") for n in plan.not_offered),
        *_depth(plan.spec),
        *_unclassified(coverage),
        *_anomalies(anomalies),
        *more,
        *_incomplete(environment, run, maker),
    ]
    return tuple(sorted([*found, *open_items(tuple(found), device)], key=lambda f: KINDS.index(f.kind)))


def open_items(found: tuple[Finding, ...], device: DeviceInput) -> Iterator[Finding]:
    """What a person has not said yet: empty texts of the human input, and findings without a disposition."""
    for name in dict.fromkeys((*device.open("tool"), *device.open("soup"))):
        yield Finding(kind="open", subject=QUESTIONS[name], sentence="Not answered: until it is, this report is a draft.")
    for kind in DISPOSED:
        undecided = [f.subject for f in found if f.kind == kind and device.disposition(kind, f.subject) is None]
        if undecided:
            sentence = f"{len(undecided)} without a disposition: {', '.join(undecided[:12])}{' ...' if len(undecided) > 12 else ''}."
            yield Finding(kind="open", subject=f"dispositions of kind {kind}", sentence=sentence)


def is_draft(model: ReportModel) -> bool:
    """A fact of the first page is missing, or a question is open."""
    return any(f.kind in DRAFT for f in model.findings)


def with_device(model: ReportModel, device: DeviceInput) -> ReportModel:
    """The report with other human input, and the open items that follow from it."""
    kept = tuple(f for f in model.findings if f.kind != "open")
    return replace(model, device=device, findings=(*kept, *open_items(kept, device)))


def _depth(spec: ValidationSpec) -> Iterator[Finding]:
    """Where not all functions were run with all their samples and no more."""
    if spec.depth is not Depth.STANDARD:
        yield Finding(kind="depth", subject=spec.depth.value, sentence=f"Of every function, {SAYS[spec.depth]}.")
    for depth in Depth:
        if chosen := [d for d in spec.depths if d.depth is depth]:
            reasons = ", ".join(f"{d.function} ({d.reason})" for d in chosen)
            yield Finding(kind="depth", subject=f"{depth.value}, by risk", sentence=f"{SAYS[depth][0].upper()}{SAYS[depth][1:]}: {reasons}.")


def _verdicts(functions: tuple[ReportFunction, ...]) -> Iterator[Finding]:
    kinds = {Verdict.FAILED: "failure", Verdict.INDETERMINATE: "indeterminate"}
    for f in functions:
        if f.verdict in kinds:
            yield Finding(kind=kinds[f.verdict], subject=f.id, sentence=_why(f))


def _why(f: ReportFunction) -> str:
    """Counts, then each reason with its number of cases, then the first case in words."""
    if not f.cases:
        return "No case was planned: nothing is shown."
    reasons = Counter(c.reason.value for c in f.cases if c.verdict is not Verdict.PASSED)
    told = "; ".join(f"{r} ({n})" for r, n in sorted(reasons.items(), key=lambda x: (-x[1], x[0])))
    first = f.cases[0]
    counts = f"{f.failed} failed and {f.indeterminate} indeterminate of {len(f.cases)} cases"
    return f"{counts}: {told}. First, {first.id}: {first.detail}"


def _faults(f: ReportFunction, planned: tuple[str, ...]) -> Iterator[Finding]:
    for d in f.faults:
        if d.detected:
            continue
        if not d.accepted_true:
            why = "the unchanged true result was rejected, so a rejection of the fault shows nothing"
        else:
            why = f"none of the {d.tried} samples tried rejects it" if d.tried else "no sample can be made to show it"
        yield Finding(
            kind="undetected-fault", subject=f"{f.id}: {d.fault}", sentence=f"Seeded fault ({d.sentence}) is not detected: {why}."
        )
    for fault in planned:
        if fault not in {d.fault for d in f.faults}:
            yield Finding(kind="undetected-fault", subject=f"{f.id}: {fault}", sentence="Seeded fault was never tried.")


def _installation(environment: EnvironmentRecord) -> Iterator[Finding]:
    for i in environment.findings:
        yield Finding(kind="installation", subject=i.distribution, sentence=f"{i.what}: {i.path}")


def _repeatability(f: ReportFunction, planned: PlannedFunction) -> Iterator[Finding]:
    differing = [c for c in f.cases if c.differing]
    if not differing:
        return
    kinds = ", ".join(sorted({k for c in differing for k in c.differing}))
    rule = "Identical bits are required." if planned.repeatable else "Identical bits are not required of this function."
    first = differing[0].id
    sentence = f"{len(differing)} of {len(f.cases)} cases give other bits when repeated ({kinds}). {rule} First: {first}"
    yield Finding(kind="not-repeatable", subject=f.id, sentence=sentence)


def _spawned(check: SpawnCheck) -> Iterator[Finding]:
    for case in check.differing:
        yield Finding(kind="not-repeatable", subject=case, sentence="A process started from nothing gives another outcome than a forked one.")


def _unclassified(coverage: Coverage | None) -> Iterator[Finding]:
    """Names under no regime, and names that are verified but not there."""
    if coverage is None:
        return
    for what, operator in (("names", False), ("operators", True)):
        if names := [u.name + f" (claimed by {', '.join(u.rules)})" * bool(u.rules) for u in coverage.unclassified if u.operator is operator]:
            sentence = f"No rule of the functional split gives one side to these {what} of this release ({len(names)}): {', '.join(names)}"
            yield Finding(kind="unclassified", subject=f"{coverage.library}: {what}", sentence=sentence)


def _anomalies(anomalies: AnomalyList | None) -> Iterator[Finding]:
    """What nobody decided yet, and what is relevant without evidence that it does not occur."""
    rows = anomalies.rows if anomalies else ()
    for row in rows:
        d = row.decision
        if d.relevance is Relevance.NOT_REVIEWED and row.demanded:
            yield Finding(kind="anomaly", subject=d.id, sentence=f"To be decided by a person: {row.anomaly.title}")
        if d.relevance is Relevance.RELEVANT:
            seen = ", ".join(f"{p.function} {p.verdict.value if p.verdict else 'not in this run'}" for p in row.probes)
            if not seen or any(p.verdict is not Verdict.PASSED for p in row.probes):
                told = f"probed by {seen}" if seen else "no function probes it"
                yield Finding(kind="anomaly", subject=d.id, sentence=f"Relevant ({d.disposition}); {told}: {row.anomaly.title}")


def _incomplete(environment: EnvironmentRecord, run: RunFacts, maker: str) -> Iterator[Finding]:
    """Facts that the first page must state and nobody recorded."""
    facts = environment.fingerprint
    missing = {
        "tester": not run.tester,
        "date": not run.finished,
        "maker of the library": not maker,
        "hardware and operating system": not facts.host,
        "interpreter": not facts.interpreter,
        "distributions": not environment.distributions,
    }
    for what, absent in missing.items():
        if absent:
            yield Finding(kind="incomplete", subject=what, sentence="Not recorded: until it is, this report is a draft.")
