from __future__ import annotations

import csv
import io
import json

import pytest

from csvkit_ml.model.function import Verdict
from csvkit_ml.reporting.exports import COLUMNS, EXPORTS, cyclonedx, soup_csv, soup_markdown
from tests.unit.reporting.fake_records import records


@pytest.mark.parametrize("hostile", [True, False])
def test_the_sbom_is_valid_and_complete(hostile: bool) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    model = records(functions=3, bad=0.4, hostile=hostile).model()
    text = cyclonedx(model).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = {c["name"]: c for c in json.loads(text)["components"]}
    assert set(parts) == {d.name for d in model.environment.distributions}
    assert len(parts["torch"]["components"]) == 3 and parts["torch"]["purl"] == "pkg:pypi/torch@2.13.0%2Bcpu"
    assert parts["torch"]["externalReferences"][0]["url"] == "report.json"


def test_the_soup_list_has_the_library_first_and_no_formula() -> None:
    model = records(functions=6, bad=0.5, hostile=False).model()
    rows = list(csv.reader(io.StringIO(soup_csv(model).decode())))
    assert tuple(rows[0]) == COLUMNS and [r[1] for r in rows[1:]] == ["torch", "numpy"]
    assert "accepted (Looked at.)" in rows[1][8] and rows[1][5] == "Answer to soup_use."
    import dataclasses

    evil = dataclasses.replace(model, maker="=cmd|' /C calc'!A0\u202e|<b>")
    assert list(csv.reader(io.StringIO(soup_csv(evil).decode())))[1][2].startswith("'=cmd")
    assert "\\|" in soup_markdown(evil).decode() and "<U+202E>" in soup_csv(evil).decode()
    lines = soup_markdown(evil).decode().splitlines()
    assert len(lines) == 4 and all(line.replace("\\|", "").count("|") == len(COLUMNS) + 1 for line in lines)


def test_every_case_is_in_the_test_result() -> None:
    model = records(functions=6, bad=0.5).model()
    told = json.loads(EXPORTS["test-result"](model))["predicate"]
    counts = [len(told[k]) for k in ("passedTests", "failedTests", "warnedTests")]
    assert counts == [model.count(v) for v in (Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE)] and told["result"] == "FAILED"


@pytest.mark.parametrize("name", EXPORTS)
def test_same_bytes_every_time(name: str) -> None:
    assert EXPORTS[name](records(functions=3).model()) == EXPORTS[name](records(functions=3).model())
