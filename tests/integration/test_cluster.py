"""Cells on two local workers, one of which is killed while it works: nothing lost, nothing twice, and the same result as here."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import distributed
import pytest

from csvkit_ml import pipeline
from csvkit_ml.errors import UsageError
from csvkit_ml.model.comparison import Change
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.places import Silent
from tests.integration.test_validate import REQUIREMENT

pytestmark = pytest.mark.integration
BACKENDS = ("cpu", "cpu:threads=1", "cpu:opt=none")


def compared(out: Path, address: str = "") -> pipeline.Compared:
    request, watch, functions = EnvironmentRequest(), Silent(), ("relu", "max_pool2d")
    elsewhere = pipeline.on_cluster(address, environment=request, functions=functions, watch=watch) if address else None
    return pipeline.compare_runs(
        ((REQUIREMENT, BACKENDS),), environment=request, functions=functions, out=out, places=pipeline.places(), watch=watch, elsewhere=elsewhere
    )


def kill_one_at_work(address: str, killed: list[int]) -> None:
    """Wait until a worker has a cell, then kill its process."""
    with distributed.Client(address, set_as_default=False) as client:
        pids = client.run(os.getpid)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            if busy:
                os.kill(pids[busy[0]], signal.SIGKILL)
                killed.append(pids[busy[0]])
                return
            time.sleep(0.02)


def test_a_killed_worker_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path / "dask")
    ) as cluster:
        killed: list[int] = []
        killer = threading.Thread(target=kill_one_at_work, args=(cluster.scheduler_address, killed))
        killer.start()
        there = compared(tmp_path / "there", cluster.scheduler_address)
        killer.join()
    here = compared(tmp_path / "here")
    assert len(killed) == 1
    assert there.runs == here.runs
    assert len(there.runs) == len(BACKENDS)
    assert [replace(c, speed=None) for c in there.comparisons] == [replace(c, speed=None) for c in here.comparisons]  # times differ
    assert all(c.count(Change.NOT_COMPARABLE) == c.only_before == c.only_after == 0 for c in there.comparisons)


def test_nobody_at_the_address() -> None:
    run = pipeline.on_cluster("not an address", environment=EnvironmentRequest(), functions=(), watch=Silent())
    with pytest.raises(UsageError, match="no scheduler answers"):
        list(run(()))
