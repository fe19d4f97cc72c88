"""Cases on paper: variants of a sample that say the same are one row; what did not pass in full, of the rest the nearest to its limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from csvkit_ml.model.function import SampleClass, Verdict
from csvkit_ml.model.report import ReportCase, ReportFunction
from csvkit_ml.reporting.assemble import severity, worst_of
from csvkit_ml.reporting.blocks import Block, Cell, Section, cell, listing, para
from csvkit_ml.reporting.display import margin, number, plural, ratio, shape_index

SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.INDETERMINATE: "?"}
STYLES = {Verdict.PASSED: "ok", Verdict.FAILED: "bad", Verdict.INDETERMINATE: "open"}
COLUMNS = (
    ("", "auto"), ("Sample / variants", "3fr"), ("Error", "auto>"), ("Limit", "auto>"), ("Error / limit", "auto>"), ("Margin", "auto>"),
    ("", "auto"),
)  # fmt: skip
ALL_UP_TO = 2_000
"""Cases of a report that its list shows without exception."""
NEAREST = 8
"""Passed samples of a function that the list of a larger report shows."""
_VARIANTS = 60
"""Letters of variant names in one row of a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """Cases of one sample with the same outcome, numbers and words."""

    cases: tuple[ReportCase, ...]

    @property
    def first(self) -> ReportCase:
        return self.cases[0]

    @property
    def variants(self) -> str:
        return ", ".join(c.variant for c in self.cases)

    @property
    def short(self) -> str:
        """The variants, or the first of them and how many there are."""
        if len(self.variants) <= _VARIANTS:
            return self.variants
        return f"{self.variants[:_VARIANTS].rpartition(', ')[0]} … ({plural(len(self.cases), 'variant')})"


def rows(cases: Iterable[ReportCase]) -> list[Row]:
    """Together what differs only in the variant, in the order of the cases."""
    found: dict[tuple[object, ...], list[ReportCase]] = {}
    for c in cases:
        found.setdefault((c.sample, c.reason, c.outcome, c.detail, c.identical, c.differing, c.criterion, _figures(c)), []).append(c)
    return [Row(tuple(group)) for group in found.values()]


def _figures(c: ReportCase) -> tuple[str, ...]:
    """As they are printed, so that what is one row reads the same."""
    m = worst_of(c.measurements)
    return (number(m.error), number(m.limit), ratio(m.ratio), margin(m.error, m.ratio)) if m else ()


def nearest(f: ReportFunction, count: int) -> list[ReportCase]:
    """The passed cases of the samples that come nearest to their limit, all variants of a sample together."""
    passed = [c for c in f.cases if c.verdict is Verdict.PASSED]
    passed.sort(key=lambda c: -severity(m) if (m := worst_of(c.measurements)) else 0.0)
    chosen = list(dict.fromkeys(c.sample for c in passed))[:count]
    place = {s: n for n, s in enumerate(chosen)}
    return sorted((c for c in passed if c.sample in place), key=lambda c: place[c.sample])


def table_row(row: Row, limit: int) -> list[Cell]:
    """One line of a function's table."""
    c = row.first
    why = "" if c.why == SampleClass.ORDINARY.value else f" ({c.why})"
    return [cell(STYLES[c.verdict], SIGNS[c.verdict]), f"{c.sample} / {row.short}{why}", *(_figures(c) or ("–", "–", "–", "–")), f"L{limit}"]


def told(row: Row, longest: int) -> str:
    """What happened, in words, with every variant named."""
    c, m = row.first, worst_of(row.first.measurements)
    detail = c.detail if len(c.detail) <= longest else c.detail[: longest - 2] + " …"
    where = f" Expected {m.expected}, actual {m.actual} at {shape_index(m.worst_index) or 'the scalar'}." if m and m.actual not in c.detail else ""
    return f"{c.sample} / {row.variants}: {c.reason.value}. {detail}{where}"


def cases(functions: tuple[ReportFunction, ...]) -> Section:
    """One line for the variants of a sample that agree, worst first within each function."""
    total = sum(len(f.cases) for f in functions)
    everything = total <= ALL_UP_TO
    which = (
        "Every case."
        if everything
        else f"Every case that did not pass, and of each function the {NEAREST} passed samples that come nearest to their limit; the complete "
        f"list of {total:,} cases stands in report.html, where it can be filtered and sorted, and in report.json."
    )
    words = (
        "✓ passed, ✗ failed, ? indeterminate; error, limit, error / limit, whether repetitions gave the same bits, sample / variants. "
        f"{which} Full precision, inputs and evidence digests: report.json, attached to this file."
    )
    blocks: list[Block] = [para(words), *(listing(_listed(f, everything=everything)) for f in functions)]
    return Section(key="cases", title="List of cases", blocks=tuple(blocks))


def _listed(f: ReportFunction, *, everything: bool) -> str:
    bad = [c for c in f.cases if c.verdict is not Verdict.PASSED]
    good = nearest(f, len(f.cases) if everything else NEAREST)
    left = f.passed - len(good)
    head = f"{f.id}: {f.passed:,} passed, {f.failed:,} failed, {f.indeterminate:,} indeterminate"
    tail = [f"  and {plural(left, 'further passed case')}"] if left else []
    return "\n".join([head, *(_line(r, everything) for r in rows([*bad, *good])), *tail])


def _line(row: Row, named: bool) -> str:
    """With every variant named where that is asked for, or something is amiss."""
    c, figures = row.first, _figures(row.first)
    numbers = " ".join(f"{x:>9}" for x in figures[:3]) if figures else f"{c.outcome:>29}"
    same = "same" if c.identical else "DIFF" if c.differing else "-"
    return f"  {SIGNS[c.verdict]} {numbers} {same:<4} {c.sample} / {row.variants if named or c.verdict is not Verdict.PASSED else row.short}"
