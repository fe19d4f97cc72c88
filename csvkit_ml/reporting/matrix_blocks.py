"""The determinism matrix as blocks of a document on paper."""

from __future__ import annotations

from csvkit_ml.model.comparison import Agreement, DeterminismMatrix
from csvkit_ml.reporting.blocks import Block, Cell, cell, items, para, picture, table
from csvkit_ml.reporting.comparison_html import AGREEMENTS, determinism_pictures, ranked, share, totals_of, ulp
from csvkit_ml.reporting.display import plural

PER_PICTURE = 44
"""Functions of one picture: a page of paper."""
SHOWN = 400
"""Lines of differences on paper; the record beside it has all."""


def blocks(shown: DeterminismMatrix, m: DeterminismMatrix) -> list[Block]:
    """The matrix inside another document.

    Args:
        shown: with the functions of the picture; m: with all, for the counts.
    """
    cells: list[list[Cell]] = [[c.backend, proven(c.unproven)] for c in m.cells]
    return [table([("Configuration", "1fr"), ("In force", "3fr")], cells, small=True), *dimensions(m), *pictures(shown), *differences(m)]


def proven(unproven: tuple[str, ...]) -> Cell:
    return cell("open", f"not executed: {'; '.join(unproven)}") if unproven else cell("ok", "✓ proven in force")


def violations(m: DeterminismMatrix) -> list[Block]:
    return [items(m.violations)] if m.violations else [para("None.")]


def pictures(m: DeterminismMatrix) -> list[Block]:
    legend = "; ".join(f"{mark} {agreement.value}" for agreement, (_, mark) in AGREEMENTS.items()).replace("✕", "✗")
    words = "Heat map of functions by dimension; the tables below say the same."
    return [para(legend), *(picture(str(p).replace("✕", "✗"), words) for p in determinism_pictures(m, PER_PICTURE))]


def dimensions(m: DeterminismMatrix) -> list[Block]:
    sentences = dict(m.dimensions)
    rows = [[name, *map(str, counts), sentences[name]] for name, *counts in totals_of(m)]
    columns = [("Dimension", "1.2fr"), *((a.value, "1fr>") for a in Agreement), ("What is changed", "3fr")]
    return [para("Numbers are functions."), table(columns, rows, small=True)]


def differences(m: DeterminismMatrix) -> list[Block]:
    found = ranked(m)
    rows = [
        [id, r.dimension, r.agreement.value, f"{r.differing:,} of {r.pairs:,}", share(r.elements.differing, r.elements.compared), ulp(r.elements.worst_ulp)]
        for id, r in found[:SHOWN]
    ]
    columns = [("Function", "2fr"), ("Dimension", "1.2fr"), ("Agreement", "1.6fr"), ("Pairs", "auto>"), ("Elements", "auto>"), ("Worst ulp", "auto>")]
    words = (
        f"{len(rows):,} of {plural(len(found), 'line')}, most serious first; the attached record has all. Units of the last place grow without "
        "limit near cancellation."
    )
    return [para(words), table(columns, rows, small=True)] if rows else [para("Nowhere.")]
