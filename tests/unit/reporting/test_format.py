"""The contract of every report format."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.reporting.format import Format, check_distinct, formats
from tests.unit.reporting.fake_records import records


def test_the_formats_are_found() -> None:
    names = {"html": "report.html", "json": "report.json", "junit": "junit.xml"}
    names |= {"soup-pdf": "soup-verification-report.pdf", "tool-pdf": "tool-validation-report.pdf"}
    assert {f.name: f.filename for f in formats()} == names


@pytest.mark.parametrize("form", formats(), ids=lambda f: f.name)
def test_pure_and_never_empty(form: Format) -> None:
    for options in ({"bad": 0.5}, {"functions": 0}, {"samples": 0}, {"bad": 0.0, "hostile": False}):
        first = form.render(records(**options).model())  # type: ignore[arg-type]
        assert first and first == form.render(records(**options).model())  # type: ignore[arg-type]
        assert form.filename.endswith(".pdf") or first.decode("utf-8")


@pytest.mark.parametrize("form", formats(), ids=lambda f: f.name)
def test_the_verdict_reaches_every_format(form: Format) -> None:
    assert form.render(records(bad=0.0).model()) != form.render(records(bad=1.0).model())


def test_a_duplicate_is_an_error() -> None:
    one = formats()[0]
    with pytest.raises(SuiteError, match="have the name"):
        check_distinct((one, one))
    with pytest.raises(SuiteError, match="have the file name"):
        check_distinct((one, Format(name="other", filename=one.filename, render=one.render)))
