"""False alarms and missed bias of the statistical functions, with the library's own generator.

    python -m benchmarks.alarms --python PYTHON [--library torch] [--first 0] [--runs 200] [--state FILE] [--plain] [--uncounted] [--function GLOB ...]
        [--known GLOB ...]

A run draws every statistical sample again with another seed, in every form of its binding (or the first), and judges it as a validation does.
Each count that the library gave is then disturbed: half a percent of all draws is moved from the upper half of the cells to the lower; that must
raise an alarm. A line of FILE keeps what one run found of one function: a later call goes on where this one stopped. Exit 3 where an alarm is false or missing;
those of --known functions, proven defects of the library, are told apart.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from csvkit_ml import registry
from csvkit_ml.criteria import Counts, Goodness
from csvkit_ml.criteria.joint import Each
from csvkit_ml.execution.engine import Job, Limits, execute
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.libraries.port import Library, Offer
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import VERDICT, Criterion, Expected, Function, Reason, Sample, Verdict
from csvkit_ml.model.observation import Observation, Produced
from csvkit_ml.model.tensor import Array, Tensor

STRIDE = 7919
"""Between the seeds of successive runs."""
SEEDS = 2**24
"""Seeds are below: those of ONNX are float32."""
BIAS = 0.005


@dataclass
class Memory:
    """Bytes by digest: only the last few hundred outputs are still to be judged."""

    blobs: dict[Digest, bytes] = field(default_factory=dict)

    def put(self, data: bytes) -> Digest:
        key = sha256(data)
        self.blobs[key] = data
        while len(self.blobs) > 2000:
            self.blobs.pop(next(iter(self.blobs)))
        return key


@dataclass
class Tally:
    """What was seen of one function."""

    outputs: int = 0
    alarms: list[str] = field(default_factory=list)
    largest: float = 0.0
    """Largest ratio of -log10 p to its limit."""
    disturbed: int = 0
    caught: int = 0
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Both together."""
        self.outputs, self.alarms, self.largest = self.outputs + other.outputs, self.alarms + other.alarms, max(self.largest, other.largest)
        self.disturbed, self.caught, self.seconds = self.disturbed + other.disturbed, self.caught + other.caught, self.seconds + other.seconds


@dataclass(frozen=True)
class Asked:
    """One sample of one run."""

    run: int
    function: Function
    sample: Sample
    """With the seed of the run."""
    original: Sample


@dataclass(frozen=True)
class Campaign:
    """What a run asks of a library."""

    library: Library
    pairs: tuple[tuple[Function, Offer, tuple[Sample, ...]], ...]
    plain: bool

    def jobs(self, run: int, done: set[tuple[int, str]], asked: dict[str, Asked]) -> Iterator[Job]:
        """One run's jobs, without functions that are done; `asked` takes what each was about."""
        for function, offer, samples in self.pairs:
            for sample in samples if (run, function.id) not in done else ():
                other = reseeded(sample, run)
                prefix = f"{function.id}/{other.name}"
                asked[prefix] = Asked(run, function, other, sample)
                variants = offer.variants[: 1 if self.plain else None]
                yield Job(
                    prefix=prefix,
                    op=function.id,
                    params=dict(other.params),
                    inputs=other.inputs,
                    program=self.library.lower(function.id, other),
                    variants=variants,
                    keys=tuple(sha256(f"{prefix}/{v}".encode()) for v in variants),
                )


def campaign(library: Library, globs: Iterable[str], *, plain: bool, counted: bool) -> Campaign:
    """The functions that the library offers and of which samples are judged by p-values; every sample of these that it offers."""
    globs, functions, pairs = tuple(globs), registry.functions(), []
    for offer in library.offers():
        function = functions[offer.function]
        if globs and not any(fnmatch(function.id, g) for g in globs):
            continue
        if not any(isinstance(c, Goodness | Counts) for c in by_output(function, next(iter(function.samples())), 1)):
            continue
        samples = tuple(s for s in function.samples() if s.dtype in offer.dtypes)
        samples = tuple(s for s in samples if counted or not isinstance(function.criterion_for(s), Counts))
        if samples:
            pairs.append((function, offer, samples))
    return Campaign(library, tuple(pairs), plain)


def by_output(function: Function, sample: Sample, outputs: int) -> tuple[Criterion, ...]:
    """What judges each output; all outputs are judged by one criterion, or each by its own."""
    criterion = function.criterion_for(sample)
    return criterion.criteria if isinstance(criterion, Each) else (criterion,) * outputs


def reseeded(sample: Sample, run: int) -> Sample:
    """The same sample of another seed, of the same type."""
    seed = sample.param("seed")
    values = {**dict(sample.params), "seed": type(seed)((int(seed) + STRIDE * (run + 1)) % SEEDS)}
    return replace(sample, name=f"{sample.name}-run{run}", params=tuple(sorted(values.items())))


def judged(tally: Tally, criterion: Criterion, name: str, y: Array, expected: Expected) -> None:
    """One output: is there an alarm, and is there one when the counts are disturbed?"""
    found = criterion.measure(y, expected)
    tally.outputs += 1
    tally.largest = max(tally.largest, found.ratio)
    if (y.dtype.name, y.shape) != (expected.dtype, expected.shape) or VERDICT[found.reason] is not Verdict.PASSED:
        tally.alarms.append(f"{name}: {y.dtype} {y.shape} {found.actual}")
    if isinstance(criterion, Counts) and criterion.draws >= 4_000_000:
        tally.disturbed += 1
        tally.caught += criterion.measure(disturbed(y), expected).reason is Reason.BEYOND_BAND


def disturbed(counts: Array) -> Array:
    """Half a percent of all draws is moved from the upper half of the cells, one draw in a hundred, to the lower half."""
    made, middle = counts.astype(np.int64), int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    middle = min(middle, made.size - 1)
    upper = made[middle:]
    moved = np.floor(upper * 2 * BIAS).astype(np.int64)
    made[middle:] -= moved
    lower = made[:middle] / max(int(made[:middle].sum()), 1)
    share = np.floor(lower * moved.sum()).astype(np.int64)
    share[int(np.argmax(lower))] += int(moved.sum()) - int(share.sum())
    made[:middle] += share
    return made


class Judging:
    """Judges observations as they come; a function's tally of a run is written when the next one's observations begin."""

    def __init__(self, state: Path | None) -> None:
        self.memory = Memory()
        self.asked: dict[str, Asked] = {}
        self.done: dict[tuple[int, str], Tally] = {}
        self._state, self._known, self._at = state, dict[tuple[str, str], tuple[Expected, ...]](), (-1, "")
        self._tally, self._since = Tally(), time.monotonic()
        if state and state.exists():
            for line in state.read_text().splitlines():
                kept = json.loads(line)
                key = (kept.pop("run"), kept.pop("function"))
                self.done[key] = Tally(**kept)

    def take(self, observation: Observation) -> None:
        """Judge one observation and forget its bytes."""
        prefix, _, _ = observation.case.rpartition("/")
        asked = self.asked[prefix]
        if (asked.run, asked.function.id) != self._at:
            self.close()
            self._at = (asked.run, asked.function.id)
            for past in [p for p, a in self.asked.items() if a.run < asked.run]:
                del self.asked[past]
        outcome = observation.repetitions[0].outcome
        if not isinstance(outcome, Produced):
            self._tally.alarms.append(f"{observation.case}: {outcome}")
            return
        key = (asked.function.id, asked.original.name)
        if key not in self._known:
            self._known[key] = asked.function.reference(asked.original)
        criteria = by_output(asked.function, asked.original, len(outcome.outputs))
        for out, expected, criterion in zip(outcome.outputs, self._known[key], criteria, strict=True):
            y = Tensor(dtype=out.dtype, shape=out.shape, data=self.memory.blobs[out.blob]).array()
            judged(self._tally, criterion, observation.case, y, expected)

    def close(self) -> None:
        """Keep what was found of a function."""
        self._tally.seconds = time.monotonic() - self._since
        if self._at[1]:
            self.done[self._at] = self._tally
            if self._state:
                with self._state.open("a") as f:
                    f.write(json.dumps({"run": self._at[0], "function": self._at[1], **asdict(self._tally)}) + "\n")
        self._tally, self._since = Tally(), time.monotonic()


def carry_out(made: Campaign, judging: Judging, *, python: str, runs: range) -> None:
    """All runs that are not done, in one process of the library."""

    def asked() -> Iterator[Job]:
        done = set(judging.done)
        for number in runs:
            print(f"run {number + 1}: {sum(len(t.alarms) for t in judging.done.values())} alarms so far", file=sys.stderr, flush=True)
            yield from made.jobs(number, done, judging.asked)

    with tempfile.TemporaryDirectory() as scratch:
        execute(
            python=python,
            worker=build_archive(made.library),
            library=made.library.name,
            variables={"OMP_NUM_THREADS": "1"},
            settings={"threads": "1"},
            jobs=asked(),
            limits=Limits(time_s=600, memory_bytes=0, batch=10_000),
            repetitions=("first",),
            blobs=judging.memory,
            on_observation=judging.take,
            scratch=Path(scratch),
        )
    judging.close()


def told(judging: Judging, runs: int, known: Iterable[str]) -> bool:
    """Print a line for each function and the totals without known defects; whether nothing was false or missed."""
    tallies: dict[str, Tally] = {}
    for (run, function), tally in judging.done.items():
        if run < runs:
            tallies.setdefault(function, Tally()).add(tally)
    for id, t in tallies.items():
        caught = f", {t.caught} of {t.disturbed} biased by {BIAS:.1%} caught" if t.disturbed else ""
        line = f"{id:28} {t.outputs:7} outputs, {len(t.alarms)} alarms, largest -log10 p {t.largest:.2f} of its limit{caught}"
        print(f"{line}; {t.seconds:.0f} s")
        for alarm in t.alarms[:3]:
            print(f"    {alarm}")
    together, proven = Tally(), sorted(id for id in tallies if any(fnmatch(id, g) for g in known))
    for id in tallies.keys() - set(proven):
        together.add(tallies[id])
    missed = together.disturbed - together.caught
    done = len({r for r, _ in judging.done if r < runs})
    counted = f"{done} runs of {len(tallies) - len(proven)} functions, {together.outputs} outputs"
    print(f"{counted}, {len(together.alarms)} alarms, {together.caught} of {together.disturbed} biased generators caught")
    for id in proven:
        print(f"known defect {id}: {len(tallies[id].alarms)} alarms in {tallies[id].outputs} outputs")
    return not (together.alarms or missed or math.isnan(together.largest))


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.alarms", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="interpreter with the library")
    parser.add_argument("--library", default="torch", choices=("torch", "onnxruntime"))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first run, to share runs between processes")
    parser.add_argument("--state", type=Path, help="lines that keep what was found, to go on later")
    parser.add_argument("--plain", action="store_true", help="only the first form of each binding")
    parser.add_argument("--uncounted", action="store_true", help="without the millions whose counts are judged")
    parser.add_argument("--function", action="append", default=[], metavar="GLOB")
    parser.add_argument("--known", action="append", default=[], metavar="GLOB", help="functions with a proven defect of the library")
    options = parser.parse_args()
    made = campaign(registry.library(options.library), options.function, plain=options.plain, counted=not options.uncounted)
    judging = Judging(options.state)
    carry_out(made, judging, python=options.python, runs=range(options.first, options.runs))
    raise SystemExit(0 if told(judging, options.runs, options.known) else 3)


if __name__ == "__main__":
    main()
