"""What moved since the baseline: findings about what a person has to decide, the paper section, and the rows of both formats."""

from __future__ import annotations

from collections.abc import Iterator

from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.report import Finding, Upgrade
from csvkit_ml.reporting.blocks import Block, Cell, Section, cell, facts, heading, para, table
from csvkit_ml.reporting.display import number, plural

MOVED = "moved"
"""Kind of finding: something lies beyond a limit, raises or is no longer offered that did not before."""
WORDS = (
    "Every case of this run held against the same case of the baseline, bit for bit. Within the bound, with other bits: both answers are "
    "within their limit. Every case by itself: comparison.json, beside the report folder."
)


def moved(upgrade: Upgrade | None) -> Iterator[Finding]:
    """One finding for every function whose change is no rounding."""
    for r in upgrade.rows if upgrade else ():
        if r.verdict is not Verdict.PASSED:
            yield Finding(kind=MOVED, subject=r.function, sentence=f"{r.change}, against {upgrade.before if upgrade else ''}. First, {r.first}")


def rows(upgrade: Upgrade, sides: tuple[Side, ...]) -> list[tuple[str, str, str, str, str]]:
    """(function, most serious change, cases by change, largest distance, first case) of the functions of these sides."""
    return [
        (r.function, r.change, ", ".join(f"{n:,} {change}" for change, n in r.counts), f"{number(r.worst_ulp)} ulp" if r.worst_ulp else "–", r.first)
        for r in upgrade.rows
        if r.side in sides
    ]


def section(upgrade: Upgrade, sides: tuple[Side, ...]) -> Section:
    """The upgrade assessment on paper; whether to adopt is decided by a person, in dispositions and conclusion."""
    found: list[list[Cell]] = [[cell("strong", f), change, counts, far, first] for f, change, counts, far, first in rows(upgrade, sides)]
    columns = [("Function", "1.1fr"), ("Most serious change", "1.2fr"), ("Cases", "1.6fr"), ("Furthest", "auto>"), ("First case", "2.4fr")]
    blocks: list[Block] = [
        para(WORDS),
        facts([
            ("Baseline", upgrade.before), ("Its plan", cell("digest", upgrade.before_plan)), ("Its evidence", cell("digest", upgrade.before_manifest)),
            ("Cases of both reports", ", ".join(f"{n:,} {change}" for change, n in upgrade.counts) or "none could be compared"),
            ("Without a counterpart", f"{upgrade.only_before:,} of the baseline, {upgrade.only_after:,} of this run"),
            ("Functions", f"{plural(upgrade.identical, 'function')} bit-identical, {len(upgrade.rows):,} not"),
        ]),
    ]  # fmt: skip
    blocks += [heading(2, "What moved"), table(columns, found, small=True)] if found else [para("No function of this report moved.")]
    if upgrade.facts:
        changed: list[list[Cell]] = [[what, before or "–", after or "–"] for what, before, after in upgrade.facts]
        blocks += [heading(2, "What else is not the same"), table([("Fact", "1fr"), ("Before", "2fr"), ("Now", "2fr")], changed, small=True)]
    return Section(key="upgrade", title="Upgrade assessment", blocks=tuple(blocks))
