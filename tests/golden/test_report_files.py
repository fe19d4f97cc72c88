"""Report files once written stay readable, and the same records give the same bytes. UPDATE_GOLDEN=1 rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.assemble import SCHEMA
from csvkit_ml.reporting.format import formats
from tests.unit.reporting.fake_records import records

FOLDER = Path(__file__).parent / "reporting"


def small() -> ReportModel:
    """Three functions with failures, NaN and hostile texts."""
    return records(functions=3, samples=3, bad=0.5).model()


@pytest.mark.parametrize("name", ["json", "junit"])
def test_bytes_are_those_of_the_golden_file(name: str) -> None:
    form = next(f for f in formats() if f.name == name)
    path, data = FOLDER / f"schema-{SCHEMA}-{form.filename}", form.render(small())
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(data)
    assert data == path.read_bytes()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("schema-*-report.json")), ids=lambda p: p.name)
def test_every_report_ever_written_can_be_read_and_rendered(path: Path) -> None:
    data = path.read_bytes()
    model = decode(ReportModel, data)
    assert canonical(decode(ReportModel, canonical(model))) == canonical(model)
    assert all(f.render(model) for f in formats())


def test_there_is_something_to_read() -> None:
    assert list(FOLDER.glob("schema-*-report.json"))
