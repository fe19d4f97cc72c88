"""Scope, requirements and own tests in a report: read back, conform, shown as text, told as findings, and no status is better than they are."""

from __future__ import annotations

import dataclasses
import json

import pytest

from csvkit_ml.model.codec import decode
from csvkit_ml.model.coverage import Cover
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportModel
from csvkit_ml.model.requirement import TestOutcome
from csvkit_ml.reporting import html_format, json_format
from csvkit_ml.reporting.json_schema import schema
from tests.unit.reporting.fake_records import records
from tests.unit.reporting.json_schema_check import problems
from tests.worlds.intended_use import row, tiny_list, tiny_requirements, tiny_tests

GOOD = {
    "scope": tiny_list(row("aten::exp")), "requirements": tiny_requirements(Verdict.PASSED), "own_tests": tiny_tests(TestOutcome.PASSED),
}  # fmt: skip
BAD = {
    "scope": tiny_list(row("aten::exp"), row("aten::relu", Cover.EXERCISED), row("aten::tan", Cover.VERIFIED, "Used at float16.")),
    "requirements": tiny_requirements(Verdict.PASSED, "No function."),
    "own_tests": tiny_tests(TestOutcome.SKIPPED, problems=("it crashed",)),
}


def model(bad: float = 0.0, **parts: object) -> ReportModel:
    return dataclasses.replace(records(functions=2, bad=bad), **parts).model()


@pytest.mark.parametrize("parts", [GOOD, BAD, {}])
def test_reads_back_and_conforms(parts: dict[str, object]) -> None:
    made = model(**parts)
    data = json_format.render(made)
    assert decode(ReportModel, data) == made
    assert problems(schema(), json.loads(data)) == []


def test_status_is_never_better_than_the_intended_use() -> None:
    assert model(**GOOD).status is model().status is Verdict.PASSED
    for name, part in BAD.items():
        assert model(**{name: part}).status is Verdict.INDETERMINATE, name
    assert model(requirements=tiny_requirements(Verdict.FAILED)).status is Verdict.FAILED
    assert model(own_tests=tiny_tests(TestOutcome.PASSED, TestOutcome.FAILED)).status is Verdict.FAILED
    assert model(scope=tiny_list()).status is model(own_tests=tiny_tests()).status is Verdict.INDETERMINATE


def test_a_report_of_before_is_read() -> None:
    tree = json.loads(json_format.render(model()))
    old = {k: v for k, v in tree.items() if k not in ("scope", "requirements", "own_tests")}
    assert decode(ReportModel, json.dumps(old).encode()) == model()


def test_what_is_not_shown_is_a_finding() -> None:
    kinds = ("used-not-verified", "requirement", "own-test")
    assert [f for f in model(**GOOD).findings if f.kind in kinds] == []
    assert [(f.kind, f.subject, f.sentence[:60]) for f in model(**BAD).findings if f.kind in kinds] == [
        ("used-not-verified", "aten::relu", "Used in forward (2 times, float32); exercised by f0."),
        ("used-not-verified", "aten::tan", "Used in forward (2 times, float32); verified by f0. Used at "),
        ("requirement", "R-1", "INDETERMINATE: No function."),
        ("own-test", "test_x.py::test_0", "skipped: <script>alert(1)</script>"),
        ("own-test", "pq", "it crashed"),
    ]


def test_the_page_shows_them_as_text() -> None:
    page = html_format.render(model(**BAD)).decode()
    start = page.index('<section id="scope">')
    section = page[start : page.index("</section>", page.index('<section id="own-tests">'))]
    assert "<script>" not in section and section.count("&lt;script&gt;") == 4
    for text in ("aten::relu", "exercised", "Used at float16.", "H-1", "No function.", "skipped", "it crashed", "1 sample of this run has"):
        assert text in section, text


def test_without_them_there_is_no_section() -> None:
    page = html_format.render(model())
    assert not [s for s in (b'id="scope"', b'id="requirements"', b'id="own-tests"') if s in page]
