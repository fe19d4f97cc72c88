"""All files of a report at once: the same bytes as one after the other, large records in processes of their own too."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import LayoutError
from csvkit_ml.pipeline.rendering import rendered
from csvkit_ml.reporting import pdf
from csvkit_ml.reporting.format import formats
from tests.unit.reporting.fake_records import records


@pytest.mark.parametrize("large", [pdf.LARGE, 1])
def test_files_are_those_of_the_formats_alone(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = records(bad=0.2).model()
    alone = {f.filename: f.render(model) for f in formats()}
    monkeypatch.setattr(pdf, "LARGE", large)
    assert rendered(model) == alone


def test_what_cannot_be_laid_out_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "LARGE", 1)
    with pytest.raises(LayoutError, match="cannot be laid out: .*"):
        pdf.typeset(b"no document", b"no record", 0)
