"""Cells on other machines: each is a task of a Dask cluster; what comes back is bytes named by their digests.

A cluster is trusted as this machine is: use its TLS settings. A cell is idempotent: when a worker is lost, the scheduler gives its cells
to another one, and whatever ran twice gives the one result that a task has.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from csvkit_ml.errors import UsageError, WorkerStartError
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.comparison import Run
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.cells import Records, joined, run_cell
from csvkit_ml.pipeline.places import Silent, Watcher, places
from csvkit_ml.pipeline.prepare import Job, prepare

ATTEMPTS = 3
"""Workers that may be lost under one cell."""
GPU = ("cuda",)
"""Backends whose cells need the resource GPU."""


def cell_records(job: Job, environment: EnvironmentRequest, functions: tuple[str, ...]) -> Records:
    """One cell, on the machine that this is called on, with that machine's cache."""
    here, nobody = places(), Silent()
    with Store(here.store) as store, Memo(here.memo) as memo:
        made = prepare(job, environment=environment, functions=functions, places=here, watch=nobody)
        return run_cell(made, store, memo, places=here, watch=nobody).records()


def on_cluster(
    address: str, *, environment: EnvironmentRequest, functions: tuple[str, ...], watch: Watcher
) -> Callable[[tuple[Job, ...]], Iterable[Run]]:
    """How to run jobs on a cluster.

    Raises:
        UsageError: the extra `cluster` is not installed, or nobody answers at the address.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as e:
        raise UsageError("--cluster needs Dask distributed", "pip install 'csvkit-ml[cluster]'") from e

    def run(jobs: tuple[Job, ...]) -> Iterator[Run]:
        try:
            client = distributed.Client(address, set_as_default=False, timeout="30s")
        except (OSError, ValueError) as e:
            raise UsageError(f"no scheduler answers at {address}: {e}", "start one with `dask scheduler`") from e
        with client:
            watch.expect("cells on the cluster", len(jobs))
            tasks = [_submitted(client, job, environment, functions) for job in jobs]
            for job, task in zip(jobs, tasks, strict=True):
                yield _received(job, task)
                watch.advance()

    return run


def _submitted(client: Any, job: Job, environment: EnvironmentRequest, functions: tuple[str, ...]) -> Any:
    """A task named by what it asks, so that the same cell is one task."""
    key = f"mlcsv-{digest_of([asdict(job) | {'plan': ''}, asdict(environment), functions])}"
    needs = {"GPU": 1} if job.backend.split(":")[0] in GPU else None
    return client.submit(cell_records, job, environment, functions, key=key, resources=needs, retries=ATTEMPTS, pure=True)


def _received(job: Job, task: Any) -> Run:
    name = f"{job.asked} on {job.backend}"
    failure = task.exception()
    if failure is not None:
        raise WorkerStartError(f"{name} could not be run on the cluster: {failure}", "see the logs of its workers")
    r: Records = task.result()
    return joined(
        name, plan=r.plan, environment=r.environment, manifest=r.manifest, judgement=r.judgement, raw=lambda d: r.blobs.get(d, b"")
    )
