"""Assignments and observations: what is left after a process is lost, and in which order it is told."""

from __future__ import annotations

import dataclasses

import pytest

from csvkit_ml.execution.work import RETRY, Assignment, Work
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.observation import Killed, Unsupported
from csvkit_ml.worker import frames
from tests.worlds.scripted import MemoryBlobs, job

KINDS = ("first", "rerun")
DONE = Unsupported(message="done")


def work(*variants: str) -> Work:
    return Work(job("echo", variants=variants), KINDS, MemoryBlobs())


def assignment(of: Work, stop: int) -> Assignment:
    return Assignment(work=of, kinds=KINDS, start=0, stop=stop)


def test_observations_come_by_variant_in_the_order_asked_for() -> None:
    seen = work("a", "b")
    for variant in (1, 0):
        for kind in reversed(KINDS):
            assert not seen.complete
            seen.record(variant, kind, 7, DONE)
    assert seen.complete
    a, b = seen.observations()
    assert (a.case, b.case) == ("echo/s/a", "echo/s/b")
    assert tuple(r.kind for r in a.repetitions) == tuple(r.kind for r in b.repetitions) == KINDS
    assert b.key == sha256(b"echo/s/b")


def test_a_retry_is_waited_for_and_told_behind_the_rest() -> None:
    seen = work("a")
    all_of_it = assignment(seen, 2)
    assert seen.claim_retry(0)
    assert not seen.claim_retry(0)
    again = all_of_it.retry()
    assert (again.start, again.stop, again.alone) == (0, 1, True)
    all_of_it.answered(0, Killed(why="x"))
    rest = all_of_it.rest()
    assert rest is not None
    assert (rest.start, rest.stop) == (1, 2)
    rest.answered(1, DONE)
    assert not seen.complete
    again.answered(2, DONE)
    assert seen.complete
    (observation,) = seen.observations()
    assert [(r.kind, r.process) for r in observation.repetitions] == [("first", 0), ("rerun", 1), (RETRY, 2)]
    assert rest.rest() is None


def test_cases_of_a_part() -> None:
    whole = work("a", "b", "c")
    assert assignment(whole, 6).cases == 3
    assert Assignment(work=whole, kinds=KINDS, start=3, stop=6).cases == 2
    assert Assignment(work=whole, kinds=KINDS, start=3, stop=4).cases == 1


def test_the_request_carries_inputs_once_and_no_expected_value() -> None:
    decoder = frames.Decoder()
    decoder.feed(b"".join(assignment(work("a", "b"), 4).request()))
    ((head, body),) = decoder.frames()
    assert set(head) == {"op", "params", "variants", "kinds", "from", "to", "inputs"}
    assert body == job("echo").inputs[0].data


def test_equal_bytes_are_stored_once() -> None:
    calls = []

    class Counting(MemoryBlobs):
        def put(self, data: bytes) -> Digest:
            calls.append(data)
            return super().put(data)

    seen = Work(job("echo"), KINDS, Counting())
    assert seen.blob(b"x") == seen.blob(b"x") == sha256(b"x")
    assert calls == [b"x"]


def test_keys_and_variants_must_match() -> None:
    with pytest.raises(ValueError, match="2 variants, 1 keys"):
        dataclasses.replace(job("echo"), variants=("a", "b"))
