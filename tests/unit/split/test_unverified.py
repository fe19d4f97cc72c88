"""Reasons of names that are not verified: read strictly, the first that fits counts."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.split.unverified import idle, read_reasons, reasons
from tests.worlds.inventories import tiny_coverage

REASONS = """
library = "tiny"

[[because]]
reason = "Only losses."
names = ["tiny.*"]
rules = ["losses"]

[[because]]
reason = "A method."
names = ["tiny.Tensor.*", "tiny.Tensor.gone"]
"""


def test_names_and_rules_choose_together_and_the_first_counts() -> None:
    file = read_reasons(REASONS.encode())
    assert reasons(file, tiny_coverage()) == {"tiny.Tensor.exp": "A method.", "tiny.l1_loss": "Only losses."}
    assert idle(file, tiny_coverage()) == ("tiny.Tensor.gone",)


def test_a_name_without_a_reason_says_so() -> None:
    file = read_reasons(REASONS.replace("tiny.Tensor.", "tiny.Other.").encode())
    assert reasons(file, tiny_coverage())["tiny.Tensor.exp"] == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [('reason = "A method."', ""), ('reason = "A method."', 'reason = ""'), ('names = ["tiny.*"]\nrules = ["losses"]', ""), ("library", "libary"), ("[[", "[")],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    with pytest.raises(SuiteError, match="cannot be read"):
        read_reasons(REASONS.replace(old, new).encode())
