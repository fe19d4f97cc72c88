"""Every process proves its configuration before its first case; one that does not is never used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from csvkit_ml.execution.engine import Limits, UnprovenError, execute
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.plan import REPETITIONS
from tests.unit.execution.fake_library import fake_worker
from tests.unit.execution.test_engine import Blobs, job


def run(scratch: Path, settings: dict[str, str], expected: dict[str, tuple[str, ...]] | None, *, fork: bool) -> list[Observation]:
    """The fake library answers its settings back."""
    seen: list[Observation] = []
    execute(
        python=sys.executable, worker=fake_worker(), library="fake", variables={}, settings=settings, jobs=[job("same"), job("two")],
        limits=Limits(time_s=20, memory_bytes=0), repetitions=REPETITIONS, blobs=Blobs(), on_observation=seen.append, scratch=scratch, fork=fork,
        expected=expected,
    )  # fmt: skip
    return seen


@pytest.mark.parametrize("fork", [True, False])
def test_what_is_answered_as_expected_is_executed(tmp_path: Path, fork: bool) -> None:
    assert len(run(tmp_path, {"threads": "2"}, {"threads": ("1", "2")}, fork=fork)) == 2
    assert len(run(tmp_path, {"threads": "2"}, None, fork=fork)) == 2


@pytest.mark.parametrize("fork", [True, False])
def test_another_answer_none_or_nothing_expected_is_not(tmp_path: Path, fork: bool) -> None:
    for expected, told in (
        ({"threads": ("4",)}, "threads: found 2, expected 4"),
        ({"isa": ("AVX2",)}, "isa: no answer, expected AVX2"),
        ({}, "names no fact"),
    ):
        with pytest.raises(UnprovenError, match=told):
            run(tmp_path, {"threads": "2"}, expected, fork=fork)
