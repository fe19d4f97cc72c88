"""Three signatures, each over all before it; what is not in order is refused; every change shows."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from csvkit_ml.approving import approve_folder, check_folder, state_of
from csvkit_ml.errors import ApprovalError, IndeterminateError, UsageError, VerificationError
from csvkit_ml.model.device import NO_INPUT
from csvkit_ml.model.signature import Answer, PublicKey
from csvkit_ml.rechecking import rerender, rerender_approvals, verify_envelope
from csvkit_ml.reporting.findings import with_device
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.verification import require
from tests.unit.approving.folders import LAYOUTS, TIMES, People, folder_of, people, small

ROLES = ("author", "reviewer", "approver")


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> People:
    return people(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, staff: People) -> Path:
    folder = tmp_path_factory.mktemp("signed") / "r"
    folder_of(folder, small(), staff.machine)
    for n in range(3):
        sign(folder, staff, n, quick=False)
    return folder


@pytest.fixture
def folder(tmp_path: Path, signed: Path) -> Path:
    shutil.copytree(signed, tmp_path / "r")
    return tmp_path / "r"


@pytest.fixture
def unsigned(tmp_path: Path, signed: Path) -> Path:
    shutil.copytree(signed, tmp_path / "u", ignore=shutil.ignore_patterns("approvals"))
    return tmp_path / "u"


def sign(folder: Path, staff: People, n: int, *, who: Signer | None = None, role: str = "", now: str = "", device: bytes = b"", quick: bool = True) -> Path:
    signer, layouts = who or (staff.ada, staff.rex, staff.pia)[n], LAYOUTS if quick else ()
    return approve_folder(
        folder, role or ROLES[n], "", signer, now=now or TIMES[n], trusted=staff.trusted, policy=Policy(), device=device, layouts=layouts
    )  # fmt: skip


def answers(folder: Path, trusted: tuple[PublicKey, ...], policy: Policy | None = None) -> set[Answer]:
    return {c.answer for c in check_folder(folder, trusted, policy)}


def test_three_signatures_are_verified_and_shown(signed: Path, staff: People) -> None:
    assert answers(signed, staff.trusted, Policy()) == {Answer.OK}
    assert [a.name for a in state_of(signed, staff.trusted).given] == ["Ada Author", "Rex Reviewer", "Pia Approver"]
    page = (signed / "approvals/3-approver/report.html").read_text()
    assert all(words in page for words in ("Ada Author", "Pia Approver", TIMES[2], "I approve this report"))
    assert rerender_approvals(signed, staff.trusted)[0] is Answer.OK
    assert rerender(signed)[0] is Answer.OK


def test_name_time_and_meaning_are_inside_the_signed_bytes_by_a_second_implementation(signed: Path, staff: People) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    raw = staff.pia.private.public_key().public_bytes_raw().hex()
    envelope = Envelope.from_dict(json.loads((signed / "approvals/3-approver/approval.dsse.json").read_bytes()))
    envelope.verify([SSlibKey(staff.pia.public.keyid, "ed25519", "ed25519", {"public": raw})], 1)
    words = json.loads(envelope.payload)["predicate"]
    assert words["name"] == "Pia Approver" and words["time"] == TIMES[2] and words["role"] == "approver" and words["meaning"]


def test_order_person_and_draft_are_enforced(unsigned: Path, staff: People) -> None:
    for n, changes in ((1, {}), (2, {}), (0, {"now": "2026-03-01T00:00:00+00:00"}), (0, {"role": "janitor"}), (0, {"who": staff.machine})):
        with pytest.raises(ApprovalError):
            sign(unsigned, staff, n, **changes)  # type: ignore[arg-type]
    sign(unsigned, staff, 0)
    for n, changes in ((0, {"now": TIMES[1]}), (2, {}), (1, {"device": b"schema = 1"}), (1, {"now": "2026-03-03T09:00:00+00:00"})):
        with pytest.raises(ApprovalError):
            sign(unsigned, staff, n, **changes)  # type: ignore[arg-type]
    sign(unsigned, staff, 1)
    with pytest.raises(ApprovalError, match="both author and approver"):
        sign(unsigned, staff, 2, who=staff.ada)
    sign(unsigned, staff, 2)
    assert answers(unsigned, staff.trusted, Policy()) == {Answer.OK}


def test_a_draft_is_not_approved_and_the_authors_answers_end_it(tmp_path: Path, staff: People) -> None:
    model = small().model()
    draft = with_device(model, NO_INPUT)
    folder = tmp_path / "d"
    folder_of(folder, replace(small(), device=NO_INPUT), staff.machine, LAYOUTS)
    assert draft.findings == state_of(folder, staff.trusted).model.findings
    with pytest.raises(UsageError):
        sign(folder, staff, 0, device=b"schema = 1\nx = 2")
    answered = "schema = 1\n[item]\n" + "".join(f'{n} = "x"\n' for n in ("designator", "change", "occasion", "required_configuration", "supplier"))
    answered += 'maintenance = "x"\nnext_review = "x"\ndepth = "x"\n[tool]\nuse = "x"\nrisk = "x"\nconclusion = "x"\n[soup]\nuse = "ours"\nrisk = "x"\n'
    sign(folder, staff, 0, device=answered.encode())
    sign(folder, staff, 1)
    with pytest.raises(ApprovalError, match="draft"):
        sign(folder, staff, 2)
    shutil.rmtree(folder / "approvals")
    sign(folder, staff, 0, device=(answered + 'conclusion = "x"\n').encode())
    sign(folder, staff, 1)
    sign(folder, staff, 2)
    assert state_of(folder, staff.trusted).model.device.soup_use == "ours"
    assert answers(folder, staff.trusted, Policy()) == {Answer.OK}


def test_every_change_shows(folder: Path, staff: People) -> None:
    rng = random.Random(7)
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    for _ in range(120):
        path = rng.choice(paths)
        data = path.read_bytes()
        at = rng.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
        assert answers(folder, staff.trusted) != {Answer.OK}, (path, at)
        path.write_bytes(data)
    assert answers(folder, staff.trusted) == {Answer.OK}


def test_removed_added_renamed_replayed(folder: Path, tmp_path: Path, staff: People) -> None:
    here = folder / "approvals"
    (here / "extra").write_text("")
    assert answers(folder, staff.trusted) != {Answer.OK}
    (here / "extra").unlink()
    (here / "2-reviewer").rename(tmp_path / "away")
    assert answers(folder, staff.trusted) != {Answer.OK}
    (tmp_path / "away").rename(here / "4-reviewer")
    assert answers(folder, staff.trusted) != {Answer.OK}
    (here / "4-reviewer").rename(here / "2-reviewer")
    (here / "2-reviewer" / "report.html").unlink()
    assert answers(folder, staff.trusted) != {Answer.OK}
    other = tmp_path / "other"
    folder_of(other, replace(small(), run=replace(small().run, tester="Another")), staff.machine, LAYOUTS)
    shutil.copytree(here, other / "approvals")
    assert answers(other, staff.trusted) != {Answer.OK}


def test_unknown_expired_and_revoked_keys_are_told_apart(folder: Path, staff: People) -> None:
    few = staff.trusted[:3]
    assert answers(folder, few) == {Answer.OK, Answer.UNKNOWN}
    with pytest.raises(IndeterminateError, match="not trusted"):
        require(check_folder(folder, few, None))
    for changes, answer in (
        ({"revoked": "2026-03-03T11:59:00+00:00"}, Answer.NOT_OK),
        ({"expires": "2026-03-03T11:59:00+00:00"}, Answer.NOT_OK),
        ({"revoked": "2026-04-01T00:00:00+00:00"}, Answer.UNKNOWN),
        ({"expires": "2026-04-01T00:00:00+00:00"}, Answer.OK),
    ):
        pia = replace(staff.pia.public, **changes)  # type: ignore[arg-type]
        check = check_folder(folder, (*few, pia), None)[9]
        assert check.answer is answer and (answer is Answer.OK or "Pia Approver" in check.detail)


def test_a_name_that_is_not_the_keys_is_refused(folder: Path, staff: People) -> None:
    renamed = replace(staff.pia.public, person="Somebody Else")
    with pytest.raises(VerificationError, match="says 'Pia Approver'"):
        require(check_folder(folder, (*staff.trusted[:3], renamed), None))


def test_a_person_does_not_attest_a_run(tmp_path: Path, staff: People) -> None:
    folder_of(tmp_path / "p", small(), staff.ada, LAYOUTS)
    assert "a machine attests" in check_folder(tmp_path / "p", staff.trusted, None)[0].detail


def test_a_policy_that_is_not_met_shows_who_has_to_sign(unsigned: Path, staff: People) -> None:
    sign(unsigned, staff, 0)
    assert "still to sign: reviewer, approver" in check_folder(unsigned, staff.trusted, Policy())[-1].detail
    with pytest.raises(VerificationError):
        require(check_folder(unsigned, staff.trusted, Policy()))


def test_single_envelopes(folder: Path, staff: People) -> None:
    data = (folder / "approvals/1-author/approval.dsse.json").read_bytes()
    assert [c.answer for c in verify_envelope(data, staff.trusted)] == [Answer.OK, Answer.OK]
    assert [c.answer for c in verify_envelope(data, ())] == [Answer.UNKNOWN]
    assert [c.answer for c in verify_envelope(data[:-9], staff.trusted)] == [Answer.NOT_OK]
    run = (folder / "attestation.dsse.json").read_bytes()
    assert [c.answer for c in verify_envelope(run, staff.trusted)] == [Answer.OK, Answer.UNKNOWN]
