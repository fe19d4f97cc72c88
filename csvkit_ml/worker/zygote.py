"""The zygote imports the library once and computes nothing; cells are forked from it. Standard library only."""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from csvkit_ml.worker import frames
from csvkit_ml.worker.serve import serve
from csvkit_ml.worker.wire import Runtime


def run(runtime: Runtime, control: socket.socket) -> None:
    """Serve the host's control socket until it closes.

    One byte `f` with three descriptors (stream, stdout, stderr) forks a cell; the answer is its pid.
    An ended child is told as `{"pid": n, "status": raw wait status}`.
    """
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(poke)
    frames.send(control, {"zygote": os.getpid()})
    while True:
        readable, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(control)
        if control.fileno() in readable and not _fork(runtime, control):
            return


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        frames.send(control, {"pid": pid, "status": status})


def _fork(runtime: Runtime, control: socket.socket) -> bool:
    fds: array.array[int] = array.array("i")
    data, ancillary, _, _ = control.recvmsg(1, socket.CMSG_LEN(3 * fds.itemsize))
    if not data:
        return False
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    stream, out, err = fds
    pid = os.fork()
    if pid == 0:
        _child(runtime, control, stream, out, err)
    for fd in fds:
        os.close(fd)
    frames.send(control, {"forked": pid})
    return True


def _child(runtime: Runtime, control: socket.socket, stream: int, out: int, err: int) -> NoReturn:
    """Never returns."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        serve(runtime, socket.socket(fileno=stream))
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
