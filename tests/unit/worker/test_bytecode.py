"""Byte code is whole or absent, also on a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csvkit_ml.worker.bytecode import write

_IMPORT = """
import resource, sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from csvkit_ml.worker.bytecode import keep_whole
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
keep_whole()
import large
print(large.LAST)
"""


def imported(folder: Path, limit_bytes: int) -> list[Path]:
    line = [sys.executable, "-I", "-B", "-X", f"pycache_prefix={folder / 'cache'}", "-c", _IMPORT, str(folder), os.fspath(Path.cwd())]
    done = subprocess.run([*line, str(limit_bytes)], capture_output=True, text=True)
    assert done.stdout == "2999\n", done.stderr
    return [p for p in (folder / "cache").rglob("*") if p.is_file()]


def test_a_full_disk_leaves_nothing_that_a_later_run_stumbles_over(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text("".join(f"NAME_{i} = 'text {i}'\n" for i in range(3000)) + "LAST = 2999\n")
    assert imported(tmp_path, 5000) == []
    (kept,) = imported(tmp_path, 0)
    assert kept.name.startswith("large.")
    assert kept.stat().st_size > 5000
    before = kept.stat().st_mtime_ns
    assert [p.stat().st_mtime_ns for p in imported(tmp_path, 0)] == [before]


def test_written_whole(tmp_path: Path) -> None:
    write(str(tmp_path / "m.pyc"), b"code")
    write(str(tmp_path / "m.pyc"), b"other code", 0o600)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("m.pyc", b"other code")]
    with pytest.raises(OSError):
        write(str(tmp_path / "nowhere" / "m.pyc"), b"code")


def test_the_worker_is_not_started_with_leave_to_write_byte_code() -> None:
    from csvkit_ml.execution.cell import command
    from csvkit_ml.execution.staging import sources

    assert "-B" in command("python", Path("a.pyz"), Path("scratch"), "serve", "x", 3)
    main = sources(())["__main__.py"].decode()
    assert main.index("keep_whole()") < main.index("csvkit_ml.worker.entry")
