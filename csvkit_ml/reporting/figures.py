"""Figures that a criterion tells of each sample, as one table of a function."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.report import ReportCase, ReportFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """One function's figures; empty names = it has none."""

    names: tuple[str, ...]
    """Of the figures, in the order in which they are met."""
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    """(sample, variants that agree, figures); `\u2013` where a sample has none of that name."""


def figure_table(function: ReportFunction) -> FigureTable:
    """By sample, in the order of names; variants that give the same figures are one row."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for case in sorted(function.cases, key=lambda c: (c.sample, c.variant != "plain", c.variant)):
        if told := _told(case):
            found.setdefault((case.sample, told), []).append(case.variant)
    longest = sorted((told for _, told in found), key=len, reverse=True)
    names = tuple(dict.fromkeys(name for told in longest for name, _ in told))
    rows = (
        (sample, ", ".join(variants), tuple(dict(told).get(name, "\u2013") for name in names)) for (sample, told), variants in found.items()
    )
    return FigureTable(names=names, rows=tuple(rows))


def _told(case: ReportCase) -> tuple[tuple[str, str], ...]:
    return tuple(figure for m in case.measurements for figure in m.figures)
