"""Asking a library for its names: in a process of its own, and no answer is believed that is not an inventory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.calling import inventory, launcher
from csvkit_ml.model.inventory import Inventory
from tests.worlds.scripted import LIBRARY, scripted_worker

WORKER = scripted_worker()


def asked(scratch: Path, how: str = "", fork: bool = True) -> Inventory:
    variables = {"SCRIPTED_INVENTORY": how}
    with launcher(python=sys.executable, worker=WORKER, library=LIBRARY, variables=variables, scratch=scratch, fork=fork) as processes:
        return inventory(processes)


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_names_cross_as_they_are(fork: bool, tmp_path: Path) -> None:
    found = asked(tmp_path, fork=fork)
    assert [e.name for e in found.entries] == ["scripted.echo", "scripted.flood"]
    assert found.methods == ("made up",)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("refused", "does not list its names: csvkit_ml.worker.wire.NotSupported: inventory"),
        ("crashes", "does not list its names: Fatal Python error: Aborted"),
        ("twice", "is no inventory: Inventory: the entries of an inventory are sorted and have distinct names"),
        ("hostile", "is no inventory: entries: Entry: 'a\\x1b[2J' is not a name"),
    ],
)
def test_anything_else_is_refused(how: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError) as caught:
        asked(tmp_path, how)
    assert words in caught.value.cause
