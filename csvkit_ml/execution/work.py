"""What is to be done and what was seen of it: jobs, assignments of a job to a process, and their observations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Json
from csvkit_ml.model.observation import Observation, Outcome, Repetition
from csvkit_ml.model.tensor import DTYPES, Tensor
from csvkit_ml.worker import frames

FIRST = "first"
"""Kind of the first execution."""
RETRY = "retry_alone"
"""Kind of an additional repetition: the execution that ended its process, once more, alone in a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sample in the variants to run; every (sample, variant) is a case."""

    prefix: str
    """`function/sample`."""
    op: str
    """Function id."""
    params: Mapping[str, Json] | tuple[tuple[str, Json], ...]
    inputs: tuple[Tensor, ...]
    program: bytes
    """Serialised model, b'' where the library is called directly."""
    variants: tuple[str, ...]
    keys: tuple[Digest, ...]
    """Reuse key of each variant."""

    def __post_init__(self) -> None:
        if len(self.keys) != len(self.variants):
            raise ValueError(f"{self.prefix}: {len(self.variants)} variants, {len(self.keys)} keys")

    @property
    def size_bytes(self) -> int:
        """Bytes that are sent."""
        return len(self.program) + sum(bytes_of(t) for t in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Operators that the executions of a function call, from traces."""

    operators: tuple[str, ...] = ()
    """With overload, sorted."""
    results: tuple[str, ...] = ()
    """Those of them that wrote what was returned, and was therefore judged."""


class BlobSink(Protocol):
    """Where bytes go before anything is judged."""

    def put(self, data: bytes) -> Digest: ...


def bytes_of(t: Tensor) -> int:
    """Size of a tensor, which is not made for it."""
    return math.prod(t.shape) * DTYPES[t.dtype].itemsize


class Work:
    """One job being executed: what has been seen so far."""

    def __init__(self, job: Job, repetitions: tuple[str, ...], blobs: BlobSink) -> None:
        self.job = job
        self._repetitions = repetitions
        self._blobs = blobs
        self._stored: dict[bytes, Digest] = {}
        self._seen: dict[tuple[int, str], Repetition] = {}
        self._retries: dict[int, Repetition | None] = {}
        self._spent_ns: dict[int, int] = {}

    def blob(self, data: bytes) -> Digest:
        """Store bytes; equal bytes of one job are handed on once."""
        digest = self._stored.get(data)
        if digest is None:
            digest = self._stored[data] = self._blobs.put(data)
        return digest

    def record(self, variant: int, kind: str, process: int, outcome: Outcome, spent_ns: int = 0) -> None:
        """One execution has ended."""
        if kind == FIRST and spent_ns:
            self._spent_ns[variant] = spent_ns
        repetition = Repetition(kind=kind, process=process, outcome=outcome)
        if kind == RETRY:
            self._retries[variant] = repetition
        else:
            self._seen[variant, kind] = repetition

    def claim_retry(self, variant: int) -> bool:
        """Whether this case may still be retried alone; once."""
        if variant in self._retries:
            return False
        self._retries[variant] = None
        return True

    @property
    def complete(self) -> bool:
        """Whether every repetition of every variant has an outcome."""
        return len(self._seen) == len(self.job.variants) * len(self._repetitions) and None not in self._retries.values()

    def times(self) -> list[tuple[Digest, int]]:
        """Nanoseconds of the first repetition of each variant that gave a value, by reuse key."""
        return [(self.job.keys[i], spent) for i, spent in sorted(self._spent_ns.items())]

    def observations(self) -> list[Observation]:
        """One for each variant, in order; repetitions in the order asked for, a retry behind them."""
        made = []
        for i, (variant, key) in enumerate(zip(self.job.variants, self.job.keys, strict=True)):
            seen = [self._seen[i, kind] for kind in self._repetitions]
            retry = self._retries.get(i)
            repetitions = numbered((*seen, retry) if retry else tuple(seen))
            made.append(Observation(case=f"{self.job.prefix}/{variant}", key=key, repetitions=repetitions))
        return made


def numbered(repetitions: tuple[Repetition, ...]) -> tuple[Repetition, ...]:
    """Processes by the order in which this case meets them: a case's record does not depend on what ran before it."""
    order = {p: n for n, p in enumerate(dict.fromkeys(r.process for r in repetitions))}
    return tuple(replace(r, process=order[r.process]) for r in repetitions)


@dataclass(slots=True, kw_only=True)
class Assignment:
    """A run of consecutive executions of a job for one process; execution i is variant i // width, kind i % width."""

    work: Work
    kinds: tuple[str, ...]
    start: int
    stop: int
    alone: bool = False
    """A retry: needs a process of its own."""
    next: int = 0
    """First execution without an answer."""
    earlier: dict[int, Outcome] = field(default_factory=dict)
    """Outcomes by execution."""

    def __post_init__(self) -> None:
        self.next = self.start

    @property
    def cases(self) -> int:
        """Cases that this is about."""
        return -(-self.stop // len(self.kinds)) - self.start // len(self.kinds)

    @property
    def variant(self) -> int:
        """Index of the variant of the next execution."""
        return self.next // len(self.kinds)

    def answered(self, process: int, outcome: Outcome, spent_ns: int = 0) -> None:
        """The next execution has ended."""
        kind = RETRY if self.alone else self.kinds[self.next % len(self.kinds)]
        self.work.record(self.variant, kind, process, outcome, spent_ns)
        self.earlier[self.next] = outcome
        self.next += 1

    def rest(self) -> Assignment | None:
        """What is left of it, for another process."""
        if self.next >= self.stop:
            return None
        return Assignment(work=self.work, kinds=self.kinds, start=self.next, stop=self.stop, alone=self.alone)

    def retry(self) -> Assignment:
        """The next execution, alone."""
        return Assignment(work=self.work, kinds=self.kinds, start=self.next, stop=self.next + 1, alone=True)

    def request(self) -> tuple[bytes, ...]:
        """The frame that asks for it."""
        job = self.work.job
        head = {
            "op": job.op, "params": dict(job.params), "variants": job.variants, "kinds": self.kinds, "from": self.start, "to": self.stop,
            "inputs": [(t.dtype, t.shape, bytes_of(t)) for t in job.inputs],
        }  # fmt: skip
        return frames.pack(frames.encode(head), (*(t.data for t in job.inputs), job.program))
