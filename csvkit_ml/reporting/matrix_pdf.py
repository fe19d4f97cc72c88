"""The determinism matrix on paper: the same numbers and the same heat map as its page, in parts of a page's height."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.comparison import DeterminismMatrix
from csvkit_ml.model.function import Verdict
from csvkit_ml.reporting.blocks import facts, safe
from csvkit_ml.reporting.display import plural
from csvkit_ml.reporting.matrix_blocks import differences, dimensions, pictures, proven, violations
from csvkit_ml.reporting.pdf import typeset

_STATUS = {Verdict.PASSED: ("✓ passed", "ok"), Verdict.FAILED: ("✗ failed", "bad"), Verdict.INDETERMINATE: ("? indeterminate", "open")}


def determinism_pdf(m: DeterminismMatrix) -> bytes:
    """Typeset the matrix; determinism.json is attached. Equal matrices give equal bytes."""
    ended = datetime.fromisoformat(m.finished) if m.finished else datetime(2000, 1, 1, tzinfo=UTC)
    text, style = _STATUS[m.verdict]
    sections = (("violations", "Violations", violations(m)), ("picture", "Functions by dimension", pictures(m)),
                ("dimensions", "Dimensions", dimensions(m)), ("differences", "Where bits differ", differences(m)))  # fmt: skip
    words = f"Bits must be the same along: {', '.join(m.required)}. Along every other dimension this is what was found, not a requirement."
    placed: dict[str, Any] = safe(
        {
            "title": f"{m.library} {m.version}", "kind": f"Determinism matrix by {m.tool}", "running": f"Determinism of {m.library} {m.version}",
            "author": m.tool, "tool": m.tool, "identity": f"base {m.base}", "marks": [], "draft": False,
            "status": {"text": text, "style": style, "counts": plural(len(m.functions), "function"), "words": words},
            "front": [facts([(c.backend, proven(c.unproven)) for c in m.cells])],
            "sections": [{"key": k, "title": t, "blocks": b} for k, t, b in sections],
        }
    )  # fmt: skip
    document = placed | {"date": [ended.year, ended.month, ended.day], "record": "determinism.json"}
    return typeset(json.dumps(document).encode(), canonical(m), int(ended.timestamp()))
