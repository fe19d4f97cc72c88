"""One case judged: what was answered counts against what was answered; what the host ended is no answer."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.criteria import Exact, Ulp
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Criterion, Expected, Reason
from csvkit_ml.model.judgement import CaseJudgement
from csvkit_ml.model.observation import Killed, Observation, Outcome, OutputRef, Produced, Raised, Repetition, TimedOut

KINDS = ("first", "rerun", "fresh_process", "dirty_memory")
ONE, NEXT = (np.array([v], np.float32).tobytes() for v in (1.0, np.nextafter(np.float32(1), np.float32(2))))
LATE, ENDED, REFUSED = TimedOut(limit_s=60.0), Killed(why="memory"), Raised(type="ValueError", message="no")
NEAR = Ulp(k=2, k_hard=4, rationale="", literature="")


def produced(data: bytes) -> Outcome:
    return Produced(outputs=(OutputRef(name="y", dtype="float32", shape=(1,), blob=sha256(data)),))


A, B = produced(ONE), produced(NEXT)


def judged(outcomes: tuple[Outcome, ...], criterion: Criterion) -> CaseJudgement:
    seen = tuple(Repetition(kind=k, process=i // 2, outcome=o) for i, (k, o) in enumerate(zip(KINDS, outcomes, strict=True)))
    expected = (Expected(name="y", dtype="float32", value=np.array([1.0])),)
    blobs = {sha256(b): b for b in (ONE, NEXT)}
    observation = Observation(case="f/s/plain", key=sha256(b""), repetitions=seen)
    return judge_case(observation, lambda: expected, criterion, blobs.__getitem__, required_identical=KINDS[1:])


@pytest.mark.parametrize(
    ("outcomes", "criterion", "reason", "differing"),
    [
        ((A, A, A, A), Exact(), Reason.IDENTICAL, ()),
        ((A, A, B, A), Exact(), Reason.BEYOND_HARD, ("fresh_process",)),
        ((A, A, B, A), NEAR, Reason.NOT_REPEATABLE, ("fresh_process",)),
        ((LATE, A, A, A), Exact(), Reason.TIMED_OUT, ()),
        ((A, A, LATE, ENDED), Exact(), Reason.TIMED_OUT, ()),
        ((ENDED, ENDED, ENDED, ENDED), Exact(), Reason.KILLED, ()),
        ((LATE, A, B, A), NEAR, Reason.NOT_REPEATABLE, ("fresh_process",)),
        ((LATE, A, A, REFUSED), Exact(), Reason.REFUSED, ("dirty_memory",)),
        ((LATE, B, B, B), Exact(), Reason.BEYOND_HARD, ()),
    ],
)
def test_what_the_host_ended_differs_from_nothing(outcomes: tuple[Outcome, ...], criterion: Criterion, reason: Reason, differing: tuple[str, ...]) -> None:
    found = judged(outcomes, criterion)
    assert (found.reason, found.differing) == (reason, differing)
