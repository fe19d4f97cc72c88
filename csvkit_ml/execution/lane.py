"""A lane: one process after another, each taking up behind the execution that ended the one before."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from csvkit_ml.backends.port import Expected, unproven
from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.answers import MalformedAnswerError, read_outcome, read_time, texts
from csvkit_ml.execution.cell import Cell
from csvkit_ml.execution.launch import END_LIMIT_S, START_LIMIT_S, Launcher
from csvkit_ml.execution.work import Assignment, Work
from csvkit_ml.model.observation import Crashed, Killed, Outcome, TimedOut
from csvkit_ml.worker import frames

MAX_ANSWER = 1 << 30
"""Bytes of one answer."""
_AHEAD = 32
"""Assignments sent ahead of the answers."""
_AHEAD_BYTES = 1 << 20
_PIECE = 1 << 18
_GONE_S = 2.0
"""For a process to be gone once its stream has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of execution."""

    time_s: float
    """For one execution."""
    memory_bytes: int
    """Address space of one process; 0 = none."""
    batch: int = 2000
    """Cases for one process."""


class UnprovenError(Exception):
    """A process is not in the configuration that it was to be in; its arguments say how."""


class Lane:
    """Executes assignments in order. Nothing blocks except starting and ending a process; `Engine` calls it when there is news."""

    def __init__(
        self, launcher: Launcher, settings: Mapping[str, str], limits: Limits, kinds: tuple[str, ...], expected: Expected | None = None
    ) -> None:
        self._launcher = launcher
        self._limits = limits
        self._expected = expected
        self._setup = frames.encode({"settings": dict(settings), "variables": launcher.variables, "memory": limits.memory_bytes})
        self.kinds = kinds
        self.queue: deque[Assignment] = deque()
        self._flight: deque[Assignment] = deque()
        self._unsent: deque[memoryview] = deque()
        self._room = 0
        self._ready = False
        self._clock = 0.0
        self._decoder = frames.Decoder(MAX_ANSWER)
        self.cell: Cell | None = None

    def add(self, work: Work) -> None:
        """One more job."""
        self.queue.append(Assignment(work=work, kinds=self.kinds, start=0, stop=len(work.job.variants) * len(self.kinds)))

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent)

    @property
    def idle(self) -> bool:
        """Nothing left to do."""
        return not self.queue and not self._flight

    def advance(self) -> None:
        """Send as much as fits; end a process that has done its share and start the next. Raises WorkerStartError."""
        while self.queue and self._may_send(self.queue[0]):
            if self.cell is None:
                self._start(self.queue[0])
            assignment = self.queue.popleft()
            self._room = 0 if assignment.alone else self._room - assignment.cases
            self._flight.append(assignment)
            self._send(assignment.request())
        if self.cell is not None and not self._flight and self._ready and self.queue and not self._may_send(self.queue[0]):
            self.finish()
            self.advance()

    def _may_send(self, assignment: Assignment) -> bool:
        if self.cell is None:
            return True
        if assignment.alone or self._room <= 0:
            return False
        return len(self._flight) < _AHEAD and sum(map(len, self._unsent)) < _AHEAD_BYTES

    def _start(self, first: Assignment) -> None:
        self.cell = self._launcher.start()
        self._room = 1 if first.alone else self._limits.batch
        self._ready = False
        self._decoder = frames.Decoder(MAX_ANSWER)
        self._unsent.clear()
        self._clock = time.monotonic()
        self._send(frames.pack(self._setup))

    def finish(self) -> None:
        """Let the process end by itself, which it does when its input closes."""
        cell, self.cell = self.cell, None
        if cell is not None:
            with contextlib.suppress(OSError):
                cell.link.shutdown(socket.SHUT_WR)
            self._launcher.wait(cell, END_LIMIT_S)
            self._launcher.discard(cell)

    def _send(self, pieces: tuple[bytes, ...]) -> None:
        self._unsent.extend(map(memoryview, pieces))
        self.write()

    def write(self) -> None:
        """Send what the socket takes."""
        while self.cell is not None and self._unsent:
            piece = self._unsent[0]
            try:
                sent = self.cell.link.send(piece)
            except BlockingIOError:
                return
            except OSError:
                self._unsent.clear()  # the process is gone; its end is learnt by reading
                return
            self._clock = time.monotonic()
            if sent == len(piece):
                self._unsent.popleft()
            else:
                self._unsent[0] = piece[sent:]

    def read(self) -> None:
        """Take what has arrived; the end of the stream is the end of the process. Raises WorkerStartError, UnprovenError."""
        if self.cell is None:
            return
        try:
            data = self.cell.link.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(data)
        else:
            self._launcher.wait(self.cell, _GONE_S)
            self._ended()

    def check_ending(self) -> None:
        """Act on a process that has ended though its stream is still open (a descendant may hold it)."""
        while (cell := self.cell) is not None and cell.ending is not None:
            try:
                data = cell.link.recv(_PIECE)
            except OSError:
                data = b""
            if not data:
                self._ended()
                return
            self._take(data)

    def check_time(self) -> None:
        """Kill the process when its next answer is late. Call only when nothing was there to read."""
        if self.cell is None or not self._flight:
            return
        late = time.monotonic() - self._clock
        if not self._ready and late > START_LIMIT_S:
            raise WorkerStartError(f"a process did not take its settings within {START_LIMIT_S:g} s", self.cell.stderr.text())
        if self._ready and late > self._limits.time_s:
            self._lose(TimedOut(limit_s=self._limits.time_s))

    def _take(self, data: bytes) -> None:
        self._clock = time.monotonic()
        self._decoder.feed(data)
        try:
            for head, body in self._decoder.frames():
                self._answer(head, body)
                if self.cell is None:
                    return
        except (frames.FrameError, MalformedAnswerError) as e:
            self._lose(Killed(why=f"the process was ended because its answer could not be read: {e}"[:1000]))

    def _answer(self, head: frames.Head, body: bytes) -> None:
        assert self.cell is not None
        if not self._ready:
            if "facts" not in head:
                raise WorkerStartError(f"{self._launcher.library} refuses its settings: {head.get('refused')}", "choose another backend")
            if self._expected is not None and (wrong := unproven(self._expected, texts(head["facts"]))):
                raise UnprovenError(*wrong)
            self._ready = True
            return
        if not self._flight or head.get("i") != self._flight[0].next:
            raise MalformedAnswerError(f"it answers execution {str(head.get('i'))[:20]}, which was not asked")
        assignment = self._flight[0]
        outcome = read_outcome(head, body, assignment.work.blob, assignment.earlier)
        assignment.answered(self.cell.number, outcome, read_time(head))
        if assignment.next == assignment.stop:
            self._flight.popleft()

    def _ended(self) -> None:
        """The process is gone, or has closed its stream."""
        assert self.cell is not None
        ending = self.cell.ending
        if not self._ready:
            self._launcher.kill(self.cell)
            said = self.cell.output().decode("utf-8", "replace")
            raise WorkerStartError(f"a process ended before its first case ({ending})\n{said}", "see its last words above")
        if ending is None:
            self._lose(Killed(why="the process closed its connection and was ended"))
        elif ending.signal_name == "SIGKILL":
            self._lose(Killed(why="SIGKILL from outside: memory ran out, or a person ended it"))
        else:
            self._lose(None)

    def _lose(self, outcome: Outcome | None) -> None:
        """The first execution without an answer ended the process; the rest goes to the next one.

        Args:
            outcome: of the culprit; None = it crashed.
        """
        cell, self.cell = self.cell, None
        assert cell is not None
        self._launcher.kill(cell)
        if self._flight:
            self._blame(cell, outcome)
        self._launcher.discard(cell)
        self.queue.extendleft(reversed(self._flight))
        self._flight.clear()
        self._unsent.clear()

    def _blame(self, cell: Cell, outcome: Outcome | None) -> None:
        culprit = self._flight.popleft()
        again: list[Assignment] = []
        if outcome is None:
            outcome = self._crash(cell, culprit)
            if not culprit.alone and culprit.work.claim_retry(culprit.variant):
                again.append(culprit.retry())
        culprit.answered(cell.number, outcome)
        if rest := culprit.rest():
            again.append(rest)
        self._flight.extendleft(reversed(again))

    def _crash(self, cell: Cell, culprit: Assignment) -> Crashed:
        said = cell.output()
        if pending := self._decoder.pending:
            said += b"\n[mlcsv] the answer broke off after %d bytes\n" % pending
        ending = cell.ending
        return Crashed(
            exit_code=ending.code if ending else None, signal=ending.signal_name if ending else "", stderr=culprit.work.blob(said)
        )
