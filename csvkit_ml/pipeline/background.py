"""Something that waits for other processes, done in a thread while the host computes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def meanwhile(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work; what is returned waits for it and gives its result, or raises what it raised. An interrupted run does not wait."""
    results: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as e:  # noqa: BLE001 - raised again where the result is asked for
            raised.append(e)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> T:
        thread.join()
        if raised:
            raise raised[0]
        return results[0]

    return result
