"""Paper sections about what was found: worst cases first, then everything."""

from __future__ import annotations

from collections.abc import Iterator

from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import Finding, ReportFunction, ReportModel
from csvkit_ml.reporting import agreement, circumstances
from csvkit_ml.reporting.bisection import models
from csvkit_ml.reporting.blocks import Block, Cell, Section, cell, facts, heading, items, para, picture, table
from csvkit_ml.reporting.display import plural, ratio
from csvkit_ml.reporting.figures import figure_table
from csvkit_ml.reporting.findings import DISPOSED, KINDS
from csvkit_ml.reporting.html_view import FINDING_TITLES
from csvkit_ml.reporting.left_out import by_reason
from csvkit_ml.reporting.paper_cases import COLUMNS, SIGNS, STYLES, nearest, table_row, told
from csvkit_ml.reporting.paper_cases import rows as agreeing
from csvkit_ml.reporting.paper_item import OPEN
from csvkit_ml.reporting.paper_left_out import left_out
from csvkit_ml.reporting.pictures import PER_PICTURE, ratio_rows, ratio_words

SHOWN = 3
"""Passed samples shown for each function, the worst ones; all others stand in the list of cases."""
TOLD = 6
"""Samples that did not pass, told in words for each function; variants that say the same are one."""
def verdict_cell(verdict: Verdict) -> Cell:
    """Sign and word, so that colour is not needed."""
    return cell(STYLES[verdict], f"{SIGNS[verdict]} {verdict.value.lower()}")


def label_of(function: str) -> str:
    """Label of a function's results: letters, digits and dashes only, distinct for distinct ids."""
    return "fn-" + "".join(ch if ch.isascii() and ch.isalnum() else f"-{ord(ch):x}-" for ch in function)


def _about(finding: Finding, ids: set[str], everything: set[str]) -> bool:
    """Findings about a function of the other side belong into the other report."""
    function = finding.subject.split(":")[0].split("/")[0]
    return function in ids or function not in everything


def _of(model: ReportModel, functions: tuple[ReportFunction, ...]) -> list[Finding]:
    ids, everything = {f.id for f in functions}, {f.id for f in model.functions}
    return [f for f in model.findings if _about(f, ids, everything)]


def _kinds(found: list[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    for kind in [*KINDS, *sorted({f.kind for f in found} - set(KINDS))]:
        if group := [f for f in found if f.kind == kind]:
            yield kind, group


def finding_counts(model: ReportModel, functions: tuple[ReportFunction, ...]) -> list[list[Cell]]:
    """One line for every kind of finding."""
    return [
        [FINDING_TITLES.get(kind, kind), str(len(group)), _cut(", ".join(f.subject for f in group), 110)]
        for kind, group in _kinds(_of(model, functions))
    ]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 2] + " …"


def findings(model: ReportModel, functions: tuple[ReportFunction, ...]) -> Section:
    """Every finding with what a person decided about it."""
    blocks: list[Block] = []
    for kind, group in _kinds(_of(model, functions)):
        blocks.append(heading(2, f"{FINDING_TITLES.get(kind, kind)} ({len(group)})"))
        if kind == "not-offered":
            blocks.append(_summed(model, functions))
            continue
        if kind not in DISPOSED:
            blocks.append(table([("Subject", "1fr"), ("What was found", "3fr")], [[f.subject, f.sentence] for f in group], small=True))
            continue
        rows: list[list[Cell]] = []
        for f in group:
            d = model.device.disposition(f.kind, f.subject)
            rows.append([cell("strong", f.subject), f.sentence, f"{d.decision}: {d.reason}" if d else OPEN])
        blocks.append(table([("Subject", "1fr"), ("What was found", "3fr"), ("Disposition", "1.6fr")], rows, small=True))
    return Section(key="findings", title="Findings and dispositions", blocks=tuple(blocks) or (para("None."),))


def _summed(model: ReportModel, functions: tuple[ReportFunction, ...]) -> Block:
    """One row a reason; the functions stand in the section about what was left out."""
    rows: list[list[Cell]] = [
        [what, reason, f"{len(names):,}", _cut(", ".join(names), 90)] for what, reason, names in by_reason(left_out(model, functions))
    ]
    return table([("What", "0.8fr"), ("Reason", "2fr"), ("Functions", "auto>"), ("First; all: “Not offered”", "2.4fr")], rows, small=True)


def trace(functions: tuple[ReportFunction, ...]) -> Section:
    """Requirement -> function -> cases -> result."""
    rows: list[list[Cell]] = [
        [
            {"s": "link", "t": f.id, "to": label_of(f.id)}, f.requirement, cell("mono", ", ".join(f.names)),
            f"{f.passed:,}", f"{f.failed:,}", f"{f.indeterminate:,}", ratio(f.worst.ratio) if f.worst else "–", verdict_cell(f.verdict),
        ]
        for f in functions
    ]  # fmt: skip
    columns = [
        ("Function", "1.1fr"), ("Requirement", "2.4fr"), ("Names in the library", "2fr"), ("Pass", "auto>"), ("Fail", "auto>"), ("Open", "auto>"),
        ("Worst", "auto>"), ("Verdict", "auto"),
    ]  # fmt: skip
    words = (
        "Each function carries one requirement; a case is function/sample/variant. “Worst” is the largest error / limit. "
        "What did not pass comes first."
    )
    return Section(key="trace", title="Trace: requirement, function, cases", blocks=(para(words), table(columns, rows, small=True)))


def results(functions: tuple[ReportFunction, ...]) -> Section:
    """By area: the picture, then every function with its limits and its worst cases."""
    if not functions:
        return Section(key="results", title="Results by area", blocks=(para("No function was planned for this report: nothing is shown."),))
    blocks: list[Block] = [para("Every tick is a case, the dot the worst one; a hollow dot lies past the limit. The numbers stand below.")]
    for n in range(0, len(functions), PER_PICTURE):
        part = functions[n : n + PER_PICTURE]
        blocks.append(picture(ratio_rows(part), ratio_words(part)))
    for area in dict.fromkeys(f.area for f in functions):
        blocks.append(heading(2, area[:1].upper() + area[1:]))
        for f in functions:
            if f.area == area:
                blocks += _function(f)
    return Section(key="results", title="Results by area, worst first", blocks=tuple(blocks))


def _function(f: ReportFunction) -> list[Block]:
    limits = tuple(dict.fromkeys(c.criterion for c in f.cases))
    number_of = {c: n for n, c in enumerate(limits, 1)}
    bad = agreeing(c for c in f.cases if c.verdict is not Verdict.PASSED)
    shown = [*bad[:TOLD], *agreeing(nearest(f, SHOWN))]
    blocks: list[Block] = [
        heading(3, f"{SIGNS[f.verdict]} {f.id}", label_of(f.id)),
        facts([
            ("Requirement", f.requirement), ("Definition", f.source), ("Expected values from", f.oracle),
            *models(f),
            ("Cases", f"{f.passed:,} passed, {f.failed:,} failed, {f.indeterminate:,} indeterminate"),
            *((f"Limit L{n}", f"{c.formula}. {c.rationale} {c.literature}") for c, n in number_of.items()),
        ]),
    ]  # fmt: skip
    if shown:
        blocks.append(table(COLUMNS, [table_row(r, number_of[r.first.criterion]) for r in shown], small=True))
    told_figures = figure_table(f)
    if told_figures.names:
        columns = [("Sample", "1.2fr"), *((name, "auto>") for name in told_figures.names), ("Variants", "1.6fr")]
        blocks.append(table(columns, [[sample, *values, _cut(variants, 60)] for sample, variants, values in told_figures.rows], small=True))
    if bad:
        blocks.append(items(told(r, 300) for r in bad[:TOLD]))
    if len(bad) > TOLD:
        blocks.append(para(f"and {plural(sum(len(r.cases) for r in bad[TOLD:]), 'further case')} that did not pass: see the list of cases.", "soft"))
    return blocks


def determinism(model: ReportModel, functions: tuple[ReportFunction, ...]) -> Section:
    """Heat map: function x kind of repetition and dimension of variants, in words and shades."""
    named, tallies = agreement.table(model, functions)
    around = circumstances.on_paper(model.determinism, functions) if model.determinism else []
    if not named or not functions:
        return Section(key="determinism", title="Determinism", blocks=(para("Cases were executed once: nothing is shown."), *around))
    rows: list[list[Cell]] = [[f.id, *map(_shade, row)] for f, row in zip(functions, tallies, strict=True)]
    words = f"Every case was executed as {', '.join(model.repetitions)}. {agreement.LEGEND}"
    columns = [("Function", "2fr"), *((k, "1fr") for k in named)]
    title = "Determinism: function by repetition and variant"
    return Section(key="determinism", title=title, blocks=(para(words.replace("✕", "✗")), table(columns, rows, small=True), *around))


def _shade(t: agreement.Tally) -> Cell:
    style, text = agreement.shade(t)
    return text if style == "none" else cell(style, text.replace("✕", "✗"))


def faults(functions: tuple[ReportFunction, ...]) -> Section:
    """Can these cases fail?"""
    found = [d for f in functions for d in f.faults]
    rows: list[list[Cell]] = []
    for f in functions:
        good = [f"{d.fault} ({d.rejected}/{d.tried})" for d in f.faults if d.detected]
        missed = [f"{d.fault} ({d.rejected}/{d.tried})" for d in f.faults if not d.detected]
        rows.append([f.id, f"{len(good)} of {len(f.faults)}", ", ".join(good) or "–", cell("bad", "✗ " + ", ".join(missed)) if missed else "none"])
    kinds = {d.fault: d.sentence for d in found}
    words = (
        "Each fault was applied to true results. It is detected when at least one sample rejects it and every sample accepts the unchanged "
        f"result. {sum(d.detected for d in found)} of {plural(len(found), 'fault')} detected. In brackets: samples that reject it / samples "
        "tried, until two of a type did."
    )
    columns = [("Function", "1.1fr"), ("Detected", "auto"), ("Faults detected", "3.4fr"), ("Not detected", "1fr")]
    return Section(
        key="faults",
        title="Seeded faults: can these cases fail?",
        blocks=(
            para(words),
            table(columns, rows, small=True) if rows else para("None was tried."),
            *((heading(2, "What each fault is"), facts(sorted(kinds.items()))) if kinds else ()),
        ),
    )
