"""Work in a thread: its result, or what it raised."""

from __future__ import annotations

import threading

import pytest

from csvkit_ml.errors import UsageError
from csvkit_ml.pipeline.background import meanwhile


def test_it_is_done_beside_and_gives_its_result() -> None:
    gate = threading.Event()
    result = meanwhile(lambda: gate.wait(10) and threading.current_thread() is not threading.main_thread())
    gate.set()
    assert result() is True
    assert result() is True


def test_what_it_raises_is_raised_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise UsageError("cause", "hint")

    result = meanwhile(fail)
    with pytest.raises(UsageError, match="cause"):
        result()
