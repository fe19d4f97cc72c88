"""Every name falls under exactly one rule, or is told."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.split.classify import Classification, check_claims, classify
from csvkit_ml.split.rules import read_rules
from tests.worlds.inventories import RULES, tiny

MORE = """
[[rule]]
id = "everything"
side = "infrastructure"
area = "the rest"
use = "Carry."
failures = ["none"]
effect = "None."
risk = "low"
names = ["tiny.*"]
"""


def classified(rules: str = RULES, *more: str) -> Classification:
    return classify(tiny(*more), read_rules(rules.encode()))


def test_names_operations_overloads_and_exclusions() -> None:
    found = classified()
    assert {n: r.id for n, r in found.rules.items()} == {
        "tiny.exp": "mathematics", "tiny.Tensor.exp": "mathematics", "aten::exp": "mathematics", "aten::exp.out": "mathematics",
        "tiny.relu": "mathematics", "aten::relu": "mathematics", "tiny.l1_loss": "losses",
    }  # fmt: skip
    assert [u.name for u in found.unclassified] == ["tiny.is_loss", "tiny.relu_again"]


@pytest.mark.parametrize("name", ["tiny.brand_new", "tiny.losses.l2_loss", "aten::brand_new.out", "tiny.exp2"])
def test_a_new_name_is_unclassified(name: str) -> None:
    found = classified(RULES, name)
    assert name not in found.rules
    assert [(u.rules, u.operator) for u in found.unclassified if u.name == name] == [((), "::" in name)]


def test_two_rules_that_claim_one_name_are_an_error() -> None:
    found = classified(RULES + MORE)
    assert next(u.rules for u in found.unclassified if u.name == "tiny.exp") == ("mathematics", "everything")
    with pytest.raises(SuiteError) as caught:
        check_claims(found.unclassified)
    assert "tiny.exp is claimed by the rules mathematics and everything (and 2 more names)" in caught.value.cause


def test_an_exact_name_does_not_win_over_a_glob() -> None:
    exact = RULES.replace('names = ["tiny.*_loss"]', 'names = ["tiny.exp"]')
    with pytest.raises(SuiteError, match="tiny.exp is claimed by the rules mathematics and losses"):
        check_claims(classified(exact).unclassified)


def test_a_rule_leaves_to_others_what_it_says() -> None:
    found = classified(RULES + MORE + 'yields_to = ["mathematics", "losses"]\n')
    check_claims(found.unclassified)
    assert {n: r.id for n, r in found.rules.items() if r.id == "everything"} == {"tiny.is_loss": "everything", "tiny.relu_again": "everything"}
    assert found.unclassified == ()


def test_what_matches_nothing_is_told() -> None:
    rules = RULES.replace('["exp", "relu"]', '["exp", "relu", "erf"]').replace('"tiny.*_loss"', '"tiny.*_loss", "tiny.gone"')
    assert classified(rules).idle == (("mathematics", "erf"), ("losses", "tiny.gone"))


def test_a_glob_does_not_cross_a_dot_nor_act_as_a_pattern() -> None:
    rules = RULES.replace('"tiny.*_loss"', '"tin.*"')
    assert "tiny.l1_loss" not in classified(rules).rules
    assert "tiny.Tensor.exp" in classified(RULES.replace('"tiny.*_loss"', '"tiny.*.is_loss"')).rules
