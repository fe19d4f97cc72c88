"""The engine against real processes that crash, hang, flood, lie and leave descendants."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.cell import TAIL_BYTES, clean_environment
from csvkit_ml.execution.engine import RETRY, Job, Limits, describe, execute
from csvkit_ml.model.observation import Crashed, Killed, Observation, Outcome, Produced, Raised, TimedOut, Unsupported
from csvkit_ml.model.plan import REPETITIONS
from tests.worlds.scripted import LIBRARY, MemoryBlobs, job, scripted_worker

pytestmark = pytest.mark.integration

WORKER = scripted_worker()


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever happens, no process and no descriptor is left behind."""
    me = psutil.Process()
    others = set(me.children(recursive=True))
    before = me.num_fds()
    yield
    deadline = time.monotonic() + 5
    while set(me.children(recursive=True)) - others and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(me.children(recursive=True)) - others == set()
    assert me.num_fds() <= before


def observe(jobs: Any, blobs: MemoryBlobs, scratch: Path, **other: Any) -> list[Observation]:
    seen: list[Observation] = []
    options: dict[str, Any] = {
        "python": sys.executable, "worker": WORKER, "library": LIBRARY, "variables": {}, "settings": {}, "repetitions": REPETITIONS,
        "limits": Limits(time_s=20, memory_bytes=0), "on_observation": seen.append,
    }  # fmt: skip
    execute(**{**options, **other}, jobs=jobs, blobs=blobs, scratch=scratch)
    return seen


def outcomes(observation: Observation) -> dict[str, Outcome]:
    return {r.kind: r.outcome for r in observation.repetitions}


def values(outcome: Outcome, blobs: MemoryBlobs) -> bytes:
    assert isinstance(outcome, Produced), outcome
    return blobs[outcome.outputs[0].blob]


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_four_repetitions_in_two_processes(fork: bool, blobs: MemoryBlobs, tmp_path: Path) -> None:
    seen = observe([job("pid", variants=("a", "b")), job("echo"), job("dirtied"), job("nan")], blobs, tmp_path, fork=fork)
    assert [o.case for o in seen] == ["pid/s/a", "pid/s/b", "echo/s/plain", "dirtied/s/plain", "nan/s/plain"]
    for o in seen:
        assert tuple(r.kind for r in o.repetitions) == REPETITIONS
        assert len({r.process for r in o.repetitions[:2]}) == 1
        assert o.repetitions[0].process != o.repetitions[2].process
    first, rerun, fresh, dirty = (values(r.outcome, blobs) for r in seen[0].repetitions)
    assert first == rerun != fresh == dirty
    assert values(outcomes(seen[2])["first"], blobs) == job("echo").inputs[0].data
    assert [int.from_bytes(values(o, blobs), "little") for o in outcomes(seen[3]).values()] == [0, 0, 3, 4]
    assert values(outcomes(seen[4])["first"], blobs) == b"\x00\x00\xc0\x7f"


def test_what_python_can_catch_is_an_answer(blobs: MemoryBlobs, tmp_path: Path) -> None:
    raises, leaves, unsupported = observe([job("raises"), job("leaves"), job("unsupported")], blobs, tmp_path)
    raised = outcomes(raises)["first"]
    assert isinstance(raised, Raised)
    assert raised.type == "RuntimeError"
    assert raised.message.startswith("no such kernel at 0x... xxx")
    assert len(raised.message) <= 4000
    assert outcomes(leaves)["first"] == Raised(type="SystemExit", message="3")
    assert set(outcomes(unsupported).values()) == {Unsupported(message="not implemented for this dtype")}


def test_a_crash_names_its_culprit_and_the_rest_goes_on(blobs: MemoryBlobs, tmp_path: Path) -> None:
    jobs = [job("echo", name="before"), job("segfault", variants=("calm", "plain", "other")), job("echo", name="after")]
    seen = {o.case: o for o in observe(jobs, blobs, tmp_path)}
    assert list(seen) == ["echo/before/plain", "segfault/s/calm", "segfault/s/plain", "segfault/s/other", "echo/after/plain"]
    crashed = seen.pop("segfault/s/plain")
    assert [r.kind for r in crashed.repetitions] == [*REPETITIONS, RETRY]
    for r in crashed.repetitions:
        assert isinstance(r.outcome, Crashed)
        assert (r.outcome.exit_code, r.outcome.signal) == (None, "SIGSEGV")
        assert b"last words" in blobs[r.outcome.stderr]
        assert b"Fatal Python error" in blobs[r.outcome.stderr]
    assert len({r.process for r in crashed.repetitions}) == 5
    for o in seen.values():
        assert all(isinstance(x, Produced) for x in outcomes(o).values())


def test_a_crash_that_does_not_come_back_alone_keeps_both_facts(blobs: MemoryBlobs, tmp_path: Path) -> None:
    (seen,) = observe([job("segfault_late")], blobs, tmp_path, repetitions=("first", "rerun"))
    first, rerun, retry = seen.repetitions
    assert isinstance(first.outcome, Produced)
    assert isinstance(rerun.outcome, Crashed)
    assert retry.kind == RETRY
    assert retry.outcome == first.outcome
    assert len({first.process, retry.process}) == 2


@pytest.mark.parametrize(
    ("op", "code", "signal"), [("abort", None, "SIGABRT"), ("exit", 0, ""), ("half_frame", 5, ""), ("flood_and_crash", None, "SIGABRT")]
)
def test_every_way_to_die_is_told(op: str, code: int | None, signal: str, blobs: MemoryBlobs, tmp_path: Path) -> None:
    seen, after = observe([job(op), job("echo")], blobs, tmp_path)
    for outcome in outcomes(seen).values():
        assert isinstance(outcome, Crashed)
        assert (outcome.exit_code, outcome.signal) == (code, signal)
        assert len(blobs[outcome.stderr]) <= 2 * TAIL_BYTES + 200
        if op == "half_frame":
            assert b"the answer broke off after 7 bytes" in blobs[outcome.stderr]
        if op == "flood_and_crash":
            assert b"the end" in blobs[outcome.stderr]
    assert isinstance(outcomes(after)["first"], Produced)


def test_killed_from_outside_is_not_a_crash_of_the_library(blobs: MemoryBlobs, tmp_path: Path) -> None:
    seen, after = observe([job("killed"), job("echo")], blobs, tmp_path)
    assert all(isinstance(o, Killed) and "SIGKILL" in o.why for o in outcomes(seen).values())
    assert isinstance(outcomes(after)["first"], Produced)


@pytest.mark.parametrize(
    ("op", "why"),
    [
        ("wrong_shape", "float32[7, 7] does not fit 8"),
        ("wrong_dtype", "unknown dtype 'float3'"),
        ("garbage", "not a frame"),
        ("not_json", "not JSON"),
        ("other_answer", "execution 77, which was not asked"),
        ("closes", "closed its connection"),
    ],
)
def test_a_lying_process_is_ended(op: str, why: str, blobs: MemoryBlobs, tmp_path: Path) -> None:
    seen, after = observe([job(op), job("echo")], blobs, tmp_path, repetitions=("first",))
    (outcome,) = outcomes(seen).values()
    assert isinstance(outcome, Killed)
    assert why in outcome.why
    assert isinstance(outcomes(after)["first"], Produced)


@pytest.mark.parametrize("op", ["hang", "spin"])
def test_a_late_answer_costs_the_process_and_nothing_else(op: str, blobs: MemoryBlobs, tmp_path: Path) -> None:
    started = time.monotonic()
    jobs = [job("echo", name="before"), job(op), job("echo", name="after")]
    before, seen, after = observe(jobs, blobs, tmp_path, limits=Limits(time_s=0.4, memory_bytes=0))
    assert set(outcomes(seen).values()) == {TimedOut(limit_s=0.4)}
    assert isinstance(outcomes(before)["dirty_memory"], Produced)
    assert isinstance(outcomes(after)["first"], Produced)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(("op", "kind"), [("family_hangs", TimedOut), ("family_crashes", Crashed), ("family", Produced)])
@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_descendants_go_with_their_process(op: str, kind: type, fork: bool, blobs: MemoryBlobs, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    jobs = [job(op, params={"pids": str(pids)}), job("echo")]
    seen, after = observe(jobs, blobs, tmp_path, repetitions=("first",), limits=Limits(time_s=1.5, memory_bytes=0), fork=fork)
    assert type(outcomes(seen)["first"]) is kind
    assert isinstance(outcomes(after)["first"], Produced)
    deadline = time.monotonic() + 5
    started = [int(p) for p in pids.read_text().split()]
    assert started
    while any(map(alive, started)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, started))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_flood_neither_blocks_nor_fills_memory(blobs: MemoryBlobs, tmp_path: Path) -> None:
    (seen,) = observe([job("flood")], blobs, tmp_path)
    assert all(isinstance(o, Produced) for o in outcomes(seen).values())


def test_the_memory_limit_is_in_force(blobs: MemoryBlobs, tmp_path: Path) -> None:
    (seen,) = observe([job("memory")], blobs, tmp_path, limits=Limits(time_s=20, memory_bytes=1 << 31))
    assert {type(o) for o in outcomes(seen).values()} == {Raised}
    assert {o.type for o in outcomes(seen).values() if isinstance(o, Raised)} == {"MemoryError"}


def test_batches_are_processes_and_jobs_are_read_lazily(blobs: MemoryBlobs, tmp_path: Path) -> None:
    taken = []

    def endless() -> Iterator[Job]:
        for i in range(900):
            taken.append(i)
            yield job("pid", name=str(i), variants=("a", "b"))

    held: list[int] = []
    seen: list[Observation] = []

    def keep(observation: Observation) -> None:
        seen.append(observation)
        held.append(len(taken) - len(seen) // 2)

    observe(endless(), blobs, tmp_path, on_observation=keep, limits=Limits(time_s=20, memory_bytes=0, batch=500))
    assert [o.case for o in seen] == [f"pid/{i}/{v}" for i in range(900) for v in "ab"]
    assert max(held) <= 257
    processes = [values(o.repetitions[0].outcome, blobs) for o in seen]
    assert len(set(processes)) == 4
    assert sum(a != b for a, b in pairwise(processes)) == 3


def test_large_answers_and_no_jobs(blobs: MemoryBlobs, tmp_path: Path) -> None:
    assert observe([], blobs, tmp_path) == []
    (seen,) = observe([job("big")], blobs, tmp_path)
    assert [len(values(o, blobs)) for o in outcomes(seen).values()] == [3_000_000] * 4


def test_the_environment_is_what_was_given(blobs: MemoryBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    facts = describe(
        python=sys.executable, worker=WORKER, library=LIBRARY, variables={"GIVEN": "1"}, settings={"threads": "2"}, scratch=tmp_path
    )
    assert set(facts["environment"].split(",")) <= {"GIVEN", "LC_CTYPE", *clean_environment({})}
    assert "GIVEN" in facts["environment"]
    assert facts["setting threads"] == "2"
    assert int(facts["pid"]) != os.getpid()


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
@pytest.mark.parametrize(("how", "words"), [("fails", "libscripted.so is missing"), ("crashes", "about to crash")])
def test_an_import_that_fails_is_an_error_with_last_words(how: str, words: str, fork: bool, blobs: MemoryBlobs, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError) as caught:
        observe([job("echo")], blobs, tmp_path, variables={"SCRIPTED_IMPORT": how}, fork=fork)
    assert words in caught.value.cause
    assert caught.value.hint


@pytest.mark.parametrize("setting", ["refused", "crashes"])
def test_settings_that_cannot_be_made(setting: str, blobs: MemoryBlobs, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError):
        observe([job("echo")], blobs, tmp_path, settings={setting: "on"})
    with pytest.raises(WorkerStartError):
        describe(python=sys.executable, worker=WORKER, library=LIBRARY, variables={}, settings={setting: "on"}, scratch=tmp_path)


@pytest.mark.parametrize("python", ["/nonexistent/python", "/bin/true"])
def test_not_an_interpreter(python: str, blobs: MemoryBlobs, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError):
        observe([job("echo")], blobs, tmp_path, python=python)


def test_an_interrupt_leaves_nothing_running(blobs: MemoryBlobs, tmp_path: Path) -> None:
    def interrupted(observation: Observation) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe([job("echo"), job("hang")], blobs, tmp_path, on_observation=interrupted)


@pytest.mark.parametrize("repetitions", [(), ("first", "thrice")])
def test_unknown_or_no_repetitions(repetitions: tuple[str, ...], blobs: MemoryBlobs, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="repetitions"):
        observe([job("echo")], blobs, tmp_path, repetitions=repetitions)
