"""soup-verification-report.pdf."""

from __future__ import annotations

from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import pdf
from csvkit_ml.reporting.document import SOUP
from csvkit_ml.reporting.format import Format


def render(model: ReportModel, record: bytes = b"") -> bytes:
    """Tagged PDF/A-3a."""
    return pdf.render(model, SOUP, record)


FORMAT = Format(name="soup-pdf", filename="soup-verification-report.pdf", render=render)
