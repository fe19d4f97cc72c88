"""What `mlcsv split` prints, of a library in memory."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from csvkit_ml import pipeline
from csvkit_ml.cli import app
from csvkit_ml.model.coverage import Coverage
from tests.worlds.inventories import tiny_coverage


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> Coverage:
    made = tiny_coverage()
    monkeypatch.setattr(pipeline, "split", lambda asked, **more: made)
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["split", "tiny", *arguments])


def test_a_name_under_no_regime_is_told_and_gives_four(coverage: Coverage) -> None:
    done = run()
    assert done.exit_code == 4
    assert done.stdout.splitlines() == [
        "both            mathematics                                    medium     3/4    75.0 %          0/3     0.0 % +3   ",
        "training        losses                                         high       0/1     0.0 %                            -",
    ]
    for text in ("8 of 9 names and operators classified", "unclassified: tiny.is_loss", "a binding verifies tiny.gone"):
        assert text in done.stderr


def test_uncovered_names_are_lines(coverage: Coverage) -> None:
    assert run("--uncovered").stdout == (
        "both\tmathematics\ttiny.Tensor.exp\tno reason is written\ntraining\tlosses\ttiny.l1_loss\tno reason is written\n"
    )


def test_json_is_one_document_with_counts_by_side(coverage: Coverage) -> None:
    told = json.loads(run("--json").stdout)
    assert told["sides"]["both"]["names"] == {"total": 4, "verified": 3, "exercised": 0, "not_verified": 1, "percent": 75.0}
    assert [u["name"] for u in told["unclassified"]] == ["tiny.is_loss"]


def test_everything_classified_gives_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(pipeline, "split", lambda asked, **more: replace(tiny_coverage(), unclassified=(), absent=()))
    assert run().exit_code == 0
