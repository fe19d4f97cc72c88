"""The functional split in a report: read back, conform to the schema, shown on the page, told as a finding."""

from __future__ import annotations

import dataclasses
import json

from csvkit_ml.model.codec import decode
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import html_format, json_format
from csvkit_ml.reporting.json_schema import schema
from tests.unit.reporting.fake_records import records
from tests.unit.reporting.json_schema_check import problems
from tests.worlds.inventories import CALLS, tiny_coverage


def model(coverage: Coverage | None) -> ReportModel:
    return dataclasses.replace(records(functions=2, bad=0.0), coverage=coverage).model()


def test_reads_back_and_conforms() -> None:
    made = model(tiny_coverage({"exp": Verdict.PASSED, "relu": Verdict.FAILED}))
    data = json_format.render(made)
    assert decode(ReportModel, data) == made
    assert problems(schema(), json.loads(data)) == []


def test_the_page_shows_the_table_with_names() -> None:
    page = html_format.render(model(tiny_coverage({"exp": Verdict.PASSED, "relu": Verdict.FAILED}))).decode()
    section = page[page.index('<section id="coverage">') : page.index('<section id="environment">')]
    for text in (
        "8 names", "1 of 4", "25.0 %", "2 did not pass", "2 exercised", "tiny.Tensor.exp", "tiny.exp</bdi>: verified (exp)",
        "tiny.relu_again</bdi>: tested, did not pass (relu)", "made up",
    ):  # fmt: skip
        assert text in section, text


def test_without_rules_there_is_no_section() -> None:
    assert b'id="coverage"' not in html_format.render(model(None))


def test_unclassified_names_are_findings_with_every_name() -> None:
    found = {f.subject: f.sentence for f in model(tiny_coverage(None, CALLS, "tiny.brand_new", "aten::brand_new")).findings if f.kind == "unclassified"}
    assert found == {
        "tiny: names": "No rule of the functional split gives one side to these names of this release (2): tiny.brand_new, tiny.is_loss",
        "tiny: operators": "No rule of the functional split gives one side to these operators of this release (1): aten::brand_new",
    }
