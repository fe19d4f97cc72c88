"""Paper sections that close a report: limits, how to repeat, approvals, clause index, glossary."""

from __future__ import annotations

from collections.abc import Mapping

from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import wording
from csvkit_ml.reporting.blocks import Block, Cell, Section, cell, facts, heading, items, para, table
from csvkit_ml.reporting.paper_item import OPEN

INSTEAD = {"upgrade": "use"}
"""Where to look when a section is not there: without a baseline, why the run was done, and when the next review is."""


def limits(model: ReportModel) -> Section:
    """What the evidence does not show."""
    return Section(key="limits", title="Limits of this evidence", blocks=(items(wording.limits(model)),))


def repeat(model: ReportModel) -> Section:
    """How to repeat the run and check the record."""
    rows = [[what, cell("mono", command), remark] for what, command, remark in wording.repeat(model)]
    columns = [("To repeat", "1.4fr"), ("Command", "2fr"), ("", "1.4fr")]
    record = "The complete record is machine-readable: report.json is attached to this file and lies beside it in the report folder."
    return Section(key="repeat", title="How to repeat, how to check the record", blocks=(table(columns, rows), para(record)))


def approvals(model: ReportModel, kind: str) -> Section:
    """Personal signatures, or the places for them."""
    conclusion = model.device.tool_conclusion if kind == "tool" else model.device.soup_conclusion
    words = (
        "The machine attestation says that this run produced these files. An approval says that a person stands behind them: printed name, "
        "time and meaning are part of the signed bytes."
    )
    rows: list[list[Cell]] = [[a.role, cell("strong", a.name), a.time, a.meaning, cell("mono", a.keyid[:16] + " …")] for a in model.approvals]
    columns = [("Role", "auto"), ("Printed name", "1.2fr"), ("Time (UTC)", "auto"), ("Meaning", "2fr"), ("Key", "auto")]
    signed: Block = table(columns, rows) if rows else para("No approval is recorded in this file.", "strong")
    return Section(
        key="approvals",
        title="Conclusion and approvals",
        blocks=(facts([("Conclusion", conclusion or OPEN), ("Machine attestation", model.signed_by or "UNSIGNED")]), para(words), signed),
    )


def clauses(model: ReportModel, kind: str, numbers: Mapping[str, str]) -> Section:
    """Clause -> section, for every chosen standard that this report answers."""
    blocks: list[Block] = [
        para("In our words, to help find things; the standard's own text counts. An entry shows where to look, not that a requirement is met.")
    ]
    for s in model.standards:
        if kind not in s.reports:
            continue
        blocks.append(heading(2, s.title))
        blocks.append(para(s.edition, "soft"))
        rows: list[list[Cell]] = []
        for c in s.clauses:
            place = c.section if c.section in numbers else INSTEAD.get(c.section, "")
            n = numbers.get(place, "")
            where: Cell = cell("bad", "not in this report") if not n else n if not n.isdigit() else {"s": "link", "t": f"section {n}", "to": place}
            rows.append([c.clause, c.asks, where])
        blocks.append(table([("Clause", "1fr"), ("What it asks for", "4fr"), ("Where", "auto")], rows, small=True))
    if len(blocks) == 1:
        blocks.append(para("No clause map was chosen."))
    return Section(key="clauses", title="Clause index", blocks=tuple(blocks))


def glossary() -> Section:
    """Words of this report."""
    return Section(key="glossary", title="Glossary", blocks=(facts((term.replace("✕", "✗"), text) for term, text in wording.GLOSSARY),))
