"""The tamper campaign: 2,000 single-byte changes over a signed folder, 500 over its envelopes alone, 100 over a signed PDF alone. Run with -m long."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from csvkit_ml.approving import approve_folder, check_folder
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.report import Approval
from csvkit_ml.rechecking import verify_envelope
from csvkit_ml.reporting.pdf import stamp
from csvkit_ml.signing.certificates import issue, new_ca
from csvkit_ml.signing.pdf_signature import sign_pdf, verify_pdf
from csvkit_ml.signing.pdf_signer import Certificate
from csvkit_ml.signing.plan_approval import approve_plan
from csvkit_ml.signing.policy import Policy
from tests.unit.approving.folders import TIMES, folder_of, people, small

pytestmark = pytest.mark.long

CHANGES = 2000
RULES = Policy(plan=("approver",))
ENVELOPES = ("approvals/1-author/approval.dsse.json", "approvals/2-reviewer/approval.dsse.json", "approvals/3-approver/approval.dsse.json")


def _in_pdf(keys: Path, name: str, approval: Approval, data: bytes) -> bytes:
    certificate = Certificate(bundle=(keys / f"{name}.p12").read_bytes())
    return sign_pdf(data, approval, Policy().roles, certificate=certificate, secret=b"pw", stamp=stamp(approval))


def outside_the_signed_bytes(data: bytes, at: int) -> bool:
    """Zeros that fill up the space reserved for a signature: covered by no signature of the PDF, but by the folder's."""
    return data[at - 8 : at].strip(b"0") == b"" or data[at + 1 : at + 9].strip(b"0") == b""


def test_every_change_is_detected_and_nothing_crashes(tmp_path: Path) -> None:
    keys, folder, rng = tmp_path / "keys", tmp_path / "r", random.Random(2026)
    staff, now = people(keys), datetime.now(UTC)
    new_ca(keys, "qa", b"capw", now)
    words = Approval(role="approver", name="Pia Approver", time="2026-03-01T00:00:00+00:00", meaning="m", keyid=staff.pia.public.keyid)
    plan = approve_plan(Path("plan.json"), sha256(canonical(small().plan)), words, staff.pia, ("approver",))[1]
    folder_of(folder, small(), staff.machine, before=(("plan-approvals/approver.dsse.json", plan),))
    for n, (role, who) in enumerate(zip(("author", "reviewer", "approver"), (staff.ada, staff.rex, staff.pia), strict=True)):
        issue(keys, "qa", b"capw", who.public.name, who.public.person, b"pw", now)
        in_pdf = partial(_in_pdf, keys, who.public.name)
        approve_folder(folder, role, "", who, now=TIMES[n], trusted=staff.trusted, policy=RULES, pdf_signer=in_pdf)
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    authority = (keys / "qa.ca.pem").read_bytes()
    for _ in range(CHANGES):
        path = rng.choice(paths)
        data = path.read_bytes()
        at = rng.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        path.write_bytes(changed)
        assert not all(c.ok for c in check_folder(folder, staff.trusted, RULES)), (path, at)
        path.write_bytes(data)
    assert all(c.ok for c in check_folder(folder, staff.trusted, RULES))
    for n in range(CHANGES // 4):
        data = (folder / ENVELOPES[n % len(ENVELOPES)]).read_bytes()
        at = rng.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        assert not all(c.ok for c in verify_envelope(changed, staff.trusted)), (n, at)
    data = (folder / "approvals/3-approver/soup-verification-report.pdf").read_bytes()
    assert all(c.ok for c in verify_pdf(data, (authority,)))
    for _ in range(CHANGES // 20):
        at = rng.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        assert not all(c.ok for c in verify_pdf(changed, (authority,))) or outside_the_signed_bytes(data, at), at
