"""Real processes, a library that misbehaves: nothing is lost and the culprit is named."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from csvkit_ml.errors import WorkerStartError
from csvkit_ml.execution.answers import read_time
from csvkit_ml.execution.engine import Job, Limits, describe, execute
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.observation import Crashed, Killed, Observation, Outcome, Produced, Raised, TimedOut, Unsupported
from csvkit_ml.model.plan import REPETITIONS
from csvkit_ml.model.tensor import Tensor
from tests.unit.execution.fake_library import LIBRARY, fake_worker


class Blobs(dict[Digest, bytes]):
    def put(self, data: bytes) -> Digest:
        self[sha256(data)] = data
        return sha256(data)


X = Tensor.of([1.0, float("nan"), -0.0], "float32")


def job(op: str, variants: tuple[str, ...] = ("plain",), **parameters: str) -> Job:
    return Job(
        prefix=f"{op}/s", op=op, params=tuple(parameters.items()), inputs=(X,), program=b"", variants=variants, keys=(sha256(b""),) * len(variants)
    )  # fmt: skip


def run(jobs: list[Job], scratch: Path, *, time_s: float = 20.0, memory: int = 0) -> tuple[list[Observation], Blobs]:
    blobs, seen = Blobs(), list[Observation]()
    execute(
        python=sys.executable, worker=fake_worker(), library="fake", variables={}, settings={}, jobs=jobs,
        limits=Limits(time_s=time_s, memory_bytes=memory, batch=3), repetitions=REPETITIONS, blobs=blobs, on_observation=seen.append, scratch=scratch,
    )  # fmt: skip
    return seen, blobs


def outcomes(observation: Observation) -> dict[str, Outcome]:
    return {r.kind: r.outcome for r in observation.repetitions}


def value(outcome: Outcome, blobs: Blobs) -> int:
    assert isinstance(outcome, Produced)
    return int.from_bytes(blobs[outcome.outputs[0].blob], "little")


def test_values_come_back_bit_for_bit(tmp_path: Path) -> None:
    (one, two), blobs = run([job("same"), job("two", ("plain", "other"))][:2], tmp_path)[0][:2], Blobs()
    first = outcomes(one)["first"]
    assert isinstance(first, Produced)
    assert first.outputs[0].blob == sha256(X.data)
    assert [r.kind for r in one.repetitions] == list(REPETITIONS)
    assert all(o == first for o in outcomes(one).values())
    assert two.case == "two/s/plain"
    assert blobs == {}


def test_repetitions_are_what_they_say(tmp_path: Path) -> None:
    (pid, dirt), blobs = run([job("pid"), job("dirtied")], tmp_path)
    p = {k: value(o, blobs) for k, o in outcomes(pid).items()}
    assert p["first"] == p["rerun"] != p["fresh_process"] == p["dirty_memory"]
    d = {k: value(o, blobs) for k, o in outcomes(dirt).items()}
    assert d == {"first": 0, "rerun": 0, "fresh_process": 1, "dirty_memory": 2}  # the dirt of the case before is still there


@pytest.mark.parametrize(("op", "signal"), [("segfault", "SIGSEGV"), ("abort", "SIGABRT")])
def test_a_crash_names_the_culprit_and_the_rest_goes_on(op: str, signal: str, tmp_path: Path) -> None:
    seen, blobs = run([job("same"), job(op, ("plain", "other")), job("same"), job("same")], tmp_path)
    assert [o.case for o in seen] == ["same/s/plain", f"{op}/s/plain", f"{op}/s/other", "same/s/plain", "same/s/plain"]
    for observation in seen[1:3]:
        for outcome in outcomes(observation).values():
            assert isinstance(outcome, Crashed)
            assert outcome.signal == signal
    assert all(isinstance(o, Produced) for i in (0, 3, 4) for o in outcomes(seen[i]).values())
    if op == "abort":
        crashed = outcomes(seen[1])["first"]
        assert isinstance(crashed, Crashed)
        assert b"last words" in blobs[crashed.stderr]


def test_a_crash_that_does_not_repeat_is_not_hidden(tmp_path: Path) -> None:
    (seen,), _ = run([job("once", flag=str(tmp_path / "flag"))], tmp_path)
    kinds = [type(o).__name__ for o in outcomes(seen).values()]
    assert "Crashed" in kinds
    assert "Produced" in kinds


def test_exit_is_a_crash(tmp_path: Path) -> None:
    (seen, after), _ = run([job("leave"), job("same")], tmp_path)
    crashed = outcomes(seen)["first"]
    assert isinstance(crashed, Crashed)
    assert (crashed.exit_code, crashed.signal) == (3, "")
    assert isinstance(outcomes(after)["first"], Produced)


def test_a_hang_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    (seen, after), _ = run([job("hang", pidfile=str(pidfile)), job("same")], tmp_path, time_s=0.5)
    assert all(o == TimedOut(limit_s=0.5) for o in outcomes(seen).values())
    assert isinstance(outcomes(after)["first"], Produced)
    time.sleep(0.2)
    grandchild = int(pidfile.read_text())
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE


def test_a_flood_is_bounded_and_harmless(tmp_path: Path) -> None:
    (seen,), _ = run([job("flood")], tmp_path)
    assert all(isinstance(o, Produced) for o in outcomes(seen).values())


def test_exceptions_are_bounded_outcomes(tmp_path: Path) -> None:
    (boom, no), _ = run([job("boom"), job("unsupported")], tmp_path)
    raised = outcomes(boom)["first"]
    assert isinstance(raised, Raised)
    assert (raised.type, len(raised.message)) == ("RuntimeError", 4000)
    assert outcomes(no)["first"] == Unsupported(message="not here")


@pytest.mark.parametrize("op", ["shape", "dtype", "half"])
def test_answers_that_do_not_add_up(op: str, tmp_path: Path) -> None:
    (seen, after), _ = run([job(op), job("same")], tmp_path)
    assert all(isinstance(o, Killed | Crashed) for o in outcomes(seen).values())
    assert isinstance(outcomes(after)["first"], Produced)


def test_memory_limit(tmp_path: Path) -> None:
    (seen, after), _ = run([job("memory"), job("same")], tmp_path, memory=1 << 32)
    raised = outcomes(seen)["first"]
    assert isinstance(raised, Raised)
    assert raised.type == "MemoryError"
    assert isinstance(outcomes(after)["first"], Produced)


def test_killed_from_outside_is_not_the_librarys_fault(tmp_path: Path) -> None:
    (seen,), _ = run([job("suicide")], tmp_path)
    assert isinstance(outcomes(seen)["first"], Killed)


def test_import_failure_tells_why(tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError, match="no_such_module"):
        describe(
            python=sys.executable, worker=fake_worker("import no_such_module"), library="fake", variables={}, settings={}, scratch=tmp_path
        )


def test_not_an_interpreter(tmp_path: Path) -> None:
    for python in (str(tmp_path / "nothing"), "/bin/true"):
        with pytest.raises(WorkerStartError):
            describe(python=python, worker=fake_worker(), library="fake", variables={}, settings={}, scratch=tmp_path)


def test_the_hosts_environment_is_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCSV_TEST_LEAK", "secret")
    facts = describe(
        python=sys.executable,
        worker=fake_worker(),
        library="fake",
        variables={"OMP_NUM_THREADS": "3"},
        settings={"a": "b"},
        scratch=tmp_path,
    )
    assert facts == {"version": "1", "threads": "3", "home": "/nonexistent", "leak": "", "setting a": "b"}


def test_the_archive_is_reproducible_and_holds_no_host_code() -> None:
    import io
    import zipfile

    worker = build_archive(LIBRARY)
    assert worker == build_archive(LIBRARY)
    names = zipfile.ZipFile(io.BytesIO(worker.data)).namelist()
    assert "csvkit_ml/worker/serve.py" in names
    assert not [n for n in names if "model" in n or "criteria" in n or "references" in n]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    before = {p.pid for p in psutil.Process(os.getpid()).children(recursive=True)}
    run([job("same")], tmp_path)
    assert {p.pid for p in psutil.Process(os.getpid()).children(recursive=True)} <= before


def test_the_first_call_of_a_case_is_timed_and_no_other(tmp_path: Path) -> None:
    told: list[tuple[Digest, int]] = []
    blobs, keys = Blobs(), (sha256(b"one"), sha256(b"two"))
    made = replace(job("same", ("plain", "other")), keys=keys)
    began = time.perf_counter_ns()
    execute(
        python=sys.executable, worker=fake_worker(), library="fake", variables={}, settings={}, jobs=[made], limits=Limits(time_s=20, memory_bytes=0),
        repetitions=REPETITIONS, blobs=blobs, on_observation=lambda o: None, on_time=lambda k, ns: told.append((k, ns)), scratch=tmp_path,
    )  # fmt: skip
    assert [k for k, _ in told] == list(keys)
    assert all(0 < ns < time.perf_counter_ns() - began for _, ns in told)


@pytest.mark.parametrize("told", [None, "5", -1, 0, True, 1.5, 1 << 60])
def test_a_time_that_is_none_is_not_believed(told: object) -> None:
    assert read_time({"ns": told}) == 0
