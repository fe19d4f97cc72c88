"""Goal 2: the same command again, nothing changed. About 3,000 cases of onnxruntime in an environment of our own making."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Row, cost, met, rounds

REQUIREMENT = "onnxruntime==1.23.2"


def rows(options: argparse.Namespace) -> list[Row]:
    """First run, then repeats in the same cache."""
    with tempfile.TemporaryDirectory() as scratch:
        home = {"XDG_CACHE_HOME": scratch, "XDG_CONFIG_HOME": scratch}
        out = Path(scratch) / "report"
        command = [sys.executable, "-m", "csvkit_ml", "validate", REQUIREMENT, "--unsigned", "-q", "--out", str(out)]

        def run() -> object:
            shutil.rmtree(out, ignore_errors=True)
            return cost(command, environ=home, expect=(0, 3))

        first = run()
        again = rounds({"again": run}, options.rounds)["again"]  # type: ignore[dict-item]
        facts = json.loads((out / "report.json").read_bytes())["run"]
    what = f"{REQUIREMENT}, {facts['reused']} cases reused, {facts['executed']} executed: again / first"
    return [
        Row(goal="2", what=what, measured=f"{again.wall_s:.2f} / {first.wall_s:.2f} s wall", ratio=f"{again.wall_s / first.wall_s:.2f}",  # type: ignore[attr-defined]
            wanted="<= 2 s", met=met(again.wall_s <= 2 and facts["executed"] == 0)),
    ]  # fmt: skip
