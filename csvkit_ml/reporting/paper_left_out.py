"""The paper section about what was left out of a run: one row a reason, with every function that it concerns."""

from __future__ import annotations

from csvkit_ml.model.plan import NotOffered
from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting.blocks import Cell, Section, cell, para, table
from csvkit_ml.reporting.left_out import by_reason


def left_out(model: ReportModel, functions: tuple[ReportFunction, ...]) -> list[NotOffered]:
    """What concerns the functions of a report, and the functions that neither report has."""
    ids, everything = {f.id for f in functions}, {f.id for f in model.functions}
    return [n for n in model.not_offered if n.function in ids or n.function not in everything]


def not_offered(model: ReportModel, functions: tuple[ReportFunction, ...]) -> Section:
    """What was left out, why, and for which functions."""
    rows: list[list[Cell]] = [
        [what, reason, f"{len(names):,}", cell("soft", ", ".join(names))] for what, reason, names in by_reason(left_out(model, functions))
    ]
    columns = [("What", "0.8fr"), ("Reason", "1.6fr"), ("Functions", "auto>"), ("Which", "4.5fr")]
    blocks = (
        (para("Left out of this run, with the reason. None of it counts as passed."), table(columns, rows, small=True))
        if rows
        else (para("Nothing was left out of what the suite has for this library."),)
    )
    return Section(key="not-offered", title="Not offered, out of scope", blocks=blocks)
