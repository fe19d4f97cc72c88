"""Executing jobs: two lanes of processes, one event loop; every execution becomes an outcome, nothing is lost."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from csvkit_ml.backends.port import Expected
from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.answers import texts
from csvkit_ml.execution.calling import launcher, question
from csvkit_ml.execution.cell import Cell
from csvkit_ml.execution.lane import Lane, Limits, UnprovenError
from csvkit_ml.execution.launch import Launcher
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.execution.work import RETRY, BlobSink, Job, Work
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.observation import Observation
from csvkit_ml.worker import frames

__all__ = ["PROCESSES", "RETRY", "SETTING", "BlobSink", "Job", "Limits", "UnprovenError", "describe", "execute"]

PROCESSES = (("first", "rerun"), ("fresh_process", "dirty_memory"))
"""Repetition kinds that share a process; the processes work side by side."""
SETTING = "setting "
"""What a fact about the configuration of a process begins with."""
_WINDOW = 256
"""Jobs that are held at a time."""
_WINDOW_BYTES = 64 << 20
_READY_JOBS = 16
"""Jobs kept ready for a lane."""
_TICK_MS = 50


def describe(
    *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], settings: Mapping[str, str], scratch: Path,
    fork: bool | None = None,
) -> dict[str, str]:  # fmt: skip
    """What the library reports of itself, and as `setting NAME` what is proven in force; asked in a process of its own.

    Raises:
        WorkerStartError: the library cannot be imported, or refuses a setting or the question.
    """
    with launcher(python=python, worker=worker, library=library, variables=variables, scratch=scratch, fork=fork) as processes:
        cell = processes.start()
        setup = {"settings": dict(settings), "variables": dict(variables), "memory": 0}
        proven = _ask(processes, cell, setup)
        facts = _ask(processes, cell, {"describe": True})
    return {**facts, **{f"{SETTING}{k}": v for k, v in proven.items()}}


def _ask(processes: Launcher, cell: Cell, asked: frames.Head) -> dict[str, str]:
    head, _ = question(processes, cell, asked)
    facts = head.get("facts")
    if not isinstance(facts, dict):
        said = head.get("refused")
        raise WorkerStartError(f"{processes.library} does not describe itself: {said}", "see whether the library works in that environment")
    return texts(facts)


def execute(
    *, python: str, worker: StagedWorker, library: str, variables: Mapping[str, str], settings: Mapping[str, str], jobs: Iterable[Job],
    limits: Limits, repetitions: tuple[str, ...], blobs: BlobSink, on_observation: Callable[[Observation], None], scratch: Path,
    fork: bool | None = None, expected: Expected | None = None, on_time: Callable[[Digest, int], None] = lambda key, spent_ns: None,
) -> None:  # fmt: skip
    """Run every case of every job and hand over one observation each, in job order.

    1. `first` and `rerun` happen in one process, `fresh_process` and `dirty_memory` in another; the two work side by side.
    2. A process takes up to `limits.batch` cases. When one dies, the first execution without an answer is the culprit: its outcome
       says how; it is retried once alone (an additional repetition of kind `retry_alone`, so both facts are kept); the
       rest goes on in a new process. A late answer costs the process tree; the rest goes on as well.
    3. `jobs` is read lazily. Everything that was started is gone on return, however it ends.

    Args:
        python: interpreter of the tested environment.
        variables: all environment variables of the processes, besides PATH, HOME, LANG.
        repetitions: of the kinds in PROCESSES.
        fork: see `launcher`.
        expected: facts that every process must answer before its first case; None = any.
        on_time: is told what the first execution of a case took, by its key. Informative.

    Raises:
        ValueError: an unknown repetition kind, or none.
        UnprovenError: a process does not answer as expected.
        WorkerStartError: the library cannot be imported or set up.
    """
    unknown = set(repetitions) - {kind for kinds in PROCESSES for kind in kinds}
    if unknown or not repetitions:
        raise ValueError(f"unknown repetitions {sorted(unknown)}" if unknown else "no repetitions")
    with launcher(python=python, worker=worker, library=library, variables=variables, scratch=scratch, fork=fork) as processes:
        shares = [tuple(k for k in repetitions if k in kinds) for kinds in PROCESSES]
        lanes = [Lane(processes, settings, limits, kinds, expected) for kinds in shares if kinds]
        _Engine(processes, lanes, jobs, repetitions, blobs, on_observation, on_time).run()


class _Engine:
    """The event loop over all lanes."""

    def __init__(
        self, processes: Launcher, lanes: list[Lane], jobs: Iterable[Job], repetitions: tuple[str, ...], blobs: BlobSink,
        on_observation: Callable[[Observation], None], on_time: Callable[[Digest, int], None],
    ) -> None:  # fmt: skip
        self._processes, self._lanes = processes, lanes
        self._jobs = iter(jobs)
        self._exhausted = False
        self._repetitions, self._blobs, self._on_observation, self._on_time = repetitions, blobs, on_observation, on_time
        self._works: deque[Work] = deque()
        self._held_bytes = 0

    def run(self) -> None:
        while True:
            self._take_jobs()
            for lane in self._lanes:
                lane.advance()
            self._hand_over()
            if self._exhausted and not self._works:
                break
            self._wait()
        for lane in self._lanes:
            lane.finish()

    def _take_jobs(self) -> None:
        """A few jobs at a time, so that answers do not wait while samples are made."""
        for _ in range(8):
            if self._exhausted or len(self._works) >= _WINDOW or (self._works and self._held_bytes >= _WINDOW_BYTES):
                return
            if min(len(lane.queue) for lane in self._lanes) >= _READY_JOBS:
                return
            job = next(self._jobs, None)
            if job is None:
                self._exhausted = True
                return
            self._add(job)

    def _add(self, job: Job) -> None:
        work = Work(job, self._repetitions, self._blobs)
        self._works.append(work)
        self._held_bytes += job.size_bytes
        if job.variants:
            for lane in self._lanes:
                lane.add(work)

    def _hand_over(self) -> None:
        while self._works and self._works[0].complete:
            work = self._works.popleft()
            self._held_bytes -= work.job.size_bytes
            for key, spent_ns in work.times():
                self._on_time(key, spent_ns)
            for observation in work.observations():
                self._on_observation(observation)

    def _wait(self) -> None:
        """Until there is news from any process; then act on it, and on answers that are late."""
        ready = self._poll()
        for lane in self._lanes:
            cell = lane.cell
            if cell is None:
                continue
            for tail in (cell.stdout, cell.stderr):
                if tail.fd in ready:
                    tail.drain()
            if lane.wants_to_write:
                lane.write()
            if cell.link.fileno() in ready:
                lane.read()
            else:
                lane.check_ending()
                lane.check_time()

    def _poll(self) -> set[int]:
        """Descriptors with news, after at most a tick."""
        poll, control = select.poll(), self._processes.control()
        if control is not None:
            poll.register(control, select.POLLIN)
        for lane in self._lanes:
            if lane.cell is None:
                continue
            poll.register(lane.cell.link, select.POLLIN | (select.POLLOUT if lane.wants_to_write else 0))
            for tail in (lane.cell.stdout, lane.cell.stderr):
                if tail.open:
                    poll.register(tail.fd, select.POLLIN)
        events = dict(poll.poll(_TICK_MS))
        self._processes.learn()
        return {fd for fd, event in events.items() if event != select.POLLOUT}
