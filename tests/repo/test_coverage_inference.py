"""The list of what inference is verified for: every function named exists, is offered by a library, and no item is without one."""

from __future__ import annotations

import re
from pathlib import Path

from csvkit_ml import registry

LIST = Path(__file__).parents[2] / "specs" / "coverage_inference.md"
ROWS = [
    tuple(cell.strip() for cell in line.strip("| \n").split(" | "))
    for line in LIST.read_text().splitlines()
    if line.startswith("|") and not line.startswith(("| item", "|---"))
]


def test_every_item_has_functions_that_exist() -> None:
    assert len(ROWS) > 80
    assert [row for row in ROWS if len(row) != 2 or not re.findall(r"`(\w+)`", row[1])] == []
    named = {id for _, cell in ROWS for id in re.findall(r"`(\w+)`", cell)}
    assert sorted(named - set(registry.functions())) == []
    offered = {o.function for library in registry.libraries().values() for o in library.offers()}
    assert sorted(named - offered) == []


def test_items_are_told_once() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)
