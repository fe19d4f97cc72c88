"""Processes of the tested environment: the zygote, and the cells forked from it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import psutil

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.worker import frames

TAIL = 64 * 1024
"""Bytes of a process's output that are kept."""
START_LIMIT_S = 300.0


def kill_tree(pid: int) -> None:
    """Kill a process and everything it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for p in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                p.kill()


class Tail:
    """Drains a pipe in a thread and keeps its last bytes, so that a flood costs no memory and never blocks the library."""

    def __init__(self) -> None:
        read, self.write_fd = os.pipe()
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, args=(read,), daemon=True)
        self._thread.start()

    def _drain(self, fd: int) -> None:
        with os.fdopen(fd, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                self._kept += data
                del self._kept[:-TAIL]

    def close_writer(self) -> None:
        """The host's own copy of the writing end is no longer needed."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def text(self) -> bytes:
        """What was kept; waits a moment for the rest."""
        self.close_writer()
        self._thread.join(timeout=1.0)
        return bytes(self._kept)


class Cell:
    """A forked process that serves cases on its own stream."""

    def __init__(self, pid: int, stream: socket.socket, output: Tail, zygote: Zygote) -> None:
        self.pid = pid
        self.stream = stream
        self.reader = cast(BinaryIO, stream.makefile("rb", buffering=1 << 20))
        self.output = output
        self._zygote = zygote

    def receive(self, timeout_s: float) -> tuple[dict[str, Any], bytes]:
        """Next answer. Raises TimeoutError, frames.Closed, frames.FrameError, OSError."""
        self.stream.settimeout(timeout_s)
        head, body = frames.receive(self.reader)
        return head, body

    def ended(self, wait_s: float = 5.0) -> int | None:
        """Raw wait status once the process is gone."""
        return self._zygote.status(self.pid, wait_s)

    def close(self) -> None:
        """Let it end by itself; kill it when it does not."""
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_WR)
        if self.ended(2.0) is None:
            self.kill()
        self.stream.close()
        self.output.close_writer()

    def kill(self) -> None:
        """Kill its process tree; the session of the cell goes with it."""
        kill_tree(self.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class Zygote:
    """One interpreter of the tested environment with the library imported; forks cells.

    Raises:
        WorkerStartError: the interpreter does not start, or the library cannot be imported; the cause holds its last words.
    """

    def __init__(self, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], scratch: Path) -> None:
        folder = scratch / worker.digest.removeprefix("sha256:")[:32]
        folder.mkdir(parents=True, exist_ok=True)
        archive = _written(folder / "worker.pyz", worker)
        self._control, theirs = socket.socketpair()
        self._output = Tail()
        command = [python, "-I", "-X", f"pycache_prefix={folder / 'pycache'}", str(archive), library, "zygote", str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._output.write_fd, stderr=self._output.write_fd, pass_fds=(theirs.fileno(),),
                env=clean_environment(variables), start_new_session=True, cwd=folder,
            )  # fmt: skip
        except OSError as e:
            raise WorkerStartError(f"cannot start {python}: {e.strerror}", "give an interpreter with --python") from e
        finally:
            theirs.close()
        self._output.close_writer()
        self._reader = cast(BinaryIO, self._control.makefile("rb"))
        self._statuses: dict[int, int] = {}
        self._forked: list[int] = []
        self._changed = threading.Condition()
        self._await_hello(library)
        threading.Thread(target=self._listen, daemon=True).start()

    def _await_hello(self, library: str) -> None:
        self._control.settimeout(START_LIMIT_S)
        try:
            frames.receive(self._reader)
        except (frames.Closed, frames.FrameError, OSError) as e:
            self.close()
            said = self._output.text().decode(errors="replace")[-2000:]
            raise WorkerStartError(f"{library} cannot be imported in its environment:\n{said}", "see the library's own installation") from e
        self._control.settimeout(None)

    def _listen(self) -> None:
        with contextlib.suppress(frames.Closed, frames.FrameError, OSError, ValueError):
            while True:
                head, _ = frames.receive(self._reader)
                with self._changed:
                    if "forked" in head:
                        self._forked.append(head["forked"])
                    else:
                        self._statuses[head["pid"]] = head["status"]
                    self._changed.notify_all()
        with self._changed:
            self._process.poll()
            self._changed.notify_all()

    def status(self, pid: int, wait_s: float) -> int | None:
        """Raw wait status of a cell, None while it runs."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._statuses, timeout=wait_s)
            return self._statuses.get(pid)

    def fork(
        self, variables: Mapping[str, str], settings: Mapping[str, str], memory_bytes: int, *, facts: bool = False
    ) -> tuple[Cell, dict[str, Any]]:
        """A new cell, ready, with its settings in force.

        Raises:
            WorkerStartError: the zygote or the cell does not answer.
        """
        ours, theirs = socket.socketpair()
        output = Tail()
        with theirs:
            socket.send_fds(self._control, [b"f"], [theirs.fileno(), output.write_fd, output.write_fd])
            with self._changed:
                if not self._changed.wait_for(lambda: bool(self._forked), timeout=60):
                    raise WorkerStartError("the worker does not fork", self._output.text().decode(errors="replace")[-500:])
                pid = self._forked.pop(0)
        output.close_writer()
        cell = Cell(pid, ours, output, self)
        head = {"variables": dict(variables), "settings": dict(settings), "memory_bytes": memory_bytes, "describe": facts}
        try:
            frames.send(ours, head)
            ready, _ = cell.receive(START_LIMIT_S)
        except (frames.Closed, frames.FrameError, OSError) as e:
            cell.kill()
            raise WorkerStartError("a cell did not start:\n" + output.text().decode(errors="replace")[-2000:], "see its output") from e
        return cell, ready

    def close(self) -> None:
        """End the zygote and whatever is left of its cells."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        kill_tree(self._process.pid)
        self._process.wait(timeout=10)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Everything that a tested process is given; the host's own environment is not inherited."""
    return {"PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", **variables}


def _written(path: Path, worker: StagedWorker) -> Path:
    """The archive on disk, whole: written beside and renamed."""
    if not path.exists() or path.read_bytes() != worker.data:
        part = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}.part")
        part.write_bytes(worker.data)
        part.replace(path)
    return path
