"""The maker's own tests: every outcome, and nothing lost when they crash, hang, print or cannot be collected."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from csvkit_ml.errors import InterpreterError, UsageError
from csvkit_ml.intended.running import read_events, run_own_tests
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.requirement import OwnTests, TestOutcome

OUTCOMES = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("no data")

@pytest.mark.requirement("R-1", "R-2")
def test_passes():
    print("measured 3")

@pytest.mark.requirement("R-1")
def test_fails():
    assert 1 + 1 == 3

def test_error(broken): ...

@pytest.mark.skip(reason="no scanner")
def test_skipped(): ...

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    raise ValueError
"""


def run(folder: Path, text: str, *, limit_s: float = 60.0, python: str = sys.executable) -> OwnTests:
    tests = folder / "pq"
    tests.mkdir()
    (tests / "test_own.py").write_text(text)
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return run_own_tests(python, tests, variables=variables, limit_s=limit_s, bytecode=folder / "bytecode")


def outcomes(found: OwnTests) -> dict[str, str]:
    return {t.id.rpartition("::test_")[2]: t.outcome.value for t in found.tests}


def test_every_outcome_with_its_output(tmp_path: Path) -> None:
    found = run(tmp_path, OUTCOMES)
    assert outcomes(found) == {
        "passes": "passed", "fails": "failed", "error": "error", "skipped": "skipped", "expected_to_fail": "skipped",
    }  # fmt: skip
    by_name = {t.id.rpartition("::test_")[2]: t for t in found.tests}
    assert by_name["passes"].requirements == ("R-1", "R-2")
    assert "measured 3" in by_name["passes"].output
    assert "assert (1 + 1) == 3" in by_name["fails"].output
    assert "no data" in by_name["error"].output
    assert "no scanner" in by_name["skipped"].output
    assert (found.problems, found.verdict, found.source) == ((), Verdict.FAILED, "pq")
    assert [name for name, _ in found.files] == ["test_own.py"]
    assert sorted(p.name for p in (tmp_path / "pq").iterdir()) == ["test_own.py"]


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    text = "import os\ndef test_a(): ...\ndef test_b():\n    os.kill(os.getpid(), 11)\ndef test_c(): ...\n"
    found = run(tmp_path, text)
    assert outcomes(found) == {"a": "passed", "b": "unfinished", "c": "unfinished"}
    assert found.problems == ("the process was ended by SIGSEGV",)
    assert found.verdict is Verdict.INDETERMINATE


def gone(pid: str) -> bool:
    """Whether a killed process is gone, or waits to be reaped, within five seconds."""
    stat, deadline = Path(f"/proc/{pid}/stat"), time.monotonic() + 5
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    return not stat.exists() or stat.read_text().split()[2] == "Z"


def test_what_never_ends_is_ended_with_what_it_started(tmp_path: Path) -> None:
    text = (
        "import subprocess, time, pathlib\ndef test_a(): ...\ndef test_b():\n    child = subprocess.Popen(['sleep', '300'])\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n    time.sleep(300)\n"
    )
    found = run(tmp_path, text, limit_s=8.0)
    assert outcomes(found) == {"a": "passed", "b": "unfinished"}
    assert found.problems == ("the tests did not end within 8 s and were ended",)
    assert gone((tmp_path / 'pid').read_text())


@pytest.mark.parametrize(
    ("text", "problem"),
    [("def broken(:", "SyntaxError"), ("", "no test was collected"), ("import os\nos._exit(9)", "the process ended with status 9")],
)
def test_what_cannot_be_collected_is_a_problem(tmp_path: Path, text: str, problem: str) -> None:
    found = run(tmp_path, text)
    assert any(problem in p or problem in found.output for p in found.problems)
    assert (found.tests, found.verdict) == ((), Verdict.INDETERMINATE)


def test_output_is_bounded(tmp_path: Path) -> None:
    found = run(tmp_path, "def test_a():\n    print('x' * 10**6, 'end')\n")
    assert len(found.tests[0].output) <= 8000 and found.tests[0].output.rstrip().endswith("end")


def test_an_environment_without_pytest_is_told(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f"#!/bin/sh\nshift 3\nexec {sys.executable} -I -S \"$@\"\n")
    bare.chmod(0o755)
    found = run(tmp_path, "def test_a(): ...", python=str(bare))
    assert "pytest is not installed" in found.problems[0]
    assert found.verdict is Verdict.INDETERMINATE


def test_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run_own_tests(sys.executable, tmp_path / "absent", variables={}, limit_s=1, bytecode=tmp_path)
    with pytest.raises(InterpreterError):
        run(tmp_path, "", python=str(tmp_path / "no-python"))


def test_events_that_are_none_add_nothing() -> None:
    seen = read_events(iter([{"collected": 3, "requirements": 4}, {"test": None}, {}, {"ended": ["x"]}]))
    assert [(t.id, t.outcome) for t in seen.tests()] == [("3", TestOutcome.UNFINISHED)]
