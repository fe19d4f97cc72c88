"""Libraries that misbehave while they are imported: the reason is told, in time, and nothing is left."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from csvkit_ml.errors import DiskFullError, OutputUnwritableError, WorkerStartError
from csvkit_ml.execution import launch
from csvkit_ml.execution.cell import write_archive
from csvkit_ml.execution.engine import describe
from csvkit_ml.execution.staging import StagedWorker, pack, sources

_RUNTIME = """
import os, sys, time
from csvkit_ml.worker.wire import Runtime

def to_the_host(data):
    for fd in range(3, 32):
        try:
            os.write(fd, data)
        except OSError:
            pass

class Odd(Runtime):
    def __init__(self):
        pass
{body}
    def apply(self, settings):
        return {{}}
    def describe(self):
        return {{"version": "1"}}

RUNTIME = Odd
"""


def worker(body: str) -> StagedWorker:
    indented = "".join(f"        {line}\n" for line in body.splitlines())
    folder = "csvkit_ml/libraries/odd"
    runtime = _RUNTIME.format(body=indented).encode()
    return pack(sources(()) | {f"{folder}/__init__.py": b"", f"{folder}/staged/__init__.py": b"", f"{folder}/staged/runtime.py": runtime})


def ask(body: str, scratch: Path, *, fork: bool = True) -> dict[str, str]:
    return describe(python=sys.executable, worker=worker(body), library="odd", variables={}, settings={}, scratch=scratch, fork=fork)


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise OSError('no such kernel module')", "no such kernel module"),
        ("os.kill(os.getpid(), 11)", r"ended the process \(SIGSEGV\)"),
        ("os._exit(3)", r"ended the process \(exit status 3\)"),
        ("sys.exit('leaving')", "SystemExit: leaving"),
        ("to_the_host(b'\\0' * 5); os._exit(0)", "broke off"),
        ("to_the_host(b'rubbish, no frame'); time.sleep(60)", "broke off: not a frame"),
        ("os.close(1); os.close(2); os._exit(5)", "exit status 5"),
    ],
)
def test_the_reason_is_told(body: str, words: str, fork: bool, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError, match=words) as e:
        ask(body, tmp_path, fork=fork)
    assert e.value.cause.startswith("importing odd with ")
    assert e.value.exit_code == 6


@pytest.mark.parametrize(
    "body", ["time.sleep(60)", "os.close(1); os.close(2); time.sleep(60)", "to_the_host(b'\\0\\0'); time.sleep(60)", "while True: print('x' * 999)"]
)
def test_no_import_takes_for_ever(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "START_LIMIT_S", 0.7)
    started = time.monotonic()
    with pytest.raises(WorkerStartError, match="did not finish|broke off"):
        ask(body, tmp_path)
    assert time.monotonic() - started < 8
    assert psutil.Process().children() == []


@pytest.mark.parametrize("body", ["print('rubbish ' * 500000)", "os.close(1); os.close(2)", "os.write(1, b'\\xff\\xfe' * 100000)"])
def test_rubbish_on_its_streams_is_not_a_failure(body: str, tmp_path: Path) -> None:
    assert ask(body, tmp_path) == {"version": "1"}


def test_a_descendant_that_outlives_a_failed_import_neither_delays_the_news_nor_stays(tmp_path: Path) -> None:
    started, pid = time.monotonic(), tmp_path / "pid"
    with pytest.raises(WorkerStartError, match="exit status 4"):
        ask(f"child = os.fork()\nif child == 0:\n    time.sleep(30)\nopen({str(pid)!r}, 'w').write(str(child))\nos._exit(4)", tmp_path)
    assert time.monotonic() - started < 8
    while psutil.pid_exists(int(pid.read_text())) and psutil.Process(int(pid.read_text())).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - started < 8
        time.sleep(0.02)


def test_an_altered_archive_is_written_again(tmp_path: Path) -> None:
    made = worker("")
    path = write_archive(made, tmp_path)
    path.write_bytes(b"altered")
    assert write_archive(made, tmp_path).read_bytes() == made.data
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_no_place_for_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritableError, match="file"):
        write_archive(worker(""), tmp_path / "file" / "scratch")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError):
        write_archive(worker(""), tmp_path / "scratch")
