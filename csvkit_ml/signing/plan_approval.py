"""Approval of a plan before its run: an envelope beside the plan, carried into the report folder, where the machine attests it too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import ApprovalError, OutputExistsError, UsageError, VerificationError
from csvkit_ml.model.digest import Digest, hex_of
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer, Check, PublicKey
from csvkit_ml.signing.approval import approve, read_words
from csvkit_ml.signing.envelope import LARGEST, parse, verify
from csvkit_ml.signing.keys import Signer, fault_at, instant
from csvkit_ml.signing.verification import regular

FOLDER = "plan-approvals"
"""In a report folder."""
SUFFIX = ".dsse.json"
PLAN = "plan.json"
"""Name of the plan as subject of an envelope and in a report folder."""
PLAN_APPROVAL_TYPE = "https://csvkit-ml.dev/attestation/plan-approval/v1"
"""Another type than the approval of a report: neither can stand for the other."""
WHAT = "the plan was approved before the run by those whom the policy asks for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Approvals of a plan on their way into a report folder."""

    files: tuple[tuple[str, bytes], ...] = ()
    """(path in the report folder, envelope)."""
    approvals: tuple[Approval, ...] = ()
    """Their words, by time."""


NOT_APPROVED = Carried()


def place_beside(plan: Path, role: str) -> Path:
    """Where the envelope of a role lies: `plan.approver.dsse.json` beside `plan.json`."""
    return plan.with_name(f"{plan.stem}.{role}{SUFFIX}")


def approve_plan(plan: Path, digest: Digest, approval: Approval, signer: Signer, roles: tuple[str, ...]) -> tuple[Path, bytes]:
    """The envelope of one role and where it goes; the caller writes it.

    Raises:
        ApprovalError: a machine's key, or not a role of the policy. OutputExistsError: this role has approved the plan.
    """
    if not signer.public.person:
        raise ApprovalError(f"{signer.public.name} is a machine's key", 'make a personal one: mlcsv keys new NAME --person "Printed Name"')
    if approval.role not in roles:
        raise ApprovalError(f"{approval.role!r} is not a role of the policy ({', '.join(roles)})", "see the policy")
    path = place_beside(plan, approval.role)
    if path.exists():
        raise OutputExistsError(f"{path.name} exists", "this role has approved the plan; another plan is another file")
    return path, approve({PLAN: hex_of(digest)}, approval, signer, PLAN_APPROVAL_TYPE)


def carried(plan: Path, digest: Digest) -> Carried:
    """The envelopes beside a plan, with their words. Who signed is for `mlcsv verify` to tell, by the keys of those who ask.

    Raises:
        UsageError: an envelope that is none, or of another plan: nobody has approved what is to be run.
    """
    files, words = [], []
    for path in sorted(plan.parent.glob(f"{_literal(plan.stem)}.*{SUFFIX}")):
        data = path.read_bytes()
        try:
            kind, payload, _ = parse(data)
            approval = _words(kind, payload, digest)
        except VerificationError as e:
            raise UsageError(f"{path.name}: {e.cause}", "approve the plan again with `mlcsv sign PLAN --as ROLE`, or move the file away") from e
        files.append((f"{FOLDER}/{approval.role}{SUFFIX}", data))
        words.append(approval)
    return Carried(files=tuple(files), approvals=tuple(sorted(words, key=lambda a: (instant(a.time), a.role))))


def _literal(text: str) -> str:
    """For a glob."""
    return "".join(f"[{ch}]" if ch in "*?[" else ch for ch in text)


def _words(kind: str, payload: bytes, digest: Digest) -> Approval:
    approval, subjects = read_words(kind, payload, PLAN_APPROVAL_TYPE)
    if dict(subjects) != {PLAN: hex_of(digest)}:
        raise VerificationError("it approves another plan", "a changed plan is approved again, before its run")
    return approval


def check_plan(
    folder: Path, digest: Digest, started: str, trusted: tuple[PublicKey, ...], wanted: tuple[str, ...], number: int
) -> Check | None:
    """The check of a folder's plan approvals; None where there are none and nobody asks for any.

    1. Each envelope is signed by a trusted personal key in its own name, in force at that time.
    2. It covers exactly the plan of the folder, and its time lies before the start of the run.
    3. Every role that is wanted has approved.

    Args:
        digest: of plan.json. started: of the run, ISO 8601.
        wanted: roles whose approval the policy asks for.
    """
    here = folder / FOLDER
    found = sorted(here.iterdir()) if here.is_dir() and not here.is_symlink() else []
    if not found and not wanted:
        return None
    told, strange = [], ""
    for path in found:
        try:
            told.append(_approval(path, digest, started, trusted))
        except VerificationError as e:
            if "not trusted" not in e.cause:
                return Check(number=number, what=WHAT, answer=Answer.NOT_OK, detail=f"{path.name}: {e.cause}")
            strange = strange or f"{path.name}: {e.cause}"
    if strange:
        return Check(number=number, what=WHAT, answer=Answer.UNKNOWN, detail=strange)
    if lacking := [r for r in wanted if r not in {a.role for a in told}]:
        return Check(number=number, what=WHAT, answer=Answer.NOT_OK, detail=f"not approved by: {', '.join(lacking)}")
    return Check(number=number, what=WHAT, answer=Answer.OK, detail="; ".join(f"{a.role}: {a.name}, {a.time}" for a in told))


def _approval(path: Path, digest: Digest, started: str, trusted: tuple[PublicKey, ...]) -> Approval:
    if not regular(path) or path.stat().st_size > LARGEST:
        raise VerificationError("not a regular file", "ask for the folder again")
    kind, payload, key = verify(path.read_bytes(), trusted)
    approval = _words(kind, payload, digest)
    if not key.person or (approval.name, approval.keyid) != (key.person, key.keyid):
        raise VerificationError(f"it says {approval.name!r}, the key is of {key.person or key.name!r}", "do not rely on this folder")
    if path.name != f"{approval.role}{SUFFIX}":
        raise VerificationError(f"it is the approval of the {approval.role}", "do not rely on this folder")
    if fault := fault_at(key, approval.time):
        raise VerificationError(fault, "do not rely on this folder")
    if instant(approval.time) >= instant(started):
        raise VerificationError(f"signed at {approval.time}, and the run began at {started}", "a plan is approved before its run")
    return approval
