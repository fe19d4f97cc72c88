"""Runs for false alarms go on where they were."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.alarms import Judging


def test_what_was_found_is_not_found_again(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    line = {"run": 3, "function": "dropout", "outputs": 12, "alarms": ["p"], "largest": 0.5, "disturbed": 2, "caught": 1, "seconds": 0.1}
    state.write_text(json.dumps(line) + "\n")
    kept = Judging(state).done[(3, "dropout")]
    assert (kept.outputs, kept.alarms, kept.largest, kept.disturbed, kept.caught) == (12, ["p"], 0.5, 2, 1)
