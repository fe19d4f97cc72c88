"""How each requirement could fail, and how often it was seen to: silent wrong value, NaN, exception, crash, hang, other bits."""

from __future__ import annotations

from collections.abc import Iterable

from csvkit_ml.model.function import Reason
from csvkit_ml.model.report import ReportCase, ReportFunction
from csvkit_ml.reporting.blocks import Cell, Section, cell, para, table
from csvkit_ml.reporting.display import plural

MODES: tuple[tuple[str, frozenset[Reason]], ...] = (
    ("silent wrong value", frozenset({Reason.BEYOND_BAND, Reason.BEYOND_HARD, Reason.WRONG_SHAPE, Reason.WRONG_DTYPE, Reason.WRONG_NAMES})),
    ("NaN, infinity, sign of zero", frozenset({Reason.SPECIAL_VALUE})),
    ("exception", frozenset({Reason.REFUSED})),
    ("crash", frozenset({Reason.CRASHED})),
    ("hang", frozenset({Reason.TIMED_OUT})),
)
"""By the reason of a case's judgement; other bits when repeated are counted besides, whatever the judgement."""
REPEATED = "other bits when repeated"
NAMES = (*(name for name, _ in MODES), REPEATED)
WORDS = (
    "A case whose answer fails in one of these ways is counted there; every case could have failed in each of them. Slowness is looked for only as "
    "no answer within the time limit of the plan, a hang."
)


def seen(cases: Iterable[ReportCase]) -> tuple[int, ...]:
    """Cases by failure mode, in the order of NAMES."""
    found = tuple(cases)
    return (*(sum(c.reason in reasons for c in found) for _, reasons in MODES), sum(bool(c.differing) for c in found))


def rows(functions: Iterable[ReportFunction]) -> list[tuple[str, int, tuple[int, ...]]]:
    """(function, cases, counts) of the functions in which a failure mode was seen."""
    counted = ((f.id, len(f.cases), seen(f.cases)) for f in functions)
    return [row for row in counted if any(row[2])]


def clean(functions: tuple[ReportFunction, ...], found: int) -> str:
    """What is said of all other functions."""
    others = f"In {plural(len(functions) - found, 'function')}" if found else "In every function"
    return f"{others} none of them was seen in any case that was judged; cases of which nothing can be said stand under findings."


def section(functions: tuple[ReportFunction, ...]) -> Section:
    """On paper."""
    found = rows(functions)
    lines: list[list[Cell]] = [[f, f"{n:,}", *(cell("bad", f"{c:,}") if c else "0" for c in counts)] for f, n, counts in found]
    columns = [("Function", "1.6fr"), ("Cases", "auto>"), *((name, "1fr>") for name in NAMES)]
    blocks = [para(WORDS), *((table(columns, lines, small=True),) if lines else ()), para(clean(functions, len(found)))]
    return Section(key="failure-modes", title="Failure modes by requirement", blocks=tuple(blocks) if functions else (para("No function was planned."),))
