"""All files of a report, laid out side by side."""

from __future__ import annotations

from functools import partial

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.report import ReportModel
from csvkit_ml.pipeline.background import meanwhile
from csvkit_ml.reporting.format import formats


def rendered(report: ReportModel) -> dict[str, bytes]:
    """Bytes by file name; the record that several of them hold is written once.

    Args:
        report: of a run, not approved yet.
    """
    record = canonical(report)
    waiting = {f.filename: meanwhile(partial(f.render, report, record)) for f in formats()}
    return {name: result() for name, result in waiting.items()}
