"""Who may sign as what, when, and what is refused."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import UsageError
from csvkit_ml.model.report import Approval
from csvkit_ml.signing.policy import Policy, read_policy

RUN = "2026-03-02T09:17:31Z"


def by(role: str, name: str, minute: int = 0, key: str = "") -> Approval:
    return Approval(role=role, name=name, time=f"2026-03-02T10:{minute:02d}:00+00:00", meaning="m", keyid=key or name)


GOOD = (by("author", "Ada", 1), by("reviewer", "Rex", 2), by("approver", "Pia", 3))


def test_the_usual_three_are_in_order() -> None:
    policy = Policy()
    for n in range(4):
        assert policy.problem(GOOD[:n], RUN) == ""
        assert policy.missing(GOOD[:n]) == tuple(a.role for a in GOOD[n:])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((by("reviewer", "Rex"),), "before the author"),
        ((by("author", "Ada"), by("approver", "Pia", 1)), "before the reviewer"),
        ((*GOOD[:2], by("approver", "Ada", 4)), "both author and approver"),
        ((*GOOD[:2], by("approver", " aDA ", 4, key="other")), "both author and approver"),
        ((*GOOD[:2], by("approver", "Alias", 4, key="Ada")), "both author and approver"),
        ((by("author", "Ada"), by("author", "Ada", 1)), "twice"),
        ((by("janitor", "Ada"),), "not a role"),
        ((Approval(role="author", name="Ada", time="2026-03-02T09:00:00Z", meaning="m", keyid="k"),), "before what was signed"),
        ((by("author", "Ada", 9), by("reviewer", "Rex", 8)), "before what was signed"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(given: tuple[Approval, ...], words: str) -> None:
    assert words in Policy().problem(given, RUN)


def test_a_role_may_need_two_people() -> None:
    policy = Policy(roles=(("reviewer", 2), ("approver", 1)), independent=())
    one = (by("reviewer", "Rex"),)
    assert policy.missing(one) == ("reviewer", "approver")
    assert "before the reviewer" in policy.problem((*one, by("approver", "Pia", 1)), RUN)
    assert policy.missing((*one, by("reviewer", "Ria", 1), by("approver", "Pia", 2))) == ()


def test_a_policy_is_read() -> None:
    text = """schema = 1
independent = [["author", "approver"], ["author", "reviewer"]]
[[role]]
name = "author"
[[role]]
name = "reviewer"
count = 2
[[role]]
name = "approver"
[gate]
max_age_days = 90
[gate.host]
cpu = "AMD EPYC"
"""
    policy = read_policy(text.encode())
    assert policy.roles == (("author", 1), ("reviewer", 2), ("approver", 1))
    assert policy.max_age_days == 90 and policy.host == (("cpu", "AMD EPYC"),)


@pytest.mark.parametrize(
    "text",
    ["", "schema = 1", "schema = 2\n[[role]]\nname='a'", "schema=1\n[[role]]\nname='a'\n[[role]]\nname='a'", "schema=1\n[[role]]\nname='A b'",
     "schema=1\nindependent=[['a','b']]\n[[role]]\nname='a'", "schema=1\n[[role]]\nname='a'\ncount=0", "schema=1\nx=1\n[[role]]\nname='a'", "="],
)  # fmt: skip
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_policy(text.encode())
