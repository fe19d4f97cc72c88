"""Which operators executions call: what crashes or hangs adds nothing and costs nothing else."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from csvkit_ml.execution.calling import calls, launcher
from csvkit_ml.execution.work import Called, Job
from tests.worlds.scripted import LIBRARY, job, scripted_worker

WORKER = scripted_worker()


def traced(scratch: Path, *jobs: Job, fork: bool = True) -> dict[str, Called]:
    with launcher(python=sys.executable, worker=WORKER, library=LIBRARY, variables={}, scratch=scratch, fork=fork) as processes:
        return calls(processes, jobs, limit_s=0.5)


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_calls_by_function(fork: bool, tmp_path: Path) -> None:
    found = traced(tmp_path, job("echo", variants=("plain", "out")), job("pid"), job("echo", name="t", variants=("more",)), fork=fork)
    assert found == {
        "echo": Called(
            operators=("scripted::echo", "scripted::more", "scripted::out", "scripted::plain"), results=("scripted::echo", "scripted::out")
        ),
        "pid": Called(operators=("scripted::pid", "scripted::plain"), results=("scripted::pid",)),
    }


@pytest.mark.parametrize("op", ["segfault", "exit", "hang", "raises", "unsupported", "garbage", "closes"])
def test_a_function_that_misbehaves_adds_nothing(op: str, tmp_path: Path) -> None:
    started = time.monotonic()
    assert set(traced(tmp_path, job("echo"), job(op), job("pid"))) == {"echo", "pid"}
    assert time.monotonic() - started < 10


def test_nothing_to_trace(tmp_path: Path) -> None:
    assert traced(tmp_path) == {}
