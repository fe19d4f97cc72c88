"""A leak is seen, a call that keeps nothing is not."""

from __future__ import annotations

import ctypes
import random

from csvkit_ml.worker.memory import poisoned, resident, slope
from validation_suites.inference.runtime_behaviour import CALLS, PAGES, WINDOWS

LIMIT = PAGES * 4096 / CALLS


def test_a_leak_of_one_kibibyte_a_call_is_seen() -> None:
    kept: list[bytearray] = []
    assert slope(lambda: kept.append(bytearray(b"\1") * 1024), CALLS, WINDOWS) > 8 * LIMIT


def test_a_leak_into_memory_that_was_given_back_is_seen() -> None:
    given_back = [bytearray(b"\1") * 1024 for _ in range(40_000)]
    pins = given_back[::64]
    del given_back
    kept: list[bytearray] = []
    assert slope(lambda: kept.append(bytearray(b"\1") * 1024), CALLS, WINDOWS) > 8 * LIMIT
    assert pins


def test_a_leak_into_the_holes_of_a_heap_is_seen() -> None:
    sizes = random.Random(1)
    pieces = [bytearray(sizes.randrange(100, 6000)) for _ in range(60_000)]
    sizes.shuffle(pieces)
    del pieces[::2]
    kept: list[bytearray] = []
    assert slope(lambda: kept.append(bytearray(b"\1") * 1024), CALLS, WINDOWS) > 8 * LIMIT
    assert slope(lambda: bytearray(b"\1") * 100_000, CALLS, WINDOWS) <= LIMIT


def test_a_leak_is_seen_though_something_else_is_given_back_in_a_window() -> None:
    kept: list[bytearray] = []
    other = [bytearray(b"\1") * 8_000_000]
    count = iter(range(10**9))

    def call() -> None:
        kept.append(bytearray(b"\1") * 1024)
        if next(count) == CALLS + CALLS // 2:
            other.clear()

    assert slope(call, CALLS, WINDOWS) > 8 * LIMIT


def test_what_is_given_back_is_no_leak() -> None:
    assert slope(lambda: bytearray(b"\1") * 100_000, CALLS, WINDOWS) <= LIMIT


def test_a_cache_that_fills_up_once_is_no_leak() -> None:
    kept: dict[int, bytearray] = {}
    count = iter(range(10**9))
    assert slope(lambda: kept.setdefault(next(count) % (3 * CALLS), bytearray(b"\1") * 1024), CALLS, WINDOWS) <= LIMIT


def test_a_process_has_memory() -> None:
    assert resident() > 1 << 20


def _aligned(size: int) -> bytes:
    """What a new aligned block holds, as libraries ask for it."""
    libc, block = ctypes.CDLL(None), ctypes.c_void_p()
    assert libc.posix_memalign(ctypes.byref(block), ctypes.c_size_t(64), ctypes.c_size_t(size)) == 0
    found = ctypes.string_at(block.value or 0, size)
    libc.free(block)
    return found


def test_what_is_allocated_meanwhile_holds_no_zeros_whatever_its_size() -> None:
    for size in (8, 24, 100, 300, 5_000, 1_000_000, 40_000_000):
        with poisoned():
            assert _aligned(size) == b"\xfe" * size
    assert _aligned(40_000_000) != b"\xfe" * 40_000_000
