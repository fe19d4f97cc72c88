"""Captured output is bounded, the environment is a list of what is allowed, the archive on disk is checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csvkit_ml.execution.cell import KEPT_HEAP, TAIL_BYTES, Ending, Tail, clean_environment, write_archive
from csvkit_ml.execution.staging import pack


def test_a_tail_keeps_the_last_bytes() -> None:
    tail = Tail()
    for _ in range(4):
        os.write(tail.writer, b"x" * 40_000)
        assert tail.drain()
    os.write(tail.writer, b"end")
    tail.close_writer()
    assert not tail.drain()
    assert not tail.open
    assert len(tail.bytes()) == TAIL_BYTES
    assert tail.text(5) == "xxend"
    tail.close()


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "evil.so")
    given = clean_environment({"OMP_NUM_THREADS": "2"})
    assert set(given) == {"PATH", "HOME", "LANG", "OMP_WAIT_POLICY", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", *KEPT_HEAP}


def test_what_the_library_starts_leaves_no_byte_code_beside_sources(tmp_path: Path) -> None:
    (tmp_path / "imported.py").write_text("x = 1\n")
    asked = [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import imported", str(tmp_path)]
    subprocess.run(asked, env=clean_environment({}), check=True)
    assert [p.name for p in tmp_path.iterdir()] == ["imported.py"]


def test_endings_have_names() -> None:
    assert Ending(code=3, signal=0).signal_name == ""
    assert Ending(code=None, signal=11).signal_name == "SIGSEGV"
    assert Ending(code=None, signal=63).signal_name == "signal 63"


def test_a_damaged_archive_is_written_again(tmp_path: Path) -> None:
    worker = pack({"__main__.py": b"pass"})
    path = write_archive(worker, tmp_path / "new")
    path.write_bytes(b"damaged")
    assert write_archive(worker, tmp_path / "new").read_bytes() == worker.data
    assert [p.name for p in path.parent.iterdir()] == [path.name]
