"""Observations of every planned case: from the store, or executed now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.execution.engine import Job as CellJob
from csvkit_ml.execution.engine import Limits, UnprovenError, execute
from csvkit_ml.model.codec import canonical, decode, digest_of
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.report import NOT_SPAWNED, SpawnCheck
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Prepared
from csvkit_ml.planning.catalogue import Request

NO_KEY = sha256(b"")
"""The key of an observation says where it came from, not what was seen: it is left out of a judgement's question."""


def case_key(made: Prepared, request: Request, variant: str) -> Digest:
    """Reuse key of a case: everything that can change what is observed."""
    return case_keys(made)(request, variant)


def case_keys(made: Prepared) -> Callable[[Request, str], Digest]:
    """Reuse keys of a cell's cases; what they have in common is written once."""
    plan = made.catalogue.plan
    cell = [made.environment.lock, made.worker.digest, plan.settings, plan.repetitions, plan.time_limit_s, plan.memory_limit_bytes]
    common = canonical([cell, dict_of_host(made.environment)])[1:]

    def key(request: Request, variant: str) -> Digest:
        return sha256(canonical([request.digest, request.function, variant])[:-1] + b"," + common)

    return key


def dict_of_host(environment: EnvironmentRecord) -> list[str]:
    """What of the host may change bits: accelerators, processor and its flags, libc, interpreter."""
    host = dict(environment.fingerprint.host)
    devices = [f"{k}: {v}" for k, v in environment.fingerprint.library if k.startswith(("device ", "cudnn", "driver"))]
    return [
        *devices,
        host.get("cpu", ""),
        host.get("cpu flags", ""),
        host.get("libc", ""),
        dict(environment.fingerprint.interpreter).get("python", ""),
    ]


def _every(case: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a cell."""

    observations: tuple[Observation, ...]
    """Of every planned case, in plan order; none where the configuration is not proven."""
    executed: int
    """Cases executed now; the others came from the store."""
    unproven: tuple[str, ...] = ()
    """What of the configuration was not proven in force, in words."""


def observe(made: Prepared, store: Store, *, fresh: bool, scratch: Path, watch: Watcher, only: Callable[[str], bool] = _every) -> Seen:
    """Observe every planned case. A configuration that is not proven in force is not executed, nor taken from the store.

    Variants that run once come last, those of one kind together: their start is costly (a compiler is imported), and then paid once a process.

    Args:
        only: tells by its id whether a case is wanted; the others are left out.
    """
    if made.unproven:
        return Seen(observations=(), executed=0, unproven=made.unproven)
    found: dict[str, Observation] = {}
    jobs: list[CellJob] = []
    late: list[tuple[Request, tuple[str, Digest]]] = []
    once = {o.function: o.once for o in made.library.offers()}
    key_of = case_keys(made)
    for request in made.catalogue.requests.values():
        todo: list[tuple[str, Digest]] = []
        for variant in request.variants:
            case = f"{request.prefix}/{variant}"
            if not only(case):
                continue
            key = key_of(request, variant)
            known = None if fresh else store.reuse(key)
            if known is None:
                todo.append((variant, key))
            else:
                found[case] = replace(known, case=case)
        last = once.get(request.function, ())
        if now := [t for t in todo if t[0] not in last]:
            jobs.append(cell_job(request, now))
        late += [(request, t) for t in todo if t[0] in last]
    jobs += [cell_job(request, [t]) for request, t in sorted(late, key=lambda r: r[1][0])]
    missing = sum(len(j.variants) for j in jobs)
    watch.expect("running cases", missing)

    def keep(observation: Observation) -> None:
        found[observation.case] = observation
        store.record(observation)
        watch.advance()

    if jobs:
        plan = made.catalogue.plan
        try:
            execute(
            python=made.python, worker=made.worker, library=made.library.name, variables=made.variables, settings=made.options,
            jobs=jobs, limits=Limits(time_s=plan.time_limit_s, memory_bytes=plan.memory_limit_bytes), repetitions=plan.repetitions,
            blobs=store, on_observation=keep, scratch=scratch, expected=made.expected, on_time=store.took, fork=made.fork,
        )  # fmt: skip
        except UnprovenError as e:
            return Seen(observations=(), executed=0, unproven=tuple(map(str, e.args)))
        finally:
            store.commit()
    order = [c for f in made.catalogue.plan.functions for c in f.case_ids()]
    return Seen(observations=tuple(found[c] for c in order if c in found), executed=missing)


def cell_job(request: Request, todo: list[tuple[str, Digest]]) -> CellJob:
    return CellJob(
        prefix=request.prefix, op=request.function, params=request.sample.params, inputs=request.sample.inputs, program=request.program,
        variants=tuple(v for v, _ in todo), keys=tuple(k for _, k in todo),
    )  # fmt: skip


class _Digests:
    """Where bytes go that are only compared."""

    def put(self, data: bytes) -> Digest:
        return sha256(data)


def check_spawned(made: Prepared, observations: tuple[Observation, ...], places: Places) -> SpawnCheck:
    """Execute the first case of every repeatable function in one process started from nothing; a forked one must have given the same."""
    plan, seen = made.catalogue.plan, {o.case: o.repetitions[0].outcome for o in observations if o.repetitions}
    chosen = [(f.id, f.samples[0].name, f.samples[0].variants[0]) for f in plan.functions if f.repeatable and f.samples]
    chosen = [c for c in chosen if "/".join(c) in seen]
    if not chosen:
        return NOT_SPAWNED
    keys = [case_key(made, made.catalogue.requests[f"{f}/{s}"], v) for f, s, v in chosen]
    question = digest_of(["spawned", keys, [seen["/".join(c)] for c in chosen]])
    with Memo(places.memo) as memo:
        if (answer := memo.get(question)) is not None:
            return decode(SpawnCheck, answer)
    found: list[Observation] = []
    execute(
        python=made.python, worker=made.worker, library=made.library.name, variables=made.variables, settings=made.options,
        jobs=[cell_job(made.catalogue.requests[f"{f}/{s}"], [(v, NO_KEY)]) for f, s, v in chosen],
        limits=Limits(time_s=plan.time_limit_s, memory_bytes=plan.memory_limit_bytes), repetitions=("first",),
        blobs=_Digests(), on_observation=found.append, scratch=places.cache / "scratch", fork=False,
    )  # fmt: skip
    check = SpawnCheck(compared=len(found), differing=tuple(o.case for o in found if o.repetitions[0].outcome != seen[o.case]))
    with Memo(places.memo) as memo:
        memo.put({question: canonical(check)})
    return check
