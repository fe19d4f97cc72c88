"""Processes of the tested environment as the host sees them: command line, environment, captured output, ending, killing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import DiskFullError, OutputUnwritableError, no_space
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.model.digest import hex_of

TAIL_BYTES = 64 * 1024
"""Bytes of an output stream that are kept: the last ones."""
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a process ended."""

    code: int | None
    signal: int
    """0 = it exited."""

    @property
    def signal_name(self) -> str:
        """`SIGSEGV` ..., empty when it exited."""
        if not self.signal:
            return ""
        try:
            return signal.Signals(self.signal).name
        except ValueError:
            return f"signal {self.signal}"


class Tail:
    """The reading end of a process's output; keeps the last bytes, so that a flood costs no memory and never blocks the library."""

    def __init__(self) -> None:
        self.fd, self.writer = os.pipe()
        os.set_blocking(self.fd, False)
        self.open = True
        """The stream has not ended yet."""
        self._kept = bytearray()

    def drain(self) -> bool:
        """Take what is there, at most 1 MiB at a time; False at the end of the stream."""
        for _ in range(16):
            try:
                data = os.read(self.fd, _PIECE)
            except BlockingIOError:
                return True
            if not data:
                self.open = False
                return False
            self._kept += data
            del self._kept[:-TAIL_BYTES]
        return True

    def bytes(self) -> bytes:
        """What was kept."""
        return bytes(self._kept)

    def text(self, size: int = 4000) -> str:
        """The end of it for a person."""
        return self._kept.decode("utf-8", "replace")[-size:]

    def close_writer(self) -> None:
        """Drop the host's copy of the writing end, once the process has it."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def close(self) -> None:
        """Drop both ends."""
        self.close_writer()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Cell:
    """One process that serves cases."""

    def __init__(self, number: int) -> None:
        self.number = number
        """Ordinal of the process within the run."""
        self.pid = 0
        self.link, self.theirs = socket.socketpair()
        self.link.setblocking(False)
        self.stdout = Tail()
        self.stderr = Tail()
        self.ending: Ending | None = None

    def handed_over(self) -> None:
        """Drop the process's ends, once it has them."""
        self.theirs.close()
        self.stdout.close_writer()
        self.stderr.close_writer()

    def output(self) -> bytes:
        """Tail of standard error, then of standard output where there is any."""
        self.stderr.drain()
        self.stdout.drain()
        printed = self.stdout.bytes()
        return self.stderr.bytes() + (b"\n[standard output]\n" + printed if printed else b"")

    def close(self) -> None:
        """Release every descriptor."""
        self.handed_over()
        self.link.close()
        self.stdout.close()
        self.stderr.close()


KEPT_HEAP = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
"""The GNU C library keeps what is freed: else large dirtied blocks go back to the system, which hands out zeros instead, a page fault each."""


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Everything that a tested process is given; the host's own environment is not inherited.

    Byte code beside the sources would be a file that no wheel has: the process is told so by option, what it starts by variable.
    """
    ours = {"PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8", "OMP_WAIT_POLICY": "passive", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**ours, **KEPT_HEAP, **variables}


def write_archive(worker: StagedWorker, scratch: Path) -> Path:
    """The archive on disk, whole: written beside, then renamed; bytes found there are compared first.

    Raises:
        DiskFullError, OutputUnwritableError.
    """
    path = scratch / f"worker-{hex_of(worker.digest)}.pyz"
    part = scratch / f"{path.name}.{os.getpid()}.part"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and path.read_bytes() == worker.data):
            part.write_bytes(worker.data)
            part.replace(path)
    except OSError as e:
        with contextlib.suppress(OSError):
            part.unlink()
        if no_space(e):
            raise DiskFullError(f"no space is left for {scratch}", "free some space and run the same command again") from e
        raise OutputUnwritableError(f"cannot write {scratch}: {e.strerror}", "set XDG_CACHE_HOME to a folder that can be written") from e
    return path


def command(python: str, archive: Path, scratch: Path, mode: str, library: str, descriptor: int) -> list[str]:
    """Isolated from user site and PYTHON* variables; byte code only from a folder of our own, never from beside the sources.

    The worker itself gives leave to write it (`worker.bytecode`).
    """
    cache = f"pycache_prefix={scratch / 'pycache'}"
    return [python, "-I", "-B", "-X", cache, str(archive), mode, library, str(descriptor)]
