from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.json_format import FORMAT
from csvkit_ml.reporting.json_schema import schema
from tests.unit.reporting.fake_records import records
from tests.unit.reporting.json_schema_check import problems


def test_reads_back_equal() -> None:
    model = records(bad=0.2).model()
    data = FORMAT.render(model)
    assert canonical(decode(ReportModel, data)) == data
    clean = records(bad=0.0).model()
    assert decode(ReportModel, FORMAT.render(clean)) == clean


def test_committed_schema_is_the_generated_one() -> None:
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    committed = files("csvkit_ml.reporting").joinpath("report.schema.json")
    if os.environ.get("UPDATE_GOLDEN"):
        Path(str(committed)).write_text(text, encoding="utf-8")
    assert committed.read_text(encoding="utf-8") == text


def test_reports_conform_to_the_schema() -> None:
    for model in (records(bad=0.3).model(), records(functions=0).model()):
        assert problems(schema(), json.loads(FORMAT.render(model))) == []


def test_schema_rejects_what_is_not_a_report() -> None:
    tree = json.loads(FORMAT.render(records(functions=2).model()))
    without = {k: v for k, v in tree.items() if k != "status"}
    assert problems(schema(), without) == ["$: status is missing"]
    assert problems(schema(), tree | {"status": "VALID"})
    assert problems(schema(), tree | {"extra": 1}) == ["$: extra is unknown"]
    tree["functions"][0]["passed"] = "many"
    assert problems(schema(), tree)
