"""The table of what the training suites verify names functions that exist, and every function of those suites has the faults of its kind."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from csvkit_ml import registry

TABLE = Path(__file__).parents[2] / "specs" / "coverage_training.md"
ROWS = [[c.strip() for c in line.strip().strip("|").split(" | ")] for line in TABLE.read_text().splitlines() if line.startswith("| ")][1:]
REQUIREMENTS = [r for r in ROWS if not r[0].startswith("**")]
FUNCTIONS = registry.functions()
SUITES = {i: f for i, f in FUNCTIONS.items() if registry.home(i).startswith(("validation_suites.training.", "validation_suites.transfer."))}


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_named_function_exists_and_no_row_is_empty() -> None:
    assert len(REQUIREMENTS) > 50
    for requirement, functions, *_ in REQUIREMENTS:
        assert requirement
        assert named(functions), requirement
        assert [n for n in named(functions) if not any(fnmatch(i, n) for i in FUNCTIONS)] == []


def test_every_function_for_transfer_learning_is_in_the_table() -> None:
    there = {n for r in REQUIREMENTS for n in named(r[1])}
    assert {i for i in SUITES if registry.home(i).startswith("validation_suites.transfer.")} <= there


KINDS = {
    "gradients": (lambda i, home: i.startswith("grad_"), {"gradient-off"}),
    "optimisers": (lambda i, home: home.rsplit(".", 1)[1].startswith("optimisers"), {"stale-gradient", "state-lost"}),
    "schedules": (lambda i, home: home.rsplit(".", 1)[1].startswith("schedules"), {"epoch-off-by-one", "an-epoch-late"}),
    "samplers": (lambda i, home: i.endswith("_sampler"), {"biased", "weights-ignored"}),
}
"""A kind of function by id and module; one of these faults is seeded in each."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_function_of_a_kind_has_its_fault(kind: str) -> None:
    belongs, faults = KINDS[kind]
    found = [f for i, f in SUITES.items() if belongs(i, registry.home(i))]
    assert len(found) > 5
    assert [f.id for f in found if not faults & {x.id for x in f.faults}] == []
