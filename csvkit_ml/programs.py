"""Programs that are not ours: ended with everything they started, however they go on; what they wrote is read line by line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from csvkit_ml.errors import InterpreterError

LARGEST_BYTES = 256 << 20
"""Of a record; what follows is not read."""


def run_to_end(line: list[str], limit_s: float, **popen: Any) -> int | None:
    """Status of a program (minus the signal that ended it), None when it was ended at its limit, then with all its descendants.

    What a program that ends by itself leaves in its process group is killed too.

    Args:
        popen: streams, folder and environment, as subprocess.Popen takes them.

    Raises:
        InterpreterError: it cannot be started.
    """
    try:
        process = subprocess.Popen(line, start_new_session=True, **popen)
    except OSError as e:
        raise InterpreterError(f"{line[0]} cannot be started: {e.strerror}", "name a Python interpreter with --python") from e
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            kill_tree(process.pid)
            process.wait()
        kill_group(process.pid)


def kill_tree(pid: int) -> None:
    """Kill a process, all its descendants, and its process group (it leads one of its own)."""
    victims: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        victims = [root, *root.children(recursive=True)]
    for process in victims:
        with contextlib.suppress(psutil.Error):
            process.kill()
    kill_group(pid)


def kill_group(pid: int) -> None:
    """Kill what a process left running in its group; harmless when the process itself is gone."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """JSON objects of the lines that are whole; a program that is killed can leave half of one."""
    if not path.exists():
        return
    with path.open("rb") as f:
        for text in f.read(LARGEST_BYTES).splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                if isinstance(made := json.loads(text), dict):
                    yield made
