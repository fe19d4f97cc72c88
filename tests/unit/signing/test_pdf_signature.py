"""Signatures in PDFs: three people, a self-made authority; pdfsig agrees; every change shows."""

from __future__ import annotations

import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from csvkit_ml.errors import ApprovalError, KeyFileError
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer
from csvkit_ml.reporting import pdf
from csvkit_ml.reporting.document import TOOL
from csvkit_ml.signing.certificates import issue, new_ca
from csvkit_ml.signing.pdf_signature import sign_pdf, verify_pdf
from csvkit_ml.signing.pdf_signer import Certificate
from tests.unit.reporting.fake_records import records

ROLES = (("author", 1), ("reviewer", 1), ("approver", 1))
NAMES = {"author": "Ada Author", "reviewer": "Rex Reviewer", "approver": "Pia Approver"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, now = tmp_path_factory.mktemp("ca"), datetime.now(UTC)
    new_ca(folder, "qa", b"capw", now)
    new_ca(folder, "other", b"capw", now)
    for role, person in NAMES.items():
        issue(folder, "qa", b"capw", role, person, b"pw", now)
    return folder


def signed_as(data: bytes, role: str, keys: Path, passphrase: bytes = b"pw") -> bytes:
    approval = Approval(role=role, name=NAMES[role], time="2026-03-03T10:00:00+00:00", meaning="My meaning <b>.", keyid="0" * 64)
    certificate = Certificate(bundle=(keys / f"{role}.p12").read_bytes())
    return sign_pdf(data, approval, ROLES, certificate=certificate, secret=passphrase, stamp=pdf.stamp(approval))


@pytest.fixture(scope="module")
def signed(keys: Path) -> tuple[bytes, ...]:
    """Unsigned, then after each of three signatures."""
    files = [pdf.render(records(functions=2, samples=2).model(), TOOL)]
    for role in NAMES:
        files.append(signed_as(files[-1], role, keys))
    return tuple(files)


def answers(data: bytes, keys: Path) -> set[Answer]:
    return {c.answer for c in verify_pdf(data, ((keys / "qa.ca.pem").read_bytes(),))}


def test_three_signatures_hold(signed: tuple[bytes, ...], keys: Path) -> None:
    for data in signed[1:]:
        assert answers(data, keys) == {Answer.OK}
    assert all(name in verify_pdf(signed[3], ((keys / "qa.ca.pem").read_bytes(),))[2].detail for name in NAMES.values())
    assert all(later.startswith(earlier) for earlier, later in zip(signed, signed[1:], strict=False))


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_pdfsig_agrees(signed: tuple[bytes, ...], tmp_path: Path) -> None:
    (tmp_path / "s.pdf").write_bytes(signed[3])
    told = subprocess.run(["pdfsig", "-nocert", str(tmp_path / "s.pdf")], capture_output=True, text=True).stdout
    assert told.count("Signature is Valid.") == 3 and told.count("Total document signed") == 1
    assert all(f"Common Name: {name}" in told for name in NAMES.values())


def test_who_signed_is_told_only_with_an_authority(signed: tuple[bytes, ...], keys: Path) -> None:
    assert verify_pdf(signed[3], ())[4].answer is Answer.UNKNOWN
    assert verify_pdf(signed[3], ((keys / "other.ca.pem").read_bytes(),))[4].answer is Answer.NOT_OK
    unsigned = verify_pdf(signed[0], ())
    assert [c.answer for c in unsigned[:2]] == [Answer.OK, Answer.UNKNOWN]


def test_every_change_shows_and_nothing_crashes(signed: tuple[bytes, ...], keys: Path) -> None:
    data, rng = signed[2], random.Random(5)
    for _ in range(12):
        at = rng.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        assert answers(changed, keys) != {Answer.OK} or _padding(data, at), at
    for changed in (data + b"\n%", data[:-3000], b"%PDF-1.7\n%%EOF", b"%PDF-", data[: len(data) // 2]):
        assert answers(changed, keys) != {Answer.OK}


def _padding(data: bytes, at: int) -> bool:
    """Zeros that fill up the space of a signature are covered by none: the folder's attestation covers them."""
    return data[max(0, at - 8) : at].strip(b"0") == b"" or data[at : at + 8].strip(b"0") == b""


def test_what_cannot_be_signed_is_refused(signed: tuple[bytes, ...], keys: Path) -> None:
    with pytest.raises(KeyFileError):
        signed_as(signed[0], "author", keys, b"wrong")
    with pytest.raises(ApprovalError, match="no free signature field"):
        signed_as(signed[1], "author", keys)
    for ca, passphrase in (("qa", b"wrong"), ("nobody", b"capw")):
        with pytest.raises(KeyFileError):
            issue(keys, ca, passphrase, "new", "New", b"pw", datetime.now(UTC))
    with pytest.raises(KeyFileError):
        issue(keys, "qa", b"capw", "author", "Ada Author", b"pw", datetime.now(UTC))
