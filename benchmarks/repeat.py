"""Goal 2: the same command again, nothing changed. All cases of onnxruntime in an environment of our own making."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import count
from pathlib import Path

from benchmarks.measure import Cost, Row, cost, met, rounds

REQUIREMENT = "onnxruntime==1.23.2"


def rows(options: argparse.Namespace) -> list[Row]:
    """First run, then repeats in the same cache: the report that stands, and a report made anew from what is stored."""
    with tempfile.TemporaryDirectory() as scratch:
        home = {"XDG_CACHE_HOME": scratch, "XDG_CONFIG_HOME": scratch}
        command = [sys.executable, "-m", "csvkit_ml", "validate", REQUIREMENT, "--unsigned", "-q"]
        number = count()

        def again() -> Cost:
            return cost(command, environ=home, expect=(0, 3, 4), cwd=scratch)

        def anew() -> Cost:
            return cost([*command, "--out", f"anew{next(number)}"], environ=home, expect=(0, 3, 4), cwd=scratch)

        first = again()
        seen = rounds({"again": again, "anew": anew}, options.rounds)
        facts = [json.loads((Path(scratch) / f"anew{n}" / "report.json").read_bytes())["run"] for n in range(next(number))]
        reports = len(list((Path(scratch) / "reports").iterdir()))
    executed, reused = sum(f["executed"] for f in facts), facts[0]["reused"]
    stands, made = seen["again"].wall_s, seen["anew"].wall_s
    return [
        Row(goal="2", what=f"{REQUIREMENT}, {reused} cases: again, the report stands / first", measured=f"{stands:.2f} / {first.wall_s:.2f} s wall",
            ratio=f"{stands / first.wall_s:.3f}", wanted="<= 2 s", met=met(stands <= 2 and reports == 1)),
        Row(goal="2", what=f"the same with --out: a new report, {executed} cases executed / first", measured=f"{made:.2f} / {first.wall_s:.2f} s wall",
            ratio=f"{made / first.wall_s:.3f}"),
    ]  # fmt: skip
