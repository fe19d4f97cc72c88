"""Facts about this machine."""

from __future__ import annotations

import os
import platform
import sys

import psutil
import pytest

from csvkit_ml.environments import fingerprint as module
from csvkit_ml.environments.fingerprint import fingerprint, host_facts
from csvkit_ml.environments.interpreter import inquire


def test_host() -> None:
    facts = dict(host_facts())
    assert list(facts) == sorted(facts)
    assert facts["kernel"] == platform.release()
    assert facts["architecture"] == platform.machine()
    assert int(facts["memory_bytes"]) == psutil.virtual_memory().total
    assert 1 <= int(facts["cores"]) <= (os.cpu_count() or 1)
    assert facts["cpu"]
    assert facts["os"]


def test_the_cores_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 7})
    assert dict(host_facts())["cores"] == "3"


def test_a_machine_without_such_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> dict[str, str]:
        raise OSError

    monkeypatch.setattr(platform, "freedesktop_os_release", none)
    monkeypatch.setattr(module, "_cpu", lambda path: {})
    facts = dict(host_facts())
    assert facts["os"] == platform.platform()
    assert facts["cpu"]


def test_the_interpreter_is_part_of_it() -> None:
    me = inquire(sys.executable)
    print_of = fingerprint(me)
    assert print_of.interpreter == me.facts
    assert (print_of.library, print_of.variables) == ((), ())
