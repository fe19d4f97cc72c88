"""What is made ahead is what would have been made, and no process outlives the block."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from csvkit_ml.pipeline import beforehand as module
from csvkit_ml.pipeline.beforehand import ahead
from csvkit_ml.pipeline.judging import detections, undetected
from csvkit_ml.pipeline.places import Places, Silent

IDS = ("relu", "sign", "neg")


def _at(folder: Path) -> Places:
    return Places(cache=folder, keys=folder / "keys")


def _started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Processes that are started from now on."""
    monkeypatch.setattr(module, "FEWEST", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    seen, start = list[int](), module._start

    def watched(share: module._Share) -> object:
        process = start(share)
        seen.append(process.pid)
        return process

    monkeypatch.setattr(module, "_start", watched)
    return seen


def test_what_is_made_ahead_is_what_would_have_been_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = _started(monkeypatch)
    with ahead(IDS, _at(tmp_path / "a")):
        deadline = time.monotonic() + 120
        while undetected(IDS, _at(tmp_path / "a")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert undetected(IDS, _at(tmp_path / "a")) == ()
    assert len(pids) == 1
    assert not Path(f"/proc/{pids[0]}").exists()
    here = detections(IDS, places=_at(tmp_path / "b"), watch=Silent(), fresh=False)
    assert detections(IDS, places=_at(tmp_path / "a"), watch=Silent(), fresh=False) == here
    assert [d.function for d in here] == sorted((d.function for d in here), key=IDS.index)


def test_nothing_is_started_for_what_is_known_or_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ahead(IDS, _at(tmp_path)):
        pass
    detections(IDS, places=_at(tmp_path), watch=Silent(), fresh=False)
    pids = _started(monkeypatch)
    with ahead(IDS, _at(tmp_path)):
        pass
    assert pids == []


def test_a_process_that_dies_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = _started(monkeypatch)
    with ahead(IDS, _at(tmp_path)):
        os.kill(pids[0], 9)
        found = detections(IDS, places=_at(tmp_path), watch=Silent(), fresh=False)
    assert {d.function for d in found} == set(IDS)
    assert all(d.detected for d in found)


def test_a_process_ends_with_its_input(tmp_path: Path) -> None:
    process = module._start(module._Share(ids=("softmax", "layer_norm", "conv2d"), cache=str(tmp_path), spec=None))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
