"""The zygote: it imported the library, computes nothing, and forks the cells. Standard library only.

Control frames: on `{"fork": id}` (with the cell's link, stdout and stderr as descriptors) it answers `{"forked": id, "pid": pid}`
or `{"refused": id, "why": text}`; whenever a cell ends it sends `{"exited": id, "code": ..., "signal": ...}`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
from typing import Any, Dict, List, NoReturn, Tuple

from csvkit_ml.worker import frames
from csvkit_ml.worker.serve import serve_and_exit
from csvkit_ml.worker.wire import Runtime


class Zygote:
    """Forks cells on request and reports how they end."""

    def __init__(self, control: socket.socket, runtime: Runtime) -> None:
        self._control = control
        self._runtime = runtime
        self._cells: Dict[int, int] = {}

    def run(self) -> None:
        """Until the host closes the control socket; then every cell is killed."""
        wake = os.pipe()
        os.set_blocking(wake[0], False)
        os.set_blocking(wake[1], False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake[1], warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()
        try:
            while True:
                ready, _, _ = select.select([self._control.fileno(), wake[0]], [], [])
                if wake[0] in ready:
                    os.read(wake[0], 4096)
                    self._reap()
                if self._control.fileno() in ready and not self._request(wake):
                    return
        finally:
            for pid in self._cells:
                _kill_group(pid)

    def _request(self, wake: Tuple[int, int]) -> bool:
        """One request; False where the host has closed."""
        start, fds, _, _ = socket.recv_fds(self._control, frames.PREFIX.size, 3)
        frame = frames.receive(self._control, start) if start else None
        if frame is not None:
            self._fork(int(frame[0]["fork"]), fds, wake)
        for fd in fds:
            os.close(fd)
        return frame is not None

    def _fork(self, cell: int, fds: List[int], wake: Tuple[int, int]) -> None:
        try:
            pid = os.fork()
        except OSError as e:
            frames.send(self._control, frames.encode({"refused": cell, "why": str(e)}))
            return
        if pid == 0:
            self._become_cell(fds, wake)
        self._cells[pid] = cell
        frames.send(self._control, frames.encode({"forked": cell, "pid": pid}))

    def _become_cell(self, fds: List[int], wake: Tuple[int, int]) -> NoReturn:
        """In the child: own session, own standard streams, nothing of the zygote's left open."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            no_core_files()
            link = socket.socket(fileno=fds[0])
            os.dup2(fds[1], 1)
            os.dup2(fds[2], 2)
            for fd in (fds[1], fds[2], *wake):
                os.close(fd)
            self._control.close()
        except BaseException:
            os._exit(71)
        serve_and_exit(link, self._runtime)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            cell = self._cells.pop(pid, None)
            if cell is not None:
                _kill_group(pid)
                frames.send(self._control, frames.encode({"exited": cell, **ending(status)}))


def ending(status: int) -> Dict[str, Any]:
    """`code` and `signal` of a wait status; the one that does not apply is None or 0."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": 0}


def _kill_group(pid: int) -> None:
    """A cell with everything that it left running in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def no_core_files() -> None:
    """A crash is evidence by its signal; core files would only fill the disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
