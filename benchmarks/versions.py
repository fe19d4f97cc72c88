"""Goal 7: a second version of a library. References are taken from the memo, environments share files, a warm one is quick."""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Row, cost, met

FIRST, SECOND = "onnxruntime==1.23.2", "onnxruntime==1.22.1"


def rows(options: argparse.Namespace) -> list[Row]:
    """Two versions in one cache, then the first once more."""
    with tempfile.TemporaryDirectory() as scratch:
        home = {"XDG_CACHE_HOME": scratch, "XDG_CONFIG_HOME": scratch}
        cache = Path(scratch) / "mlcsv"

        def run(requirement: str) -> float:
            out = Path(scratch) / "report"
            shutil.rmtree(out, ignore_errors=True)
            return cost(
                [sys.executable, "-m", "csvkit_ml", "validate", requirement, "--unsigned", "-q", "--out", str(out)],
                environ=home, expect=(0, 3),
            ).wall_s  # fmt: skip

        first = run(FIRST)
        known, disk = _references(cache), _disk(cache / "environments")
        second = run(SECOND)
        more, both = _references(cache) - known, _disk(cache / "environments")
        warm = cost([sys.executable, "-m", "csvkit_ml", "plan", FIRST, "-f", "relu", "-o", f"{scratch}/plan.json"], environ=home).wall_s
    return [
        Row(goal="7", what=f"{SECOND} after {FIRST}: references computed", measured=f"{more} of {known}", wanted="0", met=met(more == 0)),
        Row(goal="7", what="second / first version", measured=f"{second:.1f} / {first:.1f} s wall", ratio=f"{second / first:.2f}"),
        Row(goal="7", what="disk of both environments / of one (another onnxruntime release shares only what is the same)",
            measured=f"{both >> 20} / {disk >> 20} MiB", ratio=f"{both / disk:.2f}"),
        Row(goal="7", what="warm onnxruntime environment, checked, with a plan of one function", measured=f"{warm:.2f} s wall", wanted="<= 1 s",
            met=met(warm <= 1)),
    ]  # fmt: skip


def _references(cache: Path) -> int:
    """Expected values in the memo: their heads begin with the name of the first output."""
    with sqlite3.connect(f"file:{cache / 'memo.sqlite'}?mode=ro", uri=True) as db:
        return int(db.execute("SELECT count(*) FROM memo WHERE substr(answer, 1, 4) = X'5b5b2279'").fetchone()[0])


def _disk(folder: Path) -> int:
    """Bytes of all files, each inode once."""
    seen: dict[tuple[int, int], int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            info = Path(root, name).lstat()
            seen[info.st_dev, info.st_ino] = info.st_blocks * 512
    return sum(seen.values())
