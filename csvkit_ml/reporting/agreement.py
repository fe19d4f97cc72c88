"""How the answers of one run agree: repetitions with the first, variants with the plain one, by dimension. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from csvkit_ml.model.comparison import DIMENSIONS, dimension_of_variant
from csvkit_ml.model.function import Reason, Verdict
from csvkit_ml.model.report import ReportCase, ReportFunction, ReportModel

PLAIN = "plain"
"""The variant that others are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Pairs of answers to one question."""

    pairs: int = 0
    differing: int = 0
    """Bits differ."""
    outside: int = 0
    """Bits differ and one of the two is not within its bound."""

    def with_pair(self, a: ReportCase, b: ReportCase) -> Tally:
        """One pair more; only values are compared."""
        if a.outcome != "produced" or b.outcome != "produced":
            return self
        differs = a.evidence != b.evidence
        beyond = differs and not (_within(a) and _within(b))
        return Tally(pairs=self.pairs + 1, differing=self.differing + differs, outside=self.outside + beyond)


def _within(case: ReportCase) -> bool:
    return case.verdict is not Verdict.FAILED or case.reason is Reason.NOT_REPEATABLE


def across(f: ReportFunction) -> dict[str, Tally]:
    """By dimension: each variant of a sample against its plain one."""
    plain = {c.sample: c for c in f.cases if c.variant == PLAIN}
    found: dict[str, Tally] = {}
    for c in f.cases:
        if c.variant != PLAIN and c.sample in plain:
            dimension = dimension_of_variant(c.variant)
            found[dimension] = found.get(dimension, Tally()).with_pair(plain[c.sample], c)
    return {d: t for d, t in found.items() if t.pairs}


def repeated(f: ReportFunction, kind: str) -> Tally:
    """One kind of repetition against the first execution; other bits than required is outside."""
    differing = sum(kind in c.differing for c in f.cases)
    return Tally(pairs=sum(c.identical or bool(c.differing) for c in f.cases), differing=differing, outside=differing)


def dimensions(tallies: Iterable[dict[str, Tally]]) -> tuple[str, ...]:
    """Dimensions that occur, in the order of the matrix."""
    found = {d for t in tallies for d in t}
    return tuple(d for d in DIMENSIONS if d in found)


def table(model: ReportModel, functions: tuple[ReportFunction, ...]) -> tuple[tuple[str, ...], tuple[tuple[Tally, ...], ...]]:
    """(columns, a row of tallies for each function): repetitions first, then dimensions."""
    kinds, varied = model.repetitions[1:], [across(f) for f in functions]
    named = dimensions(varied)
    rows = tuple(
        (*(repeated(f, k) for k in kinds), *(v.get(d, Tally()) for d in named)) for f, v in zip(functions, varied, strict=True)
    )
    return (*(k.replace("_", " ") for k in kinds), *named), rows


def shade(t: Tally) -> tuple[str, str]:
    """(style, text): same, within, differs or none, with a mark that needs no colour."""
    if not t.pairs and not t.differing:
        return "none", "–"
    if not t.differing:
        return "same", f"✓ {t.pairs:,}"
    return ("differs", f"✕ {t.differing:,} of {t.pairs:,}") if t.outside else ("within", f"≈ {t.differing:,} of {t.pairs:,}")


LEGEND = (
    "✓ the same bits in so many cases; ≈ other bits in some, every value within its bound; ✕ other bits where they must be the same, or a "
    "value outside its bound; – not driven. Repetitions are compared with the first execution, variants (layouts, forms, modes) with the plain one."
)
