"""tool-validation-report.pdf."""

from __future__ import annotations

from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import pdf
from csvkit_ml.reporting.document import TOOL
from csvkit_ml.reporting.format import Format


def render(model: ReportModel, record: bytes = b"") -> bytes:
    """Tagged PDF/A-3a."""
    return pdf.render(model, TOOL, record)


FORMAT = Format(name="tool-pdf", filename="tool-validation-report.pdf", render=render)
