"""A paper report as bytes: typst with embedded fonts, tagged PDF/A-3a and PDF/UA-1, report.json attached. Equal models give equal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.document import Kind, document, timestamp


def render(model: ReportModel, kind: Kind) -> bytes:
    """Typeset one of the two reports; the attached report.json is the one of the run, without approvals."""
    import typst

    inputs = {
        "document": json.dumps(document(model, kind)),
        "report": canonical(replace(model, approvals=())).decode(),
    }
    compiler = typst.Compiler(_template(), ignore_system_fonts=True, sys_inputs=inputs)
    made = compiler.compile(format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=timestamp(model))
    assert isinstance(made, bytes)  # one document, no output file
    return made


def renderers() -> tuple[tuple[str, str], ...]:
    """Programs that the bytes of a report depend on."""
    return tuple((n, version(n)) for n in ("jinja2", "typst"))


@cache
def _template() -> bytes:
    return files("csvkit_ml.reporting.templates").joinpath("report.typ").read_bytes()
