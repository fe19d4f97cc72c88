"""The determinism matrix of a run inside its report, on the page and on paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

from markupsafe import Markup

from csvkit_ml.model.comparison import Agreement, DeterminismMatrix, FunctionDeterminism
from csvkit_ml.model.report import ReportFunction
from csvkit_ml.reporting.blocks import Block, caption, para
from csvkit_ml.reporting.comparison_html import AGREEMENTS, determinism_pictures, ranked, share, totals_of, ulp
from csvkit_ml.reporting.display import plural
from csvkit_ml.reporting.matrix_blocks import blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the page shows."""

    base: str
    agreements: tuple[str, ...]
    totals: tuple[tuple[str, tuple[int, ...], str], ...]
    """(dimension, functions of each agreement, what is changed)."""
    cells: tuple[tuple[str, str], ...]
    """(configuration, why it was not executed)."""
    same: int
    """Functions that kept every bit."""
    rows: int
    """Those that did not."""
    legend: str
    picture: Markup
    """Of those that did not."""
    differing: tuple[tuple[str, ...], ...]
    """Function, dimension, agreement, pairs, elements, worst ulp, example."""


def view(m: DeterminismMatrix) -> View:
    """The matrix for the page; its picture shows only functions of which some bits differ."""
    moved, sentences = _moved(m), dict(m.dimensions)
    return View(
        base=m.base, agreements=tuple(a.value for a in Agreement), totals=tuple((n, tuple(c), sentences[n]) for n, *c in totals_of(m)),
        cells=tuple((c.backend, "; ".join(c.unproven)) for c in m.cells), same=len(m.functions) - len(moved), rows=len(moved),
        legend=", ".join(f"{mark} {agreement.value}" for agreement, (_, mark) in AGREEMENTS.items()),
        picture=Markup("").join(determinism_pictures(replace(m, functions=moved), max(1, len(moved)))),
        differing=tuple(
            (id, r.dimension, r.agreement.value, f"{r.differing:,} of {r.pairs:,}", share(r.elements.differing, r.elements.compared),
             ulp(r.elements.worst_ulp), r.example)
            for id, r in ranked(m)
        ),
    )  # fmt: skip


def on_paper(whole: DeterminismMatrix, functions: tuple[ReportFunction, ...]) -> list[Block]:
    """The same on paper, of the functions that this report is about."""
    about = {f.id for f in functions}
    m = replace(whole, functions=tuple(f for f in whole.functions if f.id in about))
    moved = _moved(m)
    words = (
        f"Compared with {m.base}. {plural(len(m.functions) - len(moved), 'function')} kept every bit along every dimension that was driven; "
        "the picture shows the others. What is required to be the same stands above; this is what was found."
    )
    return [caption("The same run under other circumstances"), para(words), *blocks(replace(m, functions=moved), m)]


def _moved(m: DeterminismMatrix) -> tuple[FunctionDeterminism, ...]:
    return tuple(f for f in m.functions if any(r.differing for r in f.results))
