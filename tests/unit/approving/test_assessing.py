"""Comparison folders: attested, verified, assessed and signed by persons; every altered byte is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from csvkit_ml.approving import check_folder
from csvkit_ml.assessing import IMPACT, assess_folder, is_comparison, read_records, rerender_comparison
from csvkit_ml.errors import ApprovalError, UsageError
from csvkit_ml.judgement.comparison import compare
from csvkit_ml.model.comparison import Impact
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.signature import Answer
from csvkit_ml.pipeline.cells import attested, comparison_files
from csvkit_ml.reporting.impact_file import IMPACT_FORM, QUESTIONS, empty_impact, open_questions, read_impact
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.statement import ATTESTATION
from csvkit_ml.signing.verification import verify_folder
from tests.unit.approving.folders import People, people
from tests.unit.judgement.test_comparison import run
from tests.unit.reporting.fake_records import records

ANSWERED = empty_impact().replace('""', '"R-7; <b>stay</b>"').encode()
NOON, LATER, LAST = "2999-03-03T10:00:00+00:00", "2999-03-03T11:00:00+00:00", "2999-03-03T12:00:00+00:00"


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> People:
    return people(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def folder(tmp_path: Path, staff: People) -> Path:
    """An attested comparison of two fake runs."""
    made = tmp_path / "compared"
    made.mkdir()
    runs = [run(records(functions=2, samples=2, seed=s)) for s in (1, 2)]
    files = comparison_files(tuple(r.party for r in runs), (compare(*runs),))
    for name, data in files.items():
        (made / name).write_bytes(data)
    sign = attested(files, Verdict.PASSED, staff.machine)
    assert sign is not None
    sign(made)
    return made


def wrong(folder: Path, staff: People) -> list[str]:
    return [c.what for c in check_folder(folder, staff.trusted, None) if not c.ok]


def test_an_attested_comparison_is_verified(folder: Path, staff: People) -> None:
    checks = check_folder(folder, staff.trusted, None)
    assert [c.number for c in checks] == [1, 2, 3, 4, 5, 6]
    assert all(c.ok for c in checks)
    assert is_comparison(folder)
    assert rerender_comparison(folder, staff.trusted)[0] is Answer.OK
    assert attested({}, Verdict.PASSED, None) is None


@pytest.mark.parametrize("name", ["comparison.json", "comparison.html", IMPACT_FORM, ATTESTATION])
def test_an_altered_byte_is_found(folder: Path, staff: People, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert wrong(folder, staff)


def test_files_that_come_and_go_are_found(folder: Path, staff: People) -> None:
    (folder / "comparison-2.json").write_text("{}")
    assert wrong(folder, staff)
    (folder / "comparison-2.json").unlink()
    (folder / "comparison.html").unlink()
    assert wrong(folder, staff)


def test_an_attestation_that_names_no_record_is_refused(folder: Path, staff: People) -> None:
    from csvkit_ml.signing.statement import COMPARISON_TYPE, attest

    (folder / ATTESTATION).unlink()
    attest(folder, {"finished": "2026-01-01T00:00:00+00:00", "records": {}}, staff.machine, COMPARISON_TYPE)
    assert wrong(folder, staff) == ["comparisons and matrices are those that the attestation names"]


def test_a_report_cannot_be_attested_as_a_comparison(folder: Path, staff: People) -> None:
    from csvkit_ml.model.digest import sha256
    from csvkit_ml.signing.statement import COMPARISON_TYPE, attest

    (folder / ATTESTATION).unlink()
    (folder / "report.json").write_text("{}")
    attest(folder, {"finished": "2026-01-01T00:00:00+00:00", "records": {"report.json": sha256(b"{}")}}, staff.machine, COMPARISON_TYPE)
    checks = verify_folder(folder, staff.trusted)
    assert [(c.number, c.detail) for c in checks if not c.ok] == [(6, "a report needs the attestation of a run")]


def test_author_and_approver_sign_the_impact(folder: Path, staff: People) -> None:
    policy = Policy(roles=(("author", 1), ("approver", 1)))

    def sign(role: str, who: object, now: str, impact: bytes = b"") -> Path:
        return assess_folder(folder, role, "", who, now=now, trusted=staff.trusted, policy=policy, impact=impact)  # type: ignore[arg-type]

    with pytest.raises(ApprovalError, match="machine's key"):
        sign("author", staff.machine, NOON, ANSWERED)
    place = sign("author", staff.ada, NOON, ANSWERED)
    page = (place / "comparison.html").read_text()
    assert "R-7; &lt;b&gt;stay&lt;/b&gt;" in page and "Ada Author" in page and (place / IMPACT).read_bytes() == ANSWERED
    with pytest.raises(ApprovalError, match="first signature"):
        sign("approver", staff.pia, LATER, ANSWERED)
    with pytest.raises(ApprovalError, match="Ada Author"):
        sign("approver", staff.ada, LATER)
    last = (sign("approver", staff.pia, LATER) / "comparison.html").read_text()
    assert "Ada Author" in last and "Pia Approver" in last and "R-7" in last
    assert not wrong(folder, staff)
    assert rerender_comparison(folder, staff.trusted)[0] is Answer.OK
    assert "Ada" not in (folder / "comparison.html").read_text()
    (place / IMPACT).write_bytes(ANSWERED.replace(b"R-7", b"R-8"))
    assert wrong(folder, staff)
    assert rerender_comparison(folder, staff.trusted)[0] is Answer.NOT_OK


def test_open_questions_keep_the_last_role_from_signing(folder: Path, staff: People) -> None:
    policy = Policy(roles=(("author", 1), ("approver", 1)))
    assess_folder(folder, "author", "", staff.ada, now=NOON, trusted=staff.trusted, policy=policy)
    with pytest.raises(ApprovalError, match="open questions: Requirements affected"):
        assess_folder(folder, "approver", "", staff.pia, now=LATER, trusted=staff.trusted, policy=policy)
    assess_folder(folder, "approver", "", staff.pia, now=LAST, trusted=staff.trusted, policy=replace(policy, allow_draft=True))
    assert not wrong(folder, staff)


def test_the_form_of_the_impact() -> None:
    assert read_impact(empty_impact().encode()) == Impact()
    assert open_questions(Impact()) == tuple(QUESTIONS.values())
    assert open_questions(read_impact(ANSWERED)) == ()
    for bad, told in (
        (b"\xff", "not TOML"), (b"schema = 2", "schema = 1"), (b"schema = 1", "lacks"), (ANSWERED + b'extra = ""', "unknown"),
        (ANSWERED.replace(b'decision = "R-7; <b>stay</b>"', b"decision = 1"), "decision is not a text"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            read_impact(bad)


def test_a_report_is_no_comparison(tmp_path: Path, folder: Path) -> None:
    assert not is_comparison(tmp_path)
    (folder / "report.json").write_text("{}")
    assert not is_comparison(folder)
    assert json.loads((folder / "comparison.json").read_text())["scope"] is None
    assert set(read_records(folder).comparisons) == {"comparison"}
