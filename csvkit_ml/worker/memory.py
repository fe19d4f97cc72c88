"""Memory: what a call keeps of it, and what it finds in it. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from statistics import median
from typing import Any, Callable, Iterator, List

from csvkit_ml.worker.wire import NotSupported


def resident() -> int:
    """Bytes of this process in memory, without what its heap only keeps for later. Raises NotSupported where the system does not tell."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # else a leak would first fill what earlier work gave back
    try:
        with open("/proc/self/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError as e:
        raise NotSupported("this system does not tell what memory a process has") from e


class _Account(ctypes.Structure):
    """mallinfo2 of the GNU C library."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    ]


def handed_out() -> int:
    """Bytes that malloc has given and not got back, by its own account; 0 where the C library does not tell."""
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return 0
    ask.restype = _Account
    told = ask()
    return int(told.uordblks + told.hblkhd)


def slope(call: Callable[[], Any], calls: int, windows: int) -> float:
    """Bytes that a call adds in the median window, after one to warm up; what is given back meanwhile hides growth in one window, not in most.

    The larger of what the process has and of what malloc gave: a leak into the holes of a heap shows in the second alone.
    """
    gc.collect()
    grown: List[List[int]] = [[], []]
    for window in range(windows + 1):
        before = resident(), handed_out()
        for _ in range(calls):
            call()
        if window:
            for rises, now, then in zip(grown, (resident(), handed_out()), before):  # noqa: B905 - Python 3.9
                rises.append(now - then)
    return max(0.0, *(median(rises) for rises in grown)) / calls


_PERTURB = -6
"""M_PERTURB of mallopt(3)."""


@contextlib.contextmanager
def poisoned() -> Iterator[None]:
    """Meanwhile malloc fills every block that it hands out with 0xFE; nothing where the C library cannot.

    Only blocks that it keeps ready for a thread come as they are: those are small, and not for aligned memory.
    """
    try:
        option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        yield
        return
    option(_PERTURB, 0xFF ^ 0xFE)
    try:
        yield
    finally:
        option(_PERTURB, 0)
