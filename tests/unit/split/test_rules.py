"""The rule file is read strictly."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.coverage import SplitSide
from csvkit_ml.split.rules import read_rules
from tests.worlds.inventories import RULES


def test_operations_are_written_by_their_family() -> None:
    file = read_rules(RULES.encode())
    assert [r.side for r in file.rule] == [SplitSide.BOTH, SplitSide.TRAINING]
    assert file.patterns(file.rule[0])[0] == ("exp", ("tiny.exp", "tiny.Tensor.exp", "aten::exp"))
    assert file.patterns(file.rule[1]) == (("tiny.*_loss", ("tiny.*_loss",)),)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('side = "both"', 'side = "any"', "not a SplitSide"),
        ('use = "Compute."\n', "", "missing ['use']"),
        ('use = "Compute."', 'use = "Compute."\nnote = "x"', "unknown ['note']"),
        ('id = "losses"', 'id = "mathematics"', "two rules named 'mathematics'"),
        ("tensor = [\"exp\"", "scalar = [\"exp\"", "'scalar' is no family or rule"),
        ('excluding = ["tiny.is_loss"]', 'yields_to = ["metrics"]', "'metrics' is no family or rule"),
        ('excluding = ["tiny.is_loss"]', 'yields_to = ["losses"]', "yield to each other"),
        ('side = "training"', 'side = "out of scope"', "a reason is given exactly"),
        ('effect = "Wrong."\nrisk = "high"', 'effect = "Wrong."\nrisk = "high"\nreason = "none"', "a reason is given exactly"),
        ('failures = ["wrong value"]', "failures = []", "must be given"),
        ("schema = 1", "schema = 2", "schema 2 is not 1"),
        ("[[rule]]", "[[rule", "cannot be read"),
        ("[families]", "[[families]]", "cannot be read"),
        ("schema = 1", "rule = 1\nschema = 1", "cannot be read"),
    ],
)
def test_anything_else_is_refused(old: str, new: str, words: str) -> None:
    assert old in RULES
    with pytest.raises(SuiteError) as caught:
        read_rules(RULES.replace(old, new, 1).encode())
    assert words in caught.value.cause
