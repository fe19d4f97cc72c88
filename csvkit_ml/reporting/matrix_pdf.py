"""The determinism matrix on paper: the same numbers and the same heat map as its page, in parts of a page's height."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.comparison import Agreement, DeterminismMatrix
from csvkit_ml.model.function import Verdict
from csvkit_ml.reporting.blocks import Block, Cell, cell, facts, items, para, picture, safe, table
from csvkit_ml.reporting.comparison_html import AGREEMENTS, determinism_pictures, ranked, share, totals_of, ulp
from csvkit_ml.reporting.display import plural
from csvkit_ml.reporting.pdf import typeset

PER_PICTURE = 44
"""Functions of one picture: a page of paper."""
SHOWN = 400
"""Lines of differences on paper; the record beside it has all."""
_STATUS = {Verdict.PASSED: ("✓ passed", "ok"), Verdict.FAILED: ("✗ failed", "bad"), Verdict.INDETERMINATE: ("? indeterminate", "open")}


def determinism_pdf(m: DeterminismMatrix) -> bytes:
    """Typeset the matrix; determinism.json is attached. Equal matrices give equal bytes."""
    ended = datetime.fromisoformat(m.finished) if m.finished else datetime(2000, 1, 1, tzinfo=UTC)
    text, style = _STATUS[m.verdict]
    sections = (("violations", "Violations", _violations(m)), ("picture", "Functions by dimension", _pictures(m)),
                ("dimensions", "Dimensions", _dimensions(m)), ("differences", "Where bits differ", _differences(m)))  # fmt: skip
    words = f"Bits must be the same along: {', '.join(m.required)}. Along every other dimension this is what was found, not a requirement."
    placed: dict[str, Any] = safe(
        {
            "title": f"{m.library} {m.version}", "kind": f"Determinism matrix by {m.tool}", "running": f"Determinism of {m.library} {m.version}",
            "author": m.tool, "tool": m.tool, "identity": f"base {m.base}", "marks": [], "draft": False,
            "status": {"text": text, "style": style, "counts": plural(len(m.functions), "function"), "words": words},
            "front": [facts([(c.backend, _proven(c.unproven)) for c in m.cells])],
            "sections": [{"key": k, "title": t, "blocks": b} for k, t, b in sections],
        }
    )  # fmt: skip
    document = placed | {"date": [ended.year, ended.month, ended.day], "record": "determinism.json"}
    return typeset({"document": json.dumps(document), "report": canonical(m).decode()}, int(ended.timestamp()))


def _proven(unproven: tuple[str, ...]) -> Cell:
    return cell("open", f"not executed: {'; '.join(unproven)}") if unproven else cell("ok", "✓ proven in force")


def _violations(m: DeterminismMatrix) -> list[Block]:
    return [items(m.violations)] if m.violations else [para("None.")]


def _pictures(m: DeterminismMatrix) -> list[Block]:
    legend = "; ".join(f"{mark} {agreement.value}" for agreement, (_, mark) in AGREEMENTS.items()).replace("✕", "✗")
    words = "Heat map of functions by dimension; the tables below say the same."
    return [para(legend), *(picture(str(p).replace("✕", "✗"), words) for p in determinism_pictures(m, PER_PICTURE))]


def _dimensions(m: DeterminismMatrix) -> list[Block]:
    sentences = dict(m.dimensions)
    rows = [[name, *map(str, counts), sentences[name]] for name, *counts in totals_of(m)]
    columns = [("Dimension", "1.2fr"), *((a.value, "1fr>") for a in Agreement), ("What is changed", "3fr")]
    return [para("Numbers are functions."), table(columns, rows, small=True)]


def _differences(m: DeterminismMatrix) -> list[Block]:
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
