"""Slower and faster functions: by a stated factor, above a floor, with as many calls on both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csvkit_ml.judgement.comparison import compare
from csvkit_ml.judgement.speed import FLOOR_S, speed
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.comparison import Comparison
from csvkit_ml.model.timing import FunctionTime, Times
from tests.unit.judgement.test_comparison import run
from tests.unit.reporting.fake_records import records


def times(**seconds: float) -> Times:
    return Times(schema=1, functions=tuple(FunctionTime(id=k, calls=4, seconds=s) for k, s in seconds.items()))


BEFORE = times(same=0.1, slow=0.1, fast=0.1, tiny=FLOOR_S / 10, gone=0.1)
AFTER = times(same=0.19, slow=0.2, fast=0.05, tiny=FLOOR_S / 2, new=0.1)
EVERY = ("same", "slow", "fast", "tiny", "gone", "new")


def test_both_directions_are_told_slowest_first() -> None:
    found = speed(BEFORE, AFTER, 2.0, 2.0, EVERY)
    assert [(m.id, m.factor) for m in found.moved] == [("slow", 2.0), ("fast", 0.5)]
    assert found.compared == 4


@pytest.mark.parametrize(("slower", "faster", "moved"), [(3.0, 2.0, ["fast"]), (2.0, 3.0, ["slow"]), (1.5, 2.0, ["slow", "same", "fast"])])
def test_each_direction_has_its_factor(slower: float, faster: float, moved: list[str]) -> None:
    assert [m.id for m in speed(BEFORE, AFTER, slower, faster, EVERY).moved] == moved


def test_other_numbers_of_calls_are_other_work() -> None:
    other = Times(schema=1, functions=tuple(replace(f, calls=5) for f in AFTER.functions))
    assert speed(BEFORE, other, 2.0, 2.0, EVERY).compared == 0


def test_only_what_is_compared_is_told() -> None:
    assert [m.id for m in speed(BEFORE, AFTER, 2.0, 2.0, ("fast",)).moved] == ["fast"]


def test_time_is_told_beside_a_comparison_and_changes_nothing_of_it() -> None:
    one = run(records())
    names = [f.id for f in one.plan.functions]
    before, after = (replace(one, times=times(**dict.fromkeys(names, s))) for s in (0.1, 0.3))
    plain, timed = compare(one, one), compare(before, after)
    assert plain.speed is None and b'"speed"' not in canonical(plain)
    assert timed.speed is not None and [m.id for m in timed.speed.moved] == names
    assert replace(timed, speed=None) == plain
    assert timed.verdict is plain.verdict
    assert decode(Comparison, canonical(timed)) == timed
