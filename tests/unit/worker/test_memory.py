"""A leak is seen, a call that keeps nothing is not."""

from __future__ import annotations

from csvkit_ml.worker.memory import resident, slope
from validation_suites.inference.runtime_behaviour import CALLS, PAGES, WINDOWS

LIMIT = PAGES * 4096 / CALLS


def test_a_leak_of_one_kibibyte_a_call_is_seen() -> None:
    kept: list[bytearray] = []
    assert slope(lambda: kept.append(bytearray(b"\1") * 1024), CALLS, WINDOWS) > 8 * LIMIT


def test_what_is_given_back_is_no_leak() -> None:
    assert slope(lambda: bytearray(b"\1") * 100_000, CALLS, WINDOWS) <= LIMIT


def test_a_cache_that_fills_up_once_is_no_leak() -> None:
    kept: dict[int, bytearray] = {}
    count = iter(range(10**9))
    assert slope(lambda: kept.setdefault(next(count) % (3 * CALLS), bytearray(b"\1") * 1024), CALLS, WINDOWS) <= LIMIT


def test_a_process_has_memory() -> None:
    assert resident() > 1 << 20
