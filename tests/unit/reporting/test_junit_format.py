from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

from csvkit_ml.model.function import Verdict
from csvkit_ml.reporting.junit_format import FORMAT, xml_text
from tests.unit.reporting.fake_records import HOSTILE, records


def test_counts_match() -> None:
    model = records(bad=0.3).model()
    root = ET.fromstring(FORMAT.render(model))
    assert [int(root.attrib[a]) for a in ("tests", "failures", "errors")] == [
        sum(len(f.cases) for f in model.functions),
        model.count(Verdict.FAILED),
        model.count(Verdict.INDETERMINATE),
    ]
    assert len(root.findall(".//failure")) == model.count(Verdict.FAILED) > 0
    assert len(root.findall(".//error")) == model.count(Verdict.INDETERMINATE) > 0
    for f, suite in zip(model.functions, root.findall("testsuite"), strict=True):
        assert suite.attrib["name"] == f.id
        assert len(suite.findall("testcase")) == len(f.cases) == int(suite.attrib["tests"])
        assert len(suite.findall("testcase/failure")) == f.failed == int(suite.attrib["failures"])
        assert len(suite.findall("testcase/error")) == f.indeterminate == int(suite.attrib["errors"])


def test_reason_and_command_are_told() -> None:
    model = records(bad=0.3).model()
    case = next(c for f in model.functions for c in f.cases if c.verdict is Verdict.FAILED)
    failure = ET.fromstring(FORMAT.render(model)).find(".//failure")
    assert failure is not None and failure.attrib["type"] == case.reason.name
    assert failure.attrib["message"].startswith(case.reason.value)
    assert failure.text is not None and case.criterion.formula in failure.text and "mlcsv reproduce" in failure.text


def test_hostile_texts_survive_as_texts() -> None:
    model = records(functions=1, bad=1.0).model()
    cases = tuple(dataclasses.replace(model.functions[0].cases[0], detail=h + "\ud800\ufffe") for h in HOSTILE)
    f = dataclasses.replace(model.functions[0], cases=cases, failed=len(cases), indeterminate=0)
    root = ET.fromstring(FORMAT.render(dataclasses.replace(model, functions=(f,))))
    told = [e.attrib["message"] for e in root.iter() if e.tag in ("failure", "error")]
    for text, message in zip(HOSTILE, told, strict=True):
        assert message.endswith(xml_text(text) + "<U+D800><U+FFFE>")


def test_control_characters_are_written_out() -> None:
    assert xml_text("a\x00\x1b\tb\uffff") == "a<U+0000><U+001B>\tb<U+FFFF>"
