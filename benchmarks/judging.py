"""Goal 3: judging float32 results by their bytes a second, against numpy's assert_allclose."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.measure import Row, met
from csvkit_ml.criteria import Componentwise, Ulp
from csvkit_ml.model.function import Expected, seed_for

BYTES = 4 << 20
WANTED = {"equal": 1000.0, "differing": 200.0}
"""MB/s."""


def rows(options: argparse.Namespace) -> list[Row]:
    """Equal bits, then results that are one unit in the last place off."""
    value = seed_for("judging").standard_normal(BYTES // 4).astype(np.float32).astype(np.float64)
    exact = value.astype(np.float32)
    answers = {"equal": exact, "differing": np.nextafter(exact, np.float32(np.inf))}
    found = []
    for how, actual in answers.items():
        for name, criterion in (("ulp", Ulp(k=3.0, k_hard=30.0)), ("componentwise", Componentwise())):
            expected = Expected(name="y", dtype="float32", value=value, scale=np.abs(value) * 16, terms=16)
            ours = _speed(lambda c=criterion, a=actual, e=expected: c.measure(a, e), options.rounds)  # type: ignore[misc]
            theirs = _speed(lambda a=actual: np.testing.assert_allclose(a, exact, rtol=1e-5), options.rounds)  # type: ignore[misc]
            wanted = WANTED[how]
            found.append(
                Row(goal="3", what=f"{name}, bits {how}: mlcsv, assert_allclose", measured=f"{ours:.0f}, {theirs:.0f} MB/s",
                    ratio=f"{ours / theirs:.1f}", wanted=f">= {wanted:.0f} MB/s", met=met(ours >= wanted))
            )  # fmt: skip
    return found


def _speed(work: Callable[[], object], rounds: int) -> float:
    """Median MB/s."""
    seen = []
    for _ in range(max(5, rounds)):
        started = time.perf_counter()
        work()
        seen.append(time.perf_counter() - started)
    return BYTES / statistics.median(seen) / 1e6
