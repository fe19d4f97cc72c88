"""Starting cells: forked from a zygote, or spawned as fresh processes where fork is not to be had. Same cells, same serving code."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.cell import Cell, Ending, Tail, clean_environment, command, write_archive
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.programs import kill_group, kill_tree
from csvkit_ml.worker import frames

START_LIMIT_S = 300.0
"""For importing the library."""
FORK_LIMIT_S = 60.0
END_LIMIT_S = 10.0
"""For a killed process to be gone."""


def own_folder(scratch: Path) -> Path:
    """A new folder for cells; those of runs that were killed are removed."""
    for left in scratch.glob("cells-*-*"):
        if not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"cells-{os.getpid()}-", dir=scratch))


class Launcher(ABC):
    """Starts cells, learns how they end, kills what is left of them."""

    def __init__(self, *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], scratch: Path) -> None:
        self.library = library
        self.variables = dict(variables)
        self._python = python
        self._scratch = scratch.resolve()
        self._archive = write_archive(worker, self._scratch)
        self._folder = own_folder(self._scratch)
        """Where the cells work, and leave what they leave; it goes with them."""
        self.cells: dict[int, Cell] = {}
        """Cells that are not closed, by number."""
        self._started = 0

    def start(self) -> Cell:
        """A new cell. Raises WorkerStartError."""
        cell = Cell(self._started)
        self._started += 1
        self.cells[cell.number] = cell
        self._launch(cell)
        cell.handed_over()
        return cell

    @abstractmethod
    def _launch(self, cell: Cell) -> None: ...

    @abstractmethod
    def learn(self, wait_s: float = 0.0) -> None:
        """Set `ending` of cells that have ended. Raises WorkerStartError when the zygote is lost."""

    def control(self) -> socket.socket | None:
        """What to watch for news, where there is something to watch."""
        return None

    def wait(self, cell: Cell, limit_s: float) -> Ending | None:
        """How a cell ended; None while it still runs after the limit."""
        until = time.monotonic() + limit_s
        while cell.ending is None and (left := until - time.monotonic()) > 0:
            self.learn(min(left, 0.05))
        return cell.ending

    def kill(self, cell: Cell) -> None:
        """Kill a cell's process tree and wait until it is gone."""
        if cell.pid and cell.ending is None:
            kill_tree(cell.pid)
            self.wait(cell, END_LIMIT_S)

    def discard(self, cell: Cell) -> None:
        """Release a cell, killing what still runs of it."""
        self.kill(cell)
        cell.close()
        self.cells.pop(cell.number, None)

    def close(self) -> None:
        """Kill everything that was started."""
        for cell in list(self.cells.values()):
            if cell.pid and cell.ending is None:
                kill_tree(cell.pid)
            cell.close()
        self.cells.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _popen(self, mode: str, link: socket.socket, stdout: Tail, stderr: Tail) -> subprocess.Popen[bytes]:
        """Start the interpreter in a session of its own, with nothing inherited but the three streams. Raises WorkerStartError."""
        line = command(self._python, self._archive, self._scratch, mode, self.library, link.fileno())
        try:
            return subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=stdout.writer, stderr=stderr.writer, pass_fds=(link.fileno(),),
                env=clean_environment(self.variables), start_new_session=True, cwd=self._folder,
            )  # fmt: skip
        except OSError as e:
            raise WorkerStartError(f"cannot start {self._python}: {e.strerror}", "name a Python interpreter with --python") from e

    def _await_ready(self, process: subprocess.Popen[bytes], link: socket.socket, tail: Tail) -> None:
        """Until the library is imported. Raises WorkerStartError with its last words."""
        until = time.monotonic() + START_LIMIT_S
        failure = f"did not finish within {START_LIMIT_S:g} s"
        while (left := until - time.monotonic()) > 0:
            ended = process.poll() is not None
            streams = [link.fileno(), tail.fd] if tail.open else [link.fileno()]
            readable, _, _ = select.select(streams, [], [], 0.0 if ended else min(left, _TICK_S))
            if tail.open:
                tail.drain()
            if link.fileno() in readable or ended:
                failure = _greeting(link, left) if link.fileno() in readable else _GONE
                break
        if failure == _GONE:
            failure = f"{_GONE} {_how(process)}"
        if failure:
            tail.drain()
            raise WorkerStartError(
                f"importing {self.library} with {self._python} {failure}\n{tail.text()}".rstrip(),
                "import the library with that interpreter by hand; the text above is what it said",
            )


_GONE = "ended the process"
_TICK_S = 0.2


def _how(process: subprocess.Popen[bytes]) -> str:
    """`(exit status 3)`, `(SIGSEGV)`, or nothing where it still runs."""
    try:
        code = process.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        return ""
    return f"(exit status {code})" if code >= 0 else f"({Ending(code=None, signal=-code).signal_name})"


def _greeting(link: socket.socket, limit_s: float) -> str:
    """What went wrong, empty when the library is there."""
    link.settimeout(limit_s)
    try:
        frame = frames.receive(link)
    except (frames.FrameError, OSError) as e:
        return f"broke off: {e}"
    finally:
        link.setblocking(False)
    if frame is None:
        return _GONE
    return "" if "ready" in frame[0] else f"failed: {frame[0].get('failed')}"


class Forking(Launcher):
    """A zygote imports the library once; every cell is forked from it."""

    def __init__(self, *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], scratch: Path) -> None:
        super().__init__(python=python, worker=worker, library=library, variables=variables, scratch=scratch)
        self._decoder = frames.Decoder(frames.MAX_HEAD)
        self._output = Tail()
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._zygote = self._popen("zygote", theirs, self._output, self._output)
            self._output.close_writer()
        except BaseException:
            self._control.close()
            self._output.close()
            raise
        try:
            self._await_ready(self._zygote, self._control, self._output)
        except BaseException:
            self.close()
            raise

    def control(self) -> socket.socket:
        return self._control

    def _launch(self, cell: Cell) -> None:
        request = frames.pack(frames.encode({"fork": cell.number}))
        try:
            socket.send_fds(self._control, list(request), [cell.theirs.fileno(), cell.stdout.writer, cell.stderr.writer])
        except OSError as e:
            raise self._lost() from e
        until = time.monotonic() + FORK_LIMIT_S
        while not cell.pid and time.monotonic() < until:
            self.learn(FORK_LIMIT_S)
        if not cell.pid:
            raise WorkerStartError(f"no process was forked within {FORK_LIMIT_S:g} s", "see whether the machine is overloaded")

    def learn(self, wait_s: float = 0.0) -> None:
        if wait_s and not select.select([self._control], [], [], wait_s)[0]:
            return
        self._output.drain()
        while True:
            try:
                data = self._control.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as e:
                raise self._lost() from e
            if not data:
                raise self._lost()
            try:
                self._decoder.feed(data)
                for head, _ in self._decoder.frames():
                    self._news(head)
            except (frames.FrameError, LookupError, TypeError, ValueError) as e:
                raise self._lost() from e

    def _news(self, head: frames.Head) -> None:
        if "refused" in head:
            raise WorkerStartError(f"no process can be forked: {head['why']}", "see the limits on processes and memory")
        if "forked" in head and (cell := self.cells.get(head["forked"])):
            cell.pid = int(head["pid"])
        elif "exited" in head and (cell := self.cells.get(head["exited"])):
            cell.ending = Ending(code=head["code"], signal=head["signal"])

    def _lost(self) -> WorkerStartError:
        self._output.drain()
        code = self._zygote.poll()
        return WorkerStartError(
            f"the process that forks the cells of {self.library} ended (status {code})\n{self._output.text()}".rstrip(),
            "run the command again: what was seen so far is kept",
        )

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._zygote.wait(2.0)
        except subprocess.TimeoutExpired:
            kill_tree(self._zygote.pid)
            self._zygote.wait(END_LIMIT_S)
        kill_group(self._zygote.pid)
        self._output.close()


class Spawning(Launcher):
    """Every cell is a fresh process that imports the library itself."""

    def __init__(self, *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], scratch: Path) -> None:
        super().__init__(python=python, worker=worker, library=library, variables=variables, scratch=scratch)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def _launch(self, cell: Cell) -> None:
        process = self._popen("serve", cell.theirs, cell.stdout, cell.stderr)
        self._processes[cell.number] = process
        cell.pid = process.pid
        cell.handed_over()
        self._await_ready(process, cell.link, cell.stderr)

    def learn(self, wait_s: float = 0.0) -> None:
        if wait_s:
            time.sleep(min(wait_s, 0.005))
        for number, process in list(self._processes.items()):
            code = process.poll()
            if code is None:
                continue
            kill_group(process.pid)
            del self._processes[number]
            if cell := self.cells.get(number):
                cell.ending = Ending(code=code if code >= 0 else None, signal=-code if code < 0 else 0)

    def close(self) -> None:
        super().close()
        for process in self._processes.values():
            kill_tree(process.pid)
            process.wait(END_LIMIT_S)
        self._processes.clear()
