"""The release gate: is there a verified, approved, unexpired report for exactly this lock, these functions, this backend?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from packaging.version import Version

from csvkit_ml.approving import check_folder, device_file
from csvkit_ml.environments.lockfile import Locked
from csvkit_ml.errors import MlcsvError, UsageError
from csvkit_ml.evidence.folder import read_file
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.pipeline import read_report
from csvkit_ml.reporting.device_file import read_device
from csvkit_ml.reporting.findings import DRAFT, is_draft, with_device
from csvkit_ml.signing.approval import places, read_approval
from csvkit_ml.signing.envelope import verify
from csvkit_ml.signing.keys import instant
from csvkit_ml.signing.plan_approval import WHAT as PLAN_APPROVED
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.statement import ATTESTATION

CONDITIONS = (
    "the report and its approvals are intact, by trusted keys in force",
    "it is about this library",
    "it is about exactly this version",
    "the lock pins digests, and the tested wheel is one of them",
    "it is about this backend",
    "the attesting machine is one of the policy's",
    "the machine has the facts that the policy asks for",
    "every role of the policy has signed, in order",
    "it is not a draft",
    "the run is not older than the policy allows, and not from the future",
    "every function and operator of the scope is covered",
    "what is covered has passed, or a person has disposed of the failure and the policy accepts that",
    "the plan was approved before the run, where the policy asks for that",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the gate asks of the reports."""

    locked: Locked
    library: str
    backend: str
    """Empty = any."""
    scope: tuple[str, ...]
    """Function ids or names of the library; empty = everything that the report covers."""
    policy: Policy
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of the gate for one report."""

    what: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The gate's answer for one library: the report that gets furthest."""

    locked: Locked
    library: str
    report: str
    """Folder, empty when none was given."""
    conditions: tuple[Condition, ...]
    run: str
    """What to run where it is refused."""

    @property
    def ok(self) -> bool:
        return bool(self.conditions) and all(c.ok for c in self.conditions)

    @property
    def reason(self) -> str:
        """The first condition that is not met."""
        bad = next((c for c in self.conditions if not c.ok), None)
        return f"{bad.what}: {bad.detail}" if bad else "" if self.conditions else "no report was given"


def read_scope(data: bytes) -> tuple[str, ...]:
    """Names of a scope file: `{"functions": [...], "operators": [...]}` or a plain list. Raises UsageError."""
    try:
        tree = json.loads(data)
        names = tree if isinstance(tree, list) else [*tree.get("functions", ()), *tree.get("operators", ())]
        if not names or not all(isinstance(n, str) and n for n in names):
            raise ValueError("no names")
    except (ValueError, AttributeError, TypeError, RecursionError) as e:
        raise UsageError(f"not a scope: {e}", '{"functions": ["conv2d"], "operators": ["ai.onnx.Relu"]}') from e
    return tuple(dict.fromkeys(names))


def rule(question: Question, folders: tuple[Path, ...], trusted: tuple[PublicKey, ...]) -> Ruling:
    """Examine every report and keep the one with the most conditions met; one that meets all opens the gate."""
    rulings = [_ruling(question, str(f), examine(question, f, trusted)) for f in folders]
    return max(rulings, key=lambda r: (r.ok, sum(c.ok for c in r.conditions)), default=_ruling(question, "", ()))


def _ruling(q: Question, report: str, conditions: tuple[Condition, ...]) -> Ruling:
    backend = f" --backend {q.backend}" if q.backend else ""
    run = f"mlcsv validate {q.locked.name}=={q.locked.version or 'VERSION'}{backend}, then mlcsv sign"
    return Ruling(locked=q.locked, library=q.library, report=report, conditions=conditions, run=run)


def examine(q: Question, folder: Path, trusted: tuple[PublicKey, ...]) -> tuple[Condition, ...]:
    """All conditions of one report, in order; what cannot be looked at is not met."""
    answers: list[str] = []
    try:
        answers.extend(_answers(q, folder, trusted))
    except (MlcsvError, ValueError, OSError) as e:
        answers.append(getattr(e, "cause", f"cannot be read: {e}"))
    rest = ["not looked at"] * (len(CONDITIONS) - len(answers))
    return tuple(Condition(what=w, ok=not a, detail=a) for w, a in zip(CONDITIONS, [*answers, *rest], strict=True))


def _answers(q: Question, folder: Path, trusted: tuple[PublicKey, ...]) -> Iterator[str]:
    """For each condition what is wrong, empty when it is met. Nothing of a report that is not intact is believed."""
    checks = check_folder(folder, trusted, q.policy)
    plan = next((c for c in checks if c.what == PLAN_APPROVED), None)
    intact = next((c for c in checks[:-1] if not c.ok and c is not plan), None)
    if intact:
        yield f"check {intact.number}, {intact.what}: {intact.detail}"
        return
    yield ""
    signed = tuple(read_approval(folder, p, trusted) for p in places(folder))
    model, written = read_report(folder), device_file(folder, signed)
    model = with_device(model, read_device(read_file(folder, written))) if written else model
    yield "" if model.library == q.library else f"it is about {model.library}"
    yield _version(q, model)
    yield _digest(q, model)
    yield "" if q.backend in ("", model.backend) else f"it is about {model.backend}, not {q.backend}"
    key = verify(read_file(folder, ATTESTATION), trusted)[2]
    yield "" if not q.policy.machines or key.keyid in q.policy.machines else f"attested by {key.name} ({key.keyid[:16]}...)"
    facts = dict(model.environment.fingerprint.host)
    strange = ((k, facts.get(k, "not recorded"), v) for k, v in q.policy.host if facts.get(k) != v)
    yield next((f"{k} is {found!r}, not {wanted!r}" for k, found, wanted in strange), "")
    yield "" if checks[-1].ok else checks[-1].detail
    asked = "; ".join(f.subject for f in model.findings if f.kind in DRAFT)
    yield "" if not is_draft(model) or q.policy.allow_draft else f"open: {asked[:200]}"
    yield _age(q, model)
    covered, missing = _covered(q.scope, model)
    yield f"not covered: {', '.join(missing[:8])}" if missing else "" if covered else "it covers nothing"
    yield _results(q.policy, covered, model)
    yield plan.detail if plan and not plan.ok and q.policy.plan else ""


def _version(q: Question, model: ReportModel) -> str:
    if not q.locked.version:
        return "the lock pins no version"
    asked, tested = Version(q.locked.version), Version(model.version)
    same = asked == tested or (asked.local is None and asked == Version(tested.public))  # without a label the digest decides which build
    return "" if same else f"it is about {model.version}, the lock says {q.locked.version}"


def _digest(q: Question, model: ReportModel) -> str:
    own = next((d for d in model.environment.distributions if d.name.lower().replace("_", "-") == q.locked.name), None)
    if not q.locked.hashes:
        return "the lock pins no digest: lock with hashes"
    if own is None or not own.wheel:
        return "the report knows no wheel digest (an adopted environment)"
    wheel = own.wheel.removeprefix("sha256:")
    return "" if wheel in q.locked.hashes else f"the tested wheel sha256:{wheel} is not in the lock"


def _age(q: Question, model: ReportModel) -> str:
    finished, now = instant(model.run.finished), datetime.fromisoformat(q.now)
    if finished > now + timedelta(minutes=10):
        return f"the run says {model.run.finished}, which is in the future"
    days = (now - finished).days
    if days > q.policy.max_age_days:
        return f"the run is {days} days old, allowed are {q.policy.max_age_days}"
    review = model.device.next_review.strip()
    try:
        return f"the next review was due on {review}" if review and datetime.fromisoformat(review).date() < now.date() else ""
    except ValueError:
        return ""


def _covered(scope: tuple[str, ...], model: ReportModel) -> tuple[tuple[ReportFunction, ...], list[str]]:
    if not scope:
        return model.functions, []
    by_name: dict[str, list[ReportFunction]] = {}
    for f in model.functions:
        for name in {f.id, *f.names}:
            by_name.setdefault(name, []).append(f)
    found = tuple(dict.fromkeys(f.id for n in scope for f in by_name.get(n, ())))
    return tuple(f for f in model.functions if f.id in found), [n for n in scope if n not in by_name]


def _results(policy: Policy, covered: tuple[ReportFunction, ...], model: ReportModel) -> str:
    for f in covered:
        if f.verdict is Verdict.INDETERMINATE or f.indeterminate:
            return f"{f.id} is INDETERMINATE in {f.indeterminate} cases"
        if f.verdict is Verdict.FAILED:
            decided = model.device.disposition("failure", f.id)
            if not (policy.accept_failed_if_disposed and decided):
                return f"{f.id} FAILED{'' if not decided else ', and the policy does not accept dispositions'}"
    return ""


def checklist(rulings: tuple[Ruling, ...]) -> str:
    """The rulings as Markdown, with the boxes ticked that evidence ticks."""
    lines = ["# Release checklist: machine-learning libraries", ""]
    for r in rulings:
        lines += [f"## {_md(r.locked.name)} {_md(r.locked.version)}", "", f"Report: {_md(r.report) if r.report else 'none'}", ""]
        lines += [f"- [{'x' if c.ok else ' '}] {c.what}{f' ({_md(c.detail)})' if c.detail else ''}" for c in r.conditions]
        lines += [] if r.conditions else ["- [ ] a report exists"]
        lines += ["- [ ] a person has read the report's findings and limits", "", *([] if r.ok else [f"To do: `{r.run}`", ""])]
    return "\n".join(lines) + "\n"


def _md(text: str) -> str:
    """Text of a report inside Markdown: no markup, one line."""
    plain = "".join(ch if ch.isprintable() else " " for ch in text)
    return "".join(f"\\{ch}" if ch in "\\`*_[]<>#|!" else ch for ch in plain)
