"""Known anomalies in a report: read back, conform to the schema, shown on the page, told as findings."""

from __future__ import annotations

import dataclasses
import json

from csvkit_ml.model.anomaly import AnomalyList
from csvkit_ml.model.codec import decode
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import html_format, json_format
from csvkit_ml.reporting.json_schema import schema
from tests.unit.reporting.fake_records import records
from tests.unit.reporting.json_schema_check import problems
from tests.worlds.anomaly_lists import tiny_anomalies


def model(anomalies: AnomalyList | None) -> ReportModel:
    return dataclasses.replace(records(functions=1, bad=0.0), anomalies=anomalies).model()


def test_reads_back_and_conforms() -> None:
    made = model(tiny_anomalies())
    data = json_format.render(made)
    assert decode(ReportModel, data) == made
    assert problems(schema(), json.loads(data)) == []


def test_what_needs_a_person_is_a_finding() -> None:
    found = {f.subject: f.sentence.partition(": <script>")[0] for f in model(tiny_anomalies()).findings if f.kind == "anomaly"}
    assert found == {
        "open": "To be decided by a person",
        "failed": "Relevant (avoided); probed by f0 PASSED, f1 FAILED",
        "not run": "Relevant (avoided); probed by f0 not in this run",
        "unprobed": "Relevant (avoided); no function probes it",
    }


def test_the_page_shows_every_entry_as_text() -> None:
    page = html_format.render(model(tiny_anomalies())).decode()
    section = page[page.index('<section id="anomalies">') : page.index('<section id="environment">')]
    assert section.count("&lt;script&gt;") == 7
    assert "href" not in section
    for text in ("9 entries read, 7 listed here", "version <code>1</code>", "&lt;b&gt;because&lt;/b&gt;", "f1</bdi>: FAILED", "no function probes it"):
        assert text in section, text


def test_without_a_list_there_is_no_section() -> None:
    assert b'id="anomalies"' not in html_format.render(model(None))
