"""Executing jobs in cells: batches, repetitions, time-outs, crashes; every outcome becomes a record."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from csvkit_ml.execution.cell import Cell, Zygote
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.observation import (
    Crashed,
    Killed,
    Observation,
    Outcome,
    OutputRef,
    Produced,
    Raised,
    Repetition,
    TimedOut,
    Unsupported,
)
from csvkit_ml.model.tensor import DTYPES, Tensor
from csvkit_ml.worker import frames

PROCESS_A = ("first", "rerun")
PROCESS_B = ("fresh_process", "dirty_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sample with the variants to run."""

    prefix: str
    """`function/sample`."""
    op: str
    params: tuple[tuple[str, Any], ...]
    inputs: tuple[Tensor, ...]
    program: bytes
    variants: tuple[str, ...]
    keys: tuple[Digest, ...]
    """Reuse key of each variant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of execution."""

    time_s: float
    """For one answer."""
    memory_bytes: int
    """Address space of a cell; 0 = none."""
    batch: int = 200
    """Samples a batch."""


class BlobSink(Protocol):
    """Where outputs go before anything is judged."""

    def put(self, data: bytes) -> Digest: ...


Head = Mapping[str, str]


def describe(*, python: str, worker: StagedWorker, library: str, variables: Head, settings: Head, scratch: Path) -> dict[str, str]:
    """What the library reports of itself, and which settings are proven in force (`setting NAME`), asked in a forked cell."""
    with Zygote(python, worker, library, variables, scratch) as zygote:
        cell, ready = zygote.fork(variables, settings, 0, facts=True)
        cell.close()
    return {**{k: str(v) for k, v in ready["facts"].items()}, **{f"setting {k}": str(v) for k, v in ready["proven"].items()}}


def execute(
    *, python: str, worker: StagedWorker, library: str, variables: Head, settings: Head, jobs: Iterable[Job], limits: Limits,
    repetitions: tuple[str, ...], blobs: BlobSink, on_observation: Callable[[Observation], None], scratch: Path,
) -> None:  # fmt: skip
    """Run every job's variants.

    `first` and `rerun` happen in one process, `fresh_process` and `dirty_memory` in another; both processes work on the same batch
    at the same time. Observations come in job order. Jobs are taken lazily, a batch at a time.
    """
    with Zygote(python, worker, library, variables, scratch) as zygote:
        lanes = [
            Lane(zygote, variables, settings, limits, tuple(r for r in repetitions if r in kinds), i)
            for i, kinds in enumerate((PROCESS_A, PROCESS_B))
        ]
        lanes = [lane for lane in lanes if lane.repetitions]
        try:
            for batch in _batches(jobs, limits.batch):
                _run_batch(lanes, batch, blobs, on_observation, repetitions)
        finally:
            for lane in lanes:
                lane.close()


def _batches(jobs: Iterable[Job], size: int) -> Iterator[list[Job]]:
    batch: list[Job] = []
    for job in jobs:
        batch.append(job)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _run_batch(
    lanes: list[Lane], batch: list[Job], blobs: BlobSink, on_observation: Callable[[Observation], None], order: tuple[str, ...]
) -> None:
    threads = [threading.Thread(target=lane.run, args=(batch,), daemon=True) for lane in lanes]
    for t in threads:
        t.start()
    for t in threads:
        while t.is_alive():
            t.join(0.2)
    for lane in lanes:
        if lane.failure is not None:
            raise lane.failure
    for i, job in enumerate(batch):
        for variant, key in zip(job.variants, job.keys, strict=True):
            seen = [_repetition(lane, raw, kind, blobs) for lane in lanes for kind, raw in lane.answers[i].get(variant, {}).items()]
            seen.sort(key=lambda r: order.index(r.kind))
            on_observation(Observation(case=f"{job.prefix}/{variant}", key=key, repetitions=tuple(seen)))


def _repetition(lane: Lane, raw: _Raw, kind: str, blobs: BlobSink) -> Repetition:
    return Repetition(kind=kind, process=raw.process, outcome=raw.outcome(blobs))


@dataclass(frozen=True, slots=True)
class _Raw:
    """An answer as it came: head, whole output bytes, ordinal of the process."""

    head: dict[str, Any]
    data: tuple[bytes, ...]
    process: int

    def outcome(self, blobs: BlobSink) -> Outcome:
        """As a record; bytes are stored first."""
        head = self.head
        match head.get("kind"):
            case "produced":
                refs = zip(head["outputs"], self.data, strict=True)
                return Produced(
                    outputs=tuple(
                        OutputRef(name=str(o[0])[:200], dtype=o[1], shape=tuple(int(n) for n in o[2]), blob=blobs.put(d)) for o, d in refs
                    )
                )
            case "raised":
                return Raised(type=str(head["type"]), message=_clean(str(head["message"])))
            case "unsupported":
                return Unsupported(message=_clean(str(head["message"])))
            case "timeout":
                return TimedOut(limit_s=head["limit_s"])
            case "killed":
                return Killed(why=head["why"])
            case _:
                return Crashed(exit_code=head["exit_code"], signal=head["signal"], stderr=blobs.put(self.data[0]))


def _clean(text: str) -> str:
    """Text that UTF-8 can carry, without addresses of objects, which differ from run to run."""
    import re

    return re.sub(r"0x[0-9a-f]{6,16}", "0x...", text.encode("utf-8", "replace").decode())[:4000]


class Lane:
    """One process after another, each taking up behind the case that ended the one before."""

    def __init__(self, zygote: Zygote, variables: Head, settings: Head, limits: Limits, repetitions: tuple[str, ...], ordinal: int) -> None:
        self._zygote, self._variables, self._settings, self._limits = zygote, variables, settings, limits
        self.repetitions = repetitions
        self._cell: Cell | None = None
        self._process = ordinal - 2
        self.answers: list[dict[str, dict[str, _Raw]]] = []
        self.failure: BaseException | None = None

    def close(self) -> None:
        """End the current process."""
        if self._cell is not None:
            self._cell.close()
            self._cell = None

    def run(self, batch: list[Job]) -> None:
        """Run a batch; what was seen is in `answers`, by job, variant and repetition."""
        self.answers = [{} for _ in batch]
        try:
            for i, job in enumerate(batch):
                todo = [(v, r) for v in job.variants for r in self.repetitions]
                while todo:
                    todo = self._group(i, job, todo)
        except BaseException as e:  # noqa: BLE001 - handed to the host thread, which raises it
            self.failure = e

    def _ready(self) -> Cell:
        if self._cell is None:
            self._cell, _ = self._zygote.fork(self._variables, self._settings, self._limits.memory_bytes)
            self._process += 2
        return self._cell

    def _group(self, index: int, job: Job, todo: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Send one group, take its answers; gives what is left to do after a crash."""
        variants, repetitions = _rectangle(todo)
        done, left = [(v, r) for v in variants for r in repetitions], [c for c in todo if c[0] not in variants or c[1] not in repetitions]
        cell = self._ready()
        seen: list[bytes] = []
        head = {
            "op": job.op, "params": dict(job.params), "variants": variants, "repetitions": repetitions,
            "inputs": [[t.dtype, list(t.shape), len(t.data)] for t in job.inputs],
        }  # fmt: skip
        answered = 0
        try:
            frames.send(cell.stream, head, (*(t.data for t in job.inputs), job.program))
            for variant, repetition in done:
                answer, body = cell.receive(self._limits.time_s)
                raw = _Raw(answer, _outputs(answer, body, seen), self._process)
                self.answers[index].setdefault(variant, {})[repetition] = raw
                answered += 1
        except (TimeoutError, frames.Closed, frames.FrameError, OSError) as e:
            variant, repetition = done[answered]
            self.answers[index].setdefault(variant, {})[repetition] = self._lost(cell, e)
            return done[answered + 1 :] + left
        return left

    def _lost(self, cell: Cell, error: Exception) -> _Raw:
        """Why a cell gave no answer; the cell is gone afterwards."""
        self._cell = None
        process = self._process
        if isinstance(error, TimeoutError):
            cell.kill()
            cell.ended()
            return _Raw({"kind": "timeout", "limit_s": self._limits.time_s}, (), process)
        status = cell.ended(2.0)
        if status is None:
            cell.kill()
            cell.ended()
            return _Raw(
                {"kind": "killed", "why": f"the process broke the protocol ({error}) and was ended"}, (cell.output.text(),), process
            )
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGKILL:
                return _Raw({"kind": "killed", "why": "SIGKILL from outside (out of memory, or a person)"}, (), process)
            return _Raw({"kind": "crashed", "exit_code": None, "signal": signal.Signals(number).name}, (cell.output.text(),), process)
        return _Raw({"kind": "crashed", "exit_code": os.WEXITSTATUS(status), "signal": ""}, (cell.output.text(),), process)


def _rectangle(todo: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """A leading part of the work that is a product variants x repetitions, in order: one half-done variant, or all the rest."""
    first = [r for v, r in todo if v == todo[0][0]]
    variants = list(dict.fromkeys(v for v, _ in todo))
    whole = all([r for v, r in todo if v == name] == first for name in variants)
    return (variants if whole else variants[:1]), first


def _outputs(answer: dict[str, Any], body: bytes, seen: list[bytes]) -> tuple[bytes, ...]:
    """Bytes of every output, back-references resolved. Raises FrameError for an answer that does not add up."""
    if answer.get("kind") != "produced":
        return ()
    data, at = [], 0
    for name, dtype, shape, size, known in answer["outputs"]:
        if known is None:
            seen.append(body[at : at + size])
            known, at = len(seen) - 1, at + size
        if not 0 <= known < len(seen) or dtype not in DTYPES or len(seen[known]) != _size(dtype, shape):
            raise frames.FrameError(f"output {str(name)[:50]!r} does not add up")
        data.append(seen[known])
    return tuple(data)


def _size(dtype: str, shape: list[int]) -> int:
    n = DTYPES[dtype].itemsize
    for extent in shape:
        n *= extent
    return n
