"""A program is ended with everything it started, also what left its process group; half a line is no record."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from csvkit_ml.errors import InterpreterError
from csvkit_ml.programs import run_to_end, whole_lines

CHILD = "import subprocess, sys, time; c = subprocess.Popen(['sleep', '300'], start_new_session={own}); open(sys.argv[1], 'w').write(str(c.pid)); {then}"


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("own", [True, False])
def test_at_the_limit_descendants_go_too(tmp_path: Path, own: bool) -> None:
    line = [sys.executable, "-c", CHILD.format(own=own, then="time.sleep(300)"), str(tmp_path / "pid")]
    assert run_to_end(line, 4.0) is None
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_what_is_left_in_the_group_goes_with_an_ordinary_end(tmp_path: Path) -> None:
    line = [sys.executable, "-c", CHILD.format(own=False, then="sys.exit(3)"), str(tmp_path / "pid")]
    assert run_to_end(line, 60.0) == 3
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_how_it_ended() -> None:
    assert run_to_end([sys.executable, "-c", ""], 60.0) == 0
    assert run_to_end([sys.executable, "-c", "import os; os.abort()"], 60.0) == -6
    with pytest.raises(InterpreterError):
        run_to_end(["/nonexistent"], 1.0)


def test_lines_that_are_whole(tmp_path: Path) -> None:
    (tmp_path / "record").write_bytes(b'{"a": 1}\n[1]\n\xff\n' + b"[" * 100_000 + b'\n{"b": 2}\n{"c": ')
    assert list(whole_lines(tmp_path / "record")) == [{"a": 1}, {"b": 2}]
    assert list(whole_lines(tmp_path / "absent")) == []
