"""Runs for false alarms go on where they were."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.alarms import Judging, by_output, campaign
from csvkit_ml import registry


def test_what_was_found_is_not_found_again(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    line = {"run": 3, "function": "dropout", "outputs": 12, "alarms": ["p"], "largest": 0.5, "disturbed": 2, "caught": 1, "seconds": 0.1}
    state.write_text(json.dumps(line) + "\n")
    kept = Judging(state).done[(3, "dropout")]
    assert (kept.outputs, kept.alarms, kept.largest, kept.disturbed, kept.caught) == (12, ["p"], 0.5, 2, 1)


def test_functions_of_which_one_output_is_judged_by_p_values_take_part() -> None:
    found = campaign(registry.library("torch"), ("*dropout",), plain=True, counted=False)
    ids = {f.id for f, _, _ in found.pairs}
    assert {"dropout", "recurrent_dropout"} <= ids
    function, _, (sample, *_) = next(p for p in found.pairs if p[0].id == "recurrent_dropout")
    assert [c.kind for c in by_output(function, sample, 2)] == [c.kind for c in function.criterion_for(sample).criteria]  # type: ignore[attr-defined]
    assert len(by_output(registry.functions()["dropout"], sample, 3)) == 3
