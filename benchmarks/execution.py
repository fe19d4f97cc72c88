"""Goal 1: executing the same cases bare, by us, by pytest, by pytest-xdist; onnxruntime against unittest; a second backend."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import write_cases, write_node_cases
from benchmarks.measure import Cost, Row, cost, met, output, rounds

SUBJECTS = Path(__file__).parent / "subjects"
CASES = 3000
REPETITIONS = 3


def rows(options: argparse.Namespace) -> list[Row]:
    """Torch, then onnxruntime; a library without an interpreter is left out."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        if options.python:
            found += _torch(Path(scratch) / "torch", options.python, options.rounds)
        if options.onnx_python:
            found += _onnx(Path(scratch) / "onnx", options.onnx_python, options.rounds)
    return found


def _torch(folder: Path, python: str, count: int) -> list[Row]:
    folder.mkdir()
    cases = write_cases("torch", folder, limit=CASES)
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SUBJECTS / "test_parametrized.py")]
    seen = rounds(
        {
            "bare": _subject(folder, [python, str(SUBJECTS / "bare.py")]),
            "mlcsv": _ours(folder, python, "torch", "cpu"),
            "mlcsv, 2 backends": _ours(folder, python, "torch", "cpu", "cpu:isa=avx2"),
            "pytest": _subject(folder, pytest),
            "pytest-xdist -n 2": _subject(folder, [*pytest, "-n", "2"]),
        },
        count,
    )
    ours, bare = seen["mlcsv"].cpu_s, seen["bare"].cpu_s
    added = seen["mlcsv, 2 backends"].cpu_s - ours
    return [
        _row(f"torch, {cases} cases x {REPETITIONS}: mlcsv / bare loop", ours, bare, 1.5),
        _row("mlcsv / pytest, same cases and repetitions", ours, seen["pytest"].cpu_s, 0.25),
        _row("mlcsv / pytest-xdist -n 2, same cases and repetitions", ours, seen["pytest-xdist -n 2"].cpu_s, 0.2),
        _row("a second backend / the first", added, ours, 0.6),
        Row(goal="1", what="wall: mlcsv, bare, pytest, xdist", measured=", ".join(f"{seen[n].wall_s:.2f} s" for n in
            ("mlcsv", "bare", "pytest", "pytest-xdist -n 2"))),
    ]  # fmt: skip


def _onnx(folder: Path, python: str, count: int) -> list[Row]:
    folder.mkdir()
    cases = write_cases("onnxruntime", folder, limit=CASES)
    seen = rounds(
        {"mlcsv": _ours(folder, python, "onnxruntime", "cpu"), "unittest": _subject(folder, [python, str(SUBJECTS / "unittest_cases.py")])},
        count,
    )
    direct = seen["mlcsv"].cpu_s, seen["unittest"].cpu_s
    return [
        _stock(folder.with_name("node"), python, count),
        Row(goal="1", what=f"onnxruntime, {cases} of our cases x {REPETITIONS}: mlcsv / bare calls in unittest methods",
            measured=f"{direct[0]:.2f} / {direct[1]:.2f} CPU-s", ratio=f"{direct[0] / direct[1]:.2f}"),
    ]  # fmt: skip


def _stock(folder: Path, python: str, count: int) -> Row:
    """Per executed case on ONNX's node cases: all of ours (host, start-up, storing) against the stock runner's running alone."""
    folder.mkdir()
    cases = write_node_cases(folder)
    ours = rounds({"mlcsv": _ours(folder, python, "onnxruntime", "cpu")}, count)["mlcsv"].cpu_s / (cases * REPETITIONS)
    told = [json.loads(output([python, str(SUBJECTS / "onnx_node_runner.py")], environ={"MLCSV_BENCHMARK": str(folder)})) for _ in range(count)]
    theirs = statistics.median(t["cpu_s"] / t["ran"] for t in told)
    what = f"ONNX node cases, {cases} x {REPETITIONS} / {told[0]['ran']} once: mlcsv / stock unittest runner, per executed case"
    return Row(goal="1", what=what, measured=f"{ours * 1e3:.2f} / {theirs * 1e3:.2f} CPU-ms", ratio=f"{ours / theirs:.2f}", wanted="<= 0.33",
               met=met(ours / theirs <= 1 / 3))  # fmt: skip


def _subject(folder: Path, command: list[str]) -> Callable[[], Cost]:
    environ = {"MLCSV_BENCHMARK": str(folder), "MLCSV_BENCHMARK_REPETITIONS": str(REPETITIONS), "OMP_NUM_THREADS": "1"}
    return lambda: cost(command, environ=environ, expect=(0, 1))  # 1: a case that does not repeat its bits fails there as well


def _ours(folder: Path, python: str, library: str, *backends: str) -> Callable[[], Cost]:
    return lambda: cost([sys.executable, "-m", "benchmarks.ours", str(folder), python, str(REPETITIONS), library, *backends])


def _row(what: str, ours: float, theirs: float, wanted: float) -> Row:
    ratio = ours / theirs
    return Row(
        goal="1",
        what=what,
        measured=f"{ours:.2f} / {theirs:.2f} CPU-s",
        ratio=f"{ratio:.2f}",
        wanted=f"<= {wanted:.2f}",
        met=met(ratio <= wanted),
    )
