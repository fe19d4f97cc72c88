"""Which functions a glob selects: by id, by the regime they fall under, by area."""

from __future__ import annotations

import pytest

from csvkit_ml import registry
from csvkit_ml.errors import UnknownCaseError
from csvkit_ml.model.function import Side
from csvkit_ml.planning.catalogue import select

KNOWN = registry.functions()


def test_the_sides_share_what_falls_under_both_regimes_and_leave_nothing_out() -> None:
    training, inference = (select(KNOWN, (f"side:{s}",)) for s in ("training", "inference"))
    assert {k for k, f in KNOWN.items() if f.side is Side.BOTH} == training.keys() & inference.keys() != set()
    assert training.keys() | inference.keys() == KNOWN.keys()
    assert {f.side for f in training.values()} == {Side.TRAINING, Side.BOTH}


def test_areas_ids_and_several_globs() -> None:
    losses = select(KNOWN, ("area:losses",))
    assert {f.area for f in losses.values()} == {"losses"}
    assert {"mse_loss", "ctc_loss"} <= losses.keys()
    assert select(KNOWN, ("area:losses", "relu")).keys() == losses.keys() | {"relu"}
    assert select(KNOWN, ()) == KNOWN


@pytest.mark.parametrize("glob", ["no_such_function", "side:both", "side:", "area:no such", "training"])
def test_a_glob_without_a_match_is_an_error(glob: str) -> None:
    with pytest.raises(UnknownCaseError):
        select(KNOWN, ("relu", glob))
