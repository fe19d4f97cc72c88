"""A plan approved before its run: what is asked of the envelope, and what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from csvkit_ml.approving import approve_plan_file, check_folder
from csvkit_ml.errors import ApprovalError, IntegrityError, OutputExistsError, UsageError
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer, Check
from csvkit_ml.pipeline import jobs_from_plan
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.plan_approval import FOLDER, PLAN_APPROVAL_TYPE, WHAT, approve_plan
from csvkit_ml.signing.policy import Policy, read_policy
from tests.unit.approving.folders import LAYOUTS, People, folder_of, people, small

BEFORE, AFTER = "2026-03-01T08:00:00+00:00", "2026-03-04T08:00:00+00:00"
PLANNED = Policy(plan=("approver",))


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> People:
    return people(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "plan.json").write_bytes(canonical(small().plan))
    return tmp_path / "plan.json"


def run_with(top: Path, staff: People, plan: Path) -> Path:
    """The report folder of a run of this plan, with the approvals beside it."""
    carried = jobs_from_plan(plan)[0].approvals
    folder_of(top / "r", small(), staff.machine, LAYOUTS, before=carried.files, plan_approvals=carried.approvals)
    return top / "r"


def told(folder: Path, staff: People, policy: Policy | None = PLANNED) -> Check:
    return next(c for c in check_folder(folder, staff.trusted, policy) if c.what == WHAT)


def test_an_approved_plan_is_carried_and_verified(tmp_path: Path, staff: People, plan: Path) -> None:
    path = approve_plan_file(plan, "approver", "", staff.pia, now=BEFORE, policy=PLANNED)
    assert path.name == "plan.approver.dsse.json"
    statement = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    assert statement["predicateType"] == PLAN_APPROVAL_TYPE and statement["predicate"]["name"] == "Pia Approver"
    assert statement["subject"] == [{"digest": {"sha256": sha256(plan.read_bytes())[7:]}, "name": "plan.json"}]
    folder = run_with(tmp_path, staff, plan)
    for policy in (PLANNED, None):
        assert told(folder, staff, policy).answer is Answer.OK and "Pia Approver" in told(folder, staff, policy).detail
    assert "I approve this plan" in (folder / "report.json").read_text()
    (folder / FOLDER / "approver.dsse.json").unlink()
    assert not all(c.ok for c in check_folder(folder, staff.trusted, None)), "the machine attested it"


def test_a_plan_that_nobody_approved_shows_where_the_policy_asks(tmp_path: Path, staff: People, plan: Path) -> None:
    folder = run_with(tmp_path, staff, plan)
    assert told(folder, staff).detail == "not approved by: approver"
    assert all(c.what != WHAT for p in (None, Policy()) for c in check_folder(folder, staff.trusted, p))


def _other_name(staff: People) -> Signer:
    return Signer(public=replace(staff.pia.public, person="Ada Author"), private=staff.pia.private)


CASES: list[tuple[str, str, Callable[[People], Signer], str]] = [
    ("approver", AFTER, lambda s: s.pia, "and the run began at 2026-03-02T09:14:07Z"),
    ("author", BEFORE, lambda s: s.ada, "not approved by: approver"),
    ("approver", BEFORE, _other_name, "says 'Ada Author'"),
]


@pytest.mark.parametrize(("role", "now", "who", "words"), CASES, ids=[c[3] for c in CASES])
def test_what_is_no_approval_before_the_run_is_refused(
    tmp_path: Path, staff: People, plan: Path, role: str, now: str, who: Callable[[People], Signer], words: str
) -> None:
    approve_plan_file(plan, role, "", who(staff), now=now, policy=PLANNED)
    check = told(run_with(tmp_path, staff, plan), staff)
    assert check.answer is Answer.NOT_OK and words in check.detail


def test_keys_are_trusted_and_in_force(tmp_path: Path, staff: People, plan: Path) -> None:
    approve_plan_file(plan, "approver", "", staff.pia, now=BEFORE, policy=PLANNED)
    folder = run_with(tmp_path, staff, plan)
    others = tuple(k for k in staff.trusted if k.name != "pia")
    answer = {c.what: c for c in check_folder(folder, others, PLANNED)}[WHAT]
    assert answer.answer is Answer.UNKNOWN and "not trusted" in answer.detail
    late = replace(staff.pia.public, revoked=BEFORE)
    answer = {c.what: c for c in check_folder(folder, (*others, late), PLANNED)}[WHAT]
    assert answer.answer is Answer.NOT_OK and "was revoked" in answer.detail


def test_a_changed_plan_is_not_run_with_the_old_approval(staff: People, plan: Path) -> None:
    approve_plan_file(plan, "approver", "", staff.pia, now=BEFORE, policy=PLANNED)
    changed = replace(small().plan, time_limit_s=7.0)
    plan.write_bytes(canonical(changed))
    with pytest.raises(UsageError, match="approves another plan"):
        jobs_from_plan(plan)
    plan.with_name("plan.approver.dsse.json").write_text("{}")
    with pytest.raises(UsageError, match="not well formed"):
        jobs_from_plan(plan)


def test_the_envelope_of_a_report_is_none_of_a_plan(staff: People, plan: Path) -> None:
    from csvkit_ml.signing.approval import approve

    words = Approval(role="approver", name="Pia Approver", time=BEFORE, meaning="m", keyid=staff.pia.public.keyid)
    plan.with_name("plan.approver.dsse.json").write_bytes(approve({"plan.json": sha256(plan.read_bytes())[7:]}, words, staff.pia))
    with pytest.raises(UsageError, match="another type of statement"):
        jobs_from_plan(plan)


def test_who_may_approve(staff: People, plan: Path, tmp_path: Path) -> None:
    digest = sha256(plan.read_bytes())
    words = Approval(role="approver", name="", time=BEFORE, meaning="m", keyid=staff.machine.public.keyid)
    with pytest.raises(ApprovalError, match="machine's key"):
        approve_plan(plan, digest, words, staff.machine, ("approver",))
    with pytest.raises(ApprovalError, match="not a role"):
        approve_plan_file(plan, "janitor", "", staff.pia, now=BEFORE, policy=PLANNED)
    approve_plan_file(plan, "approver", "", staff.pia, now=BEFORE, policy=PLANNED)
    with pytest.raises(OutputExistsError):
        approve_plan_file(plan, "approver", "", staff.pia, now=BEFORE, policy=PLANNED)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(IntegrityError, match="not a plan"):
        approve_plan_file(tmp_path / "other.json", "approver", "", staff.pia, now=BEFORE, policy=PLANNED)


def test_the_policy_names_the_roles() -> None:
    text = 'schema = 1\nplan = ["approver"]\n[[role]]\nname = "approver"\n'
    assert read_policy(text.encode()).plan == ("approver",)
    with pytest.raises(UsageError, match="no role"):
        read_policy(text.replace('["approver"]', '["janitor"]').encode())
