"""Asking a library about itself: its public names, and which operators its executions call."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.answers import clean_text
from csvkit_ml.execution.cell import Cell
from csvkit_ml.execution.launch import START_LIMIT_S, Forking, Launcher, Spawning
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.execution.work import Called, Job
from csvkit_ml.model.codec import CodecError, decode
from csvkit_ml.model.inventory import Inventory
from csvkit_ml.worker import frames

SIDE_BY_SIDE = 2
"""Processes that trace at a time; a function's samples go to one of them."""
_TICK_S = 0.2


def launcher(
    *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], scratch: Path, fork: bool | None = None
) -> Launcher:
    """Processes of one tested environment. Raises WorkerStartError.

    Args:
        fork: fork cells from a zygote, or spawn each; None = fork where the platform can.
    """
    kind = Forking if (hasattr(os, "fork") if fork is None else fork) else Spawning
    return kind(python=python, worker=worker, library=library, variables=variables, scratch=scratch)


def question(
    processes: Launcher, cell: Cell, head: frames.Head, parts: tuple[bytes, ...] = (), limit_s: float = START_LIMIT_S
) -> frames.Frame:
    """The answer to one question. Raises WorkerStartError."""
    cell.link.settimeout(limit_s)
    try:
        frames.send(cell.link, frames.encode(head), parts)
        frame = frames.receive(cell.link)
    except (OSError, frames.FrameError) as e:
        raise WorkerStartError(f"no answer from {processes.library}: {e}\n{cell.output().decode(errors='replace')}", "see above") from e
    return frame or ({"refused": cell.output().decode(errors="replace")}, b"")


def inventory(processes: Launcher) -> Inventory:
    """Public names of the library as it is in its environment; asked in a process of its own, which ends with the answer.

    Raises:
        WorkerStartError: the library does not list its names, or its answer is no inventory.
    """
    library, cell = processes.library, processes.start()
    head, body = question(processes, cell, {"inventory": True})
    processes.discard(cell)
    if "inventory" not in head:
        raise WorkerStartError(f"{library} does not list its names: {clean_text(head.get('refused'))}", "see the cause above")
    try:
        return decode(Inventory, body)
    except CodecError as e:
        raise WorkerStartError(f"the answer of {library} is no inventory: {clean_text(e)}", "see what changes that environment") from e


def calls(processes: Launcher, jobs: Iterable[Job], limit_s: float) -> dict[str, Called]:
    """Operators that the executions of each function call, by function id. Nothing that they compute comes back.

    1. Functions are handed to the next free process, in order; `jobs` is read lazily, a function's jobs one behind the other.
    2. A job that does not answer in time, or ends its process, adds nothing; the rest goes on in a new process.

    Raises:
        WorkerStartError: the processes cannot be had.
    """
    callers = [_Caller(processes, limit_s) for _ in range(SIDE_BY_SIDE)]
    functions = (list(of) for _, of in groupby(jobs, key=lambda job: job.op))
    more = True
    while more or any(c.busy for c in callers):
        for caller in callers:
            if more and not caller.busy:
                taken = next(functions, None)
                more = taken is not None
                caller.take(taken or [])
        links = [c.cell.link for c in callers if c.busy and c.cell]
        ready = select.select(links, [], [], _TICK_S)[0] if links else []
        for caller in callers:
            if caller.cell and caller.cell.link in ready:
                caller.answered()
            elif caller.late:
                caller.give_up()
    found: dict[str, tuple[set[str], set[str]]] = {}
    for caller in callers:
        for op, (every, results) in caller.found.items():
            known = found.setdefault(op, (set(), set()))
            known[0].update(every)
            known[1].update(results)
    return {op: Called(operators=tuple(sorted(every)), results=tuple(sorted(results & every))) for op, (every, results) in found.items()}


class _Caller:
    """One process after another that traces the jobs of one function at a time."""

    def __init__(self, processes: Launcher, limit_s: float) -> None:
        self._processes, self._limit_s = processes, limit_s
        self._jobs: deque[Job] = deque()
        self._since = 0.0
        self.cell: Cell | None = None
        self.found: dict[str, tuple[set[str], set[str]]] = {}
        """(operators, those that wrote results) by function."""

    @property
    def busy(self) -> bool:
        """An answer is awaited."""
        return bool(self._jobs)

    @property
    def late(self) -> bool:
        return self.busy and time.monotonic() - self._since > self._limit_s

    def take(self, jobs: list[Job]) -> None:
        self._jobs.extend(jobs)
        self._ask()

    def _ask(self) -> None:
        """Send the first job; one that cannot be sent is lost with its process."""
        while self._jobs:
            job = self._jobs[0]
            head = {
                "calls": True, "op": job.op, "params": dict(job.params), "variants": job.variants, "kinds": [], "from": 0, "to": 0,
                "inputs": [(t.dtype, t.shape, len(t.data)) for t in job.inputs],
            }  # fmt: skip
            self.cell = self.cell or self._processes.start()
            self.cell.link.settimeout(self._limit_s)
            self._since = time.monotonic()
            try:
                frames.send(self.cell.link, frames.encode(head), (*(t.data for t in job.inputs), job.program))
                return
            except OSError:
                self._drop()

    def answered(self) -> None:
        """Take the answer, ask on."""
        assert self.cell is not None
        try:
            head, _ = frames.receive(self.cell.link) or ({}, b"")
        except (OSError, frames.FrameError):
            head = {}
        for tail in (self.cell.stdout, self.cell.stderr):
            tail.drain()
        if not isinstance(told := head.get("calls"), list):
            self.give_up()
            return
        every, results = self.found.setdefault(self._jobs.popleft().op, (set(), set()))
        every.update(map(clean_text, told))
        wrote = head.get("results")
        results.update(map(clean_text, wrote if isinstance(wrote, list) else ()))
        self._ask()

    def give_up(self) -> None:
        """Without the answer to the first job."""
        self._drop()
        self._ask()

    def _drop(self) -> None:
        if self.cell is not None:
            self._processes.discard(self.cell)
        self.cell = None
        self._jobs.popleft()
