"""CPU seconds of a command and its children, and rows of the table."""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    goal: str
    what: str
    measured: str
    ratio: str = ""
    wanted: str = ""
    met: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one execution took."""

    cpu_s: float
    wall_s: float


def cost(command: list[str], *, environ: Mapping[str, str] | None = None, expect: tuple[int, ...] = (0,), cwd: str | None = None) -> Cost:
    """Run a command to its end. Exits with its output when it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **(environ or {})}, cwd=cwd, capture_output=True, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in expect:
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return Cost(cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s=wall)


def output(command: list[str], *, environ: Mapping[str, str]) -> str:
    """Last line of what a command prints. Exits with its errors when it fails."""
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]


def rounds(subjects: Mapping[str, Callable[[], Cost]], count: int) -> dict[str, Cost]:
    """Median cost of each subject; every round runs all of them in another order."""
    seen: dict[str, list[Cost]] = {name: [] for name in subjects}
    order, shuffle = list(subjects), random.Random(1).shuffle
    for _ in range(count):
        shuffle(order)
        for name in order:
            seen[name].append(subjects[name]())
    return {n: Cost(cpu_s=_median([c.cpu_s for c in costs]), wall_s=_median([c.wall_s for c in costs])) for n, costs in seen.items()}


def _median(values: list[float]) -> float:
    return statistics.median(values)


def met(fits: bool) -> str:
    """For the last column."""
    return "yes" if fits else "NO"
