"""Coverage follows from bindings, traces and verdicts, and from nothing else."""

from __future__ import annotations

import pytest

from csvkit_ml.model.coverage import Cover, Coverage, SplitSide, Tally
from csvkit_ml.model.function import Verdict
from tests.worlds.inventories import tiny_coverage as covered


def states(coverage: Coverage) -> dict[str, tuple[Cover, tuple[str, ...]]]:
    return {c.name: (c.cover, c.functions) for row in coverage.rows for c in row.covered}


def test_what_the_suites_would_verify() -> None:
    coverage = covered()
    assert states(coverage) == {
        "tiny.exp": (Cover.VERIFIED, ("exp",)),
        "tiny.relu": (Cover.VERIFIED, ("relu", "also_relu")),
        "tiny.relu_again": (Cover.VERIFIED, ("relu", "also_relu")),
        "aten::exp": (Cover.EXERCISED, ("exp",)),
        "aten::exp.out": (Cover.EXERCISED, ("exp",)),
        "aten::relu": (Cover.EXERCISED, ("relu",)),
    }
    assert coverage.absent == ("tiny.gone",)
    mathematics, losses = coverage.rows
    assert mathematics.uncovered == ("tiny.Tensor.exp",)
    assert mathematics.names == Tally(total=4, verified=3)
    assert mathematics.operators == Tally(total=3, exercised=3)
    assert losses.uncovered == ("tiny.l1_loss",)
    assert coverage.side(SplitSide.TRAINING) == (Tally(total=1), Tally())
    assert (mathematics.names.percent, mathematics.names.not_verified, Tally().percent) == (75.0, 1, 0.0)


def test_a_run_shows_only_what_it_ran_and_what_passed() -> None:
    run = covered({"exp": Verdict.PASSED})
    assert set(states(run)) == {"tiny.exp", "aten::exp", "aten::exp.out"}
    assert states(covered({})) == {}


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INDETERMINATE])
def test_a_function_that_did_not_pass_takes_the_verification_away(verdict: Verdict) -> None:
    run = covered({"relu": verdict, "also_relu": Verdict.PASSED})
    assert states(run) == dict.fromkeys(("tiny.relu", "tiny.relu_again"), (Cover.NOT_PASSED, ("relu", "also_relu")))
    assert run.rows[0].names == Tally(total=4, not_passed=2)


def test_without_traces_nothing_is_exercised() -> None:
    assert not [c for row in covered(calls={}).rows for c in row.covered if c.cover is Cover.EXERCISED]


RESULTS = {"exp": ("aten::exp",), "relu": ("aten::relu", "aten::exp"), "also_relu": ("aten::relu",)}


@pytest.mark.parametrize(
    ("verdicts", "exp", "relu"),
    [
        (None, (Cover.VERIFIED, ("exp", "relu")), (Cover.VERIFIED, ("relu", "also_relu"))),
        ({"exp": Verdict.PASSED}, (Cover.VERIFIED, ("exp",)), None),
        ({"exp": Verdict.PASSED, "relu": Verdict.INDETERMINATE}, (Cover.VERIFIED, ("exp",)), None),
        ({"exp": Verdict.PASSED, "relu": Verdict.FAILED}, (Cover.NOT_PASSED, ("relu",)), (Cover.NOT_PASSED, ("relu",))),
    ],
)
def test_the_operator_that_wrote_a_result_is_verified(
    verdicts: dict[str, Verdict] | None, exp: tuple[Cover, tuple[str, ...]], relu: tuple[Cover, tuple[str, ...]] | None
) -> None:
    found = states(covered(verdicts, results=RESULTS))
    assert (found["aten::exp"], found.get("aten::relu")) == (exp, relu)
    assert found["aten::exp.out"] == (Cover.EXERCISED, ("exp",))


def test_every_classified_name_is_found_with_its_rule_and_state() -> None:
    coverage = covered()
    by_name = coverage.by_name()
    assert len(by_name) == coverage.classified
    assert {n: (row.rule, c.cover) for n, (row, c) in by_name.items() if n in ("aten::exp.out", "tiny.l1_loss")} == {
        "aten::exp.out": ("mathematics", Cover.EXERCISED),
        "tiny.l1_loss": ("losses", Cover.NOT_VERIFIED),
    }
    assert "tiny.is_loss" not in by_name
