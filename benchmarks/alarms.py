"""False alarms and missed bias of the statistical functions, with the library's own generator.

    python -m benchmarks.alarms --python TORCH_PYTHON [--runs 200] [--counted 10] [--plain] [--function GLOB ...]

Every statistical sample is drawn again with other seeds, in every form of its binding (or the first), and judged as in a validation; `--counted` runs
also draw the millions whose counts are judged. Then each count that the library gave is disturbed: half a percent of all draws is
moved from the upper half of the cells to the lower; that must raise an alarm. Exit 3 where an alarm is false or missing.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from csvkit_ml import registry
from csvkit_ml.criteria import Counts, Goodness
from csvkit_ml.execution.engine import Job, Limits, execute
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import VERDICT, Expected, Function, Reason, Sample, Verdict
from csvkit_ml.model.observation import Observation, Produced
from csvkit_ml.model.tensor import Array, Tensor

STRIDE = 7919
"""Between the seeds of successive runs."""
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


def statistical(globs: tuple[str, ...]) -> list[Function]:
    """Functions of which a sample is judged by p-values."""
    chosen = [f for f in registry.functions().values() if not globs or any(fnmatch(f.id, g) for g in globs)]
    return [f for f in chosen if isinstance(f.criterion_for(next(iter(f.samples()))), Goodness | Counts)]


def reseeded(sample: Sample, run: int) -> Sample:
    """The same sample of another seed."""
    values = {**dict(sample.params), "seed": (int(sample.param("seed")) + STRIDE * (run + 1)) % 2**31}
    return replace(sample, name=f"{sample.name}-run{run}", params=tuple(sorted(values.items())))


def jobs(
    functions: Iterable[Function], run: int, *, counted: bool, plain: bool, asked: dict[str, tuple[Function, Sample]]
) -> Iterator[Job]:
    """One run's jobs; `asked` takes what each was about."""
    library = registry.library("torch")
    offers = {o.function: o for o in library.offers()}
    for function in functions:
        for sample in function.samples():
            if isinstance(function.criterion_for(sample), Counts) and not counted:
                continue
            other = reseeded(sample, run)
            prefix = f"{function.id}/{other.name}"
            asked[prefix] = function, other
            variants = offers[function.id].variants[: 1 if plain else None]
            yield Job(
                prefix=prefix,
                op=function.id,
                params=dict(other.params),
                inputs=other.inputs,
                program=b"",
                variants=variants,
                keys=tuple(sha256(f"{prefix}/{v}".encode()) for v in variants),
            )


def judged(tally: Tally, function: Function, sample: Sample, name: str, y: Array, expected: Expected) -> None:
    """One output: is there an alarm, and is there one when the counts are disturbed?"""
    criterion = function.criterion_for(sample)
    found = criterion.measure(y, expected)
    tally.outputs += 1
    tally.largest = max(tally.largest, found.ratio)
    if VERDICT[found.reason] is not Verdict.PASSED:
        tally.alarms.append(f"{name}: {found.actual}")
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
    """Judges observations as they come, and keeps the tallies."""

    def __init__(self, functions: list[Function]) -> None:
        self.tallies = {f.id: Tally() for f in functions}
        self.memory = Memory()
        self.asked: dict[str, tuple[Function, Sample]] = {}
        self._known: dict[str, tuple[Expected, ...]] = {}

    def take(self, observation: Observation) -> None:
        """Judge one observation and forget its bytes."""
        prefix, _, variant = observation.case.rpartition("/")
        function, sample = self.asked[prefix]
        outcome = observation.repetitions[0].outcome
        if not isinstance(outcome, Produced):
            self.tallies[function.id].alarms.append(f"{observation.case}: {outcome}")
            return
        key = f"{function.id}/{sample.name.rpartition('-run')[0]}"
        if key not in self._known:
            self._known[key] = function.reference(sample)
        out = outcome.outputs[0]
        y = Tensor(dtype=out.dtype, shape=out.shape, data=self.memory.blobs[out.blob]).array()
        judged(self.tallies[function.id], function, sample, observation.case, y, self._known[key][0])


def run(options: argparse.Namespace) -> dict[str, Tally]:
    """All runs in one process of the library; a function's tally by its id."""
    functions = statistical(tuple(options.function))
    judging = Judging(functions)

    def asked() -> Iterator[Job]:
        for number in range(options.runs):
            print(f"run {number + 1}: {sum(len(t.alarms) for t in judging.tallies.values())} alarms so far", file=sys.stderr, flush=True)
            yield from jobs(functions, number, counted=number < options.counted, plain=options.plain, asked=judging.asked)

    with tempfile.TemporaryDirectory() as scratch:
        execute(
            python=options.python,
            worker=build_archive(registry.library("torch")),
            library="torch",
            variables={"OMP_NUM_THREADS": "1"},
            settings={"threads": "1"},
            jobs=asked(),
            limits=Limits(time_s=120, memory_bytes=0, batch=10_000),
            repetitions=("first",),
            blobs=judging.memory,
            on_observation=judging.take,
            scratch=Path(scratch),
        )
    return judging.tallies


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.alarms", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="interpreter with torch")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--counted", type=int, default=10, help="runs that also draw millions")
    parser.add_argument("--plain", action="store_true", help="only the first form of each binding")
    parser.add_argument("--function", action="append", default=[], metavar="GLOB")
    options = parser.parse_args()
    tallies = run(options)
    for id, t in tallies.items():
        caught = f", {t.caught} of {t.disturbed} biased by {BIAS:.1%} caught" if t.disturbed else ""
        print(f"{id:28} {t.outputs:6} outputs, {len(t.alarms)} alarms, largest -log10 p {t.largest:.2f} of its limit{caught}")
        for alarm in t.alarms[:3]:
            print(f"    {alarm}")
    totals = Counter(outputs=sum(t.outputs for t in tallies.values()), alarms=sum(len(t.alarms) for t in tallies.values()))
    missed = sum(t.disturbed - t.caught for t in tallies.values())
    print(f"{len(tallies)} functions, {totals['outputs']} outputs, {totals['alarms']} alarms, {missed} biased generators missed")
    raise SystemExit(3 if totals["alarms"] or missed or math.isnan(sum(t.largest for t in tallies.values())) else 0)


if __name__ == "__main__":
    main()
