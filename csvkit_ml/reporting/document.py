"""The two paper reports as one kind of value: which sections, in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.judgement import worst_verdict
from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting import failure_modes, paper_cases, paper_closing, paper_item, paper_left_out, paper_results, upgrade
from csvkit_ml.reporting.blocks import Block, Section, caption, cell, facts, safe, table
from csvkit_ml.reporting.display import plural
from csvkit_ml.reporting.findings import DRAFT, QUESTIONS
from csvkit_ml.reporting.paper_item import OPEN
from csvkit_ml.reporting.wording import CONCLUDES


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the two reports of a run."""

    key: str
    """`tool` or `soup`, as clause maps and human input name it."""
    title: str
    regime: str
    sides: tuple[Side, ...]


TOOL = Kind(
    key="tool",
    title="Tool validation report",
    regime="Training functionality: software of the quality system, not part of the device. Functions that inference uses too are cited.",
    sides=(Side.TRAINING, Side.BOTH),
)
SOUP = Kind(
    key="soup",
    title="SOUP verification report",
    regime="Inference functionality: software of unknown provenance that executes inside the device.",
    sides=(Side.INFERENCE, Side.BOTH),
)

_STYLES = {Verdict.PASSED: "ok", Verdict.FAILED: "bad", Verdict.INDETERMINATE: "open"}
_SIGNS = {Verdict.PASSED: "✓ passed", Verdict.FAILED: "✗ failed", Verdict.INDETERMINATE: "? indeterminate"}


def document(model: ReportModel, kind: Kind) -> dict[str, Any]:
    """Everything that the template places, with every text already printable."""
    functions = tuple(f for f in model.functions if f.side in kind.sides)
    sections = _sections(model, functions, kind)
    numbers = {s.key: str(n) for n, s in enumerate(sections, 1)}
    marks = (["DRAFT"] if is_draft(model, kind) else []) + ([] if model.signed_by else ["UNSIGNED"])
    status = worst_verdict(tuple(f.verdict for f in functions))
    placed: dict[str, Any] = safe(
        {
            "title": f"{model.library} {model.version}",
            "kind": f"{kind.title} by {model.tool}",
            "running": f"{kind.title}: {model.title}",
            "author": model.run.tester or model.tool,
            "tool": model.tool,
            "identity": f"plan {model.plan}",
            "marks": marks,
            "draft": "DRAFT" in marks,
            "status": {"text": _SIGNS[status], "style": _STYLES[status], "counts": _counts(functions), "words": f"{kind.regime} {CONCLUDES}"},
            "front": _front(model, functions, kind, numbers),
            "sections": [{"key": s.key, "title": s.title, "blocks": list(s.blocks)} for s in sections],
        }
    )
    return placed | {"date": list(_date(model))}


def is_draft(model: ReportModel, kind: Kind) -> bool:
    """A fact of page 1 is missing, or a question of this report is open."""
    other = {QUESTIONS[n] for n in QUESTIONS if n.startswith("soup_" if kind is TOOL else "tool_")}
    return any(f.kind in DRAFT and f.subject not in other for f in model.findings)


def timestamp(model: ReportModel) -> int:
    """Seconds of the end of the run: the only clock that the bytes depend on."""
    try:
        return max(0, int(datetime.fromisoformat(model.run.finished).timestamp()))
    except (ValueError, OverflowError):
        return 0


def _date(model: ReportModel) -> tuple[int, int, int]:
    day = datetime.fromtimestamp(timestamp(model), UTC)
    return day.year, day.month, day.day


def _sections(model: ReportModel, functions: tuple[ReportFunction, ...], kind: Kind) -> tuple[Section, ...]:
    before = (
        paper_item.use(model, kind.key),
        paper_item.item(model),
        paper_item.configuration(model),
        paper_item.plan(model, functions),
        paper_item.supplier(model),
        paper_item.coverage(model),
        paper_results.findings(model, functions),
        paper_results.trace(functions),
        failure_modes.section(functions),
        paper_results.results(functions),
        paper_results.determinism(model, functions),
        *((upgrade.section(model.upgrade, kind.sides),) if model.upgrade else ()),
        paper_results.faults(functions),
        paper_left_out.not_offered(model, functions),
        paper_closing.limits(model),
        paper_closing.repeat(model),
        paper_closing.approvals(model, kind.key),
    )
    after = (paper_closing.glossary(), paper_item.native(model), paper_cases.cases(functions))
    keys = {s.key: n for n, s in enumerate((*before, None, *after), 1) if s is not None}
    clauses = paper_closing.clauses(model, kind.key, {**{k: str(n) for k, n in keys.items()}, "summary": "page 1"})
    return (*before, clauses, *after)


def _counts(functions: tuple[ReportFunction, ...]) -> str:
    passed, failed, open_ = (sum(getattr(f, v) for f in functions) for v in ("passed", "failed", "indeterminate"))
    return f"{plural(len(functions), 'function')}, {plural(passed + failed + open_, 'case')}: {passed:,} passed, {failed:,} failed, {open_:,} indeterminate"


def _front(model: ReportModel, functions: tuple[ReportFunction, ...], kind: Kind, numbers: dict[str, str]) -> list[Block]:
    """Page 1: results, anomalies, version, configuration, tools, date, tester."""
    own = next((d for d in model.environment.distributions if d.name == model.library), None)
    host = dict(model.environment.fingerprint.host)
    natives = sum(len(d.native) for d in model.environment.distributions)
    machine = ", ".join(host[k] for k in ("cpu", "architecture", "cores", "memory", "os", "kernel", "libc") if host.get(k))
    reads = dict(model.environment.fingerprint.interpreter)
    failed = [f for f in model.findings if f.kind in ("failure", "indeterminate") and f.subject in {g.id for g in functions}]
    conclusion = model.device.tool_conclusion if kind is TOOL else model.device.soup_conclusion
    return [
        caption("Software item"),
        facts([
            ("Name, maker", f"{model.library}, {model.maker or 'maker not recorded'}"),
            ("Version", cell("strong", model.version)),
            ("Designator", model.device.designator or OPEN),
            ("Wheel", cell("digest", f"sha256:{own.wheel}") if own and own.wheel else "digest not known (adopted environment)"),
            ("Lock", cell("digest", model.environment.lock)),
            ("Installed with it", f"{plural(len(model.environment.distributions), 'distribution')}, "
             f"{plural(natives, 'native library', 'native libraries')}, each with its digest: sections {numbers['item']} and {numbers['native']}"),
        ]),
        caption("Test configuration"),
        facts([
            ("Machine", machine or "not recorded"),
            ("Interpreter", ", ".join(f"{k} {reads[k]}" for k in ("version", "build", "compiler") if reads.get(k)) or "not recorded"),
            ("Backend", cell("mono", model.backend)),
            ("Settings", ", ".join(f"{k} = {v}" for k, v in model.settings) or "none"),
            ("In full", f"section {numbers['configuration']}: instruction sets, libraries inside, every environment variable"),
        ]),
        caption("Test tools, date, tester"),
        facts([
            ("Tool", f"{model.tool}; reference arithmetic {', '.join(f'{n} {v}' for n, v in model.oracles)}"),
            ("Suite", cell("digest", model.suite)),
            ("Plan, fixed before the run", cell("digest", model.plan)),
            ("Evidence", cell("digest", model.manifest)),
            ("Date (UTC)", f"{model.run.started} to {model.run.finished}"),
            ("Tester", model.run.tester or "not recorded"),
            ("Machine attestation", model.signed_by or "UNSIGNED: nobody can tell whether the files were changed"),
            ("Approvals", "; ".join(f"{a.role}: {a.name}, {a.time}" for a in model.approvals) + "; later ones: last page"
             if model.approvals else "none when this was laid out; later ones: last page"),
        ]),
        caption("Results and anomalies"),
        table(
            [("Kind of finding", "2fr"), ("Number", "auto>"), ("First", "5fr")],
            paper_results.finding_counts(model, functions) or [["none", "0", ""]],
            small=True,
        ),
        facts([("Conclusion", conclusion or OPEN)] + ([] if failed else [("Functions that did not pass", "none")])),
    ]  # fmt: skip


