"""report.json: the canonical JSON (RFC 8785) of the whole model; `report.schema.json` describes it."""

from __future__ import annotations

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.format import Format


def render(model: ReportModel, record: bytes = b"") -> bytes:
    """Canonical bytes; `codec.decode(ReportModel, ...)` reads them back."""
    return record if record and not model.approvals else canonical(model)


FORMAT = Format(name="json", filename="report.json", render=render)
