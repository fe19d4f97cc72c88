"""Memory that a call keeps. Standard library only."""

from __future__ import annotations

import os
from typing import Any, Callable

from csvkit_ml.worker.wire import NotSupported


def resident() -> int:
    """Bytes of this process in memory. Raises NotSupported where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError as e:
        raise NotSupported("this system does not tell what memory a process has") from e


def slope(call: Callable[[], Any], calls: int, windows: int) -> float:
    """Bytes that a call adds in the window that grows least, after one window to warm up."""
    grown = []
    for window in range(windows + 1):
        before = resident()
        for _ in range(calls):
            call()
        if window:
            grown.append(max(0, resident() - before))
    return min(grown) / calls
