"""Personal approvals: envelopes added beside the attestation, each over the run, the approvals before it, and what the signer saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csvkit_ml.errors import VerificationError
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer, Check, PublicKey
from csvkit_ml.signing.envelope import LARGEST, parse, sign, verify
from csvkit_ml.signing.keys import Signer, fault_at, instant
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.statement import APPROVALS, ATTESTATION, PAYLOAD_TYPE, STATEMENT_TYPE, file_digest, files_of, statement
from csvkit_ml.signing.verification import regular

ENVELOPE = "approval.dsse.json"
APPROVAL_TYPE = "https://csvkit-ml.dev/attestation/approval/v1"
_FIELDS = ("keyid", "meaning", "name", "role", "time")

WHAT = (
    "every approval is signed by a trusted personal key, in its own name",
    "every approval covers the attestation, the approvals before it and the files beside it, unchanged",
    "no key of an approval was revoked or had expired when it signed",
    "the approvals are those that the policy asks for",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An approval that was read from its envelope."""

    place: str
    """Its folder, `approvals/1-author`."""
    approval: Approval
    subjects: tuple[tuple[str, str], ...]
    key: PublicKey


def approve(subjects: dict[str, str], approval: Approval, signer: Signer, of: str = APPROVAL_TYPE) -> bytes:
    """The envelope of a personal signature: who, when, what it means, over which files (path -> SHA-256)."""
    words = {n: getattr(approval, n) for n in _FIELDS}
    return sign(PAYLOAD_TYPE, statement(subjects, words, of), signer)


def places(folder: Path) -> tuple[str, ...]:
    """Folders of approvals in the order of their numbers."""
    here = folder / APPROVALS
    found = [p.name for p in here.iterdir() if p.is_dir()] if here.is_dir() and not here.is_symlink() else []
    number = {n: int(n.split("-")[0]) if n.split("-")[0].isdecimal() else 0 for n in found}
    return tuple(f"{APPROVALS}/{n}" for n in sorted(found, key=lambda n: (number[n], n)))


def read_approval(folder: Path, place: str, trusted: tuple[PublicKey, ...]) -> Signed:
    """One approval.

    Raises:
        VerificationError: no envelope, a bad signature, an unknown or a machine's key, another name than the key's, not of the form.
    """
    path = folder / place / ENVELOPE
    if not regular(path) or path.stat().st_size > LARGEST:
        raise VerificationError(f"{place} holds no {ENVELOPE}", "ask for the folder again")
    kind, payload, key = verify(path.read_bytes(), trusted)
    approval, subjects = read_words(kind, payload)
    if not key.person:
        raise VerificationError(f"{place} is signed with the machine key {key.name}", "a machine attests, a person approves")
    if approval.name != key.person or approval.keyid != key.keyid:
        raise VerificationError(f"{place} says {approval.name!r} and is signed by {key.person!r}", "do not rely on this folder")
    return Signed(place=place, approval=approval, subjects=subjects, key=key)


def read_words(kind: str, payload: bytes, of: str = APPROVAL_TYPE) -> tuple[Approval, tuple[tuple[str, str], ...]]:
    """Words and subjects of an approval statement. Raises VerificationError."""
    try:
        tree: Any = json.loads(payload)
        if kind != PAYLOAD_TYPE or tree["_type"] != STATEMENT_TYPE or tree["predicateType"] != of:
            raise ValueError("another type of statement")
        words = tree["predicate"]
        if set(words) != set(_FIELDS) or not all(isinstance(v, str) and v for v in words.values()):
            raise ValueError("fields of the approval")
        subjects = tuple((s["name"], s["digest"]["sha256"]) for s in tree["subject"])
        if not all(isinstance(x, str) for pair in subjects for x in pair) or len(dict(subjects)) != len(subjects):
            raise ValueError("subjects")
        instant(words["time"])
        return Approval(**words), subjects
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise VerificationError(f"not an approval of the documented form: {e}", "do not rely on this folder") from e


def verify_approvals(folder: Path, trusted: tuple[PublicKey, ...], policy: Policy | None, finished: str, first: int) -> tuple[Check, ...]:
    """Four checks, numbered from `first`. A key that is not known gives "could not tell"; without approvals and without a policy all is well."""
    signed, problems, strangers = _read_all(folder, trusted)
    answers = [
        _answer(problems, f"signed by {strangers[0]}, which is not trusted: give the public key with --trust" if strangers else "",
                "; ".join(f"{s.approval.role}: {s.approval.name}, {s.approval.time}" for s in signed) or "no approval is there"),
        _answer([] if strangers else list(_cover(folder, signed)), "an approval could not be read" if problems or strangers else "", ""),
        _answer([f for s in signed if (f := fault_at(s.key, s.approval.time))], _doubt(signed), ""),
        _policed(signed, policy, finished, complete=not (problems or strangers)),
    ]  # fmt: skip
    return tuple(Check(number=first + n, what=WHAT[n], answer=a, detail=d) for n, (a, d) in enumerate(answers))


def _answer(problems: list[str], doubt: str, good: str) -> tuple[Answer, str]:
    if problems:
        return Answer.NOT_OK, problems[0]
    return (Answer.UNKNOWN, doubt) if doubt else (Answer.OK, good)


def _doubt(signed: tuple[Signed, ...]) -> str:
    """A revoked key could have been used later and the time set back: nobody but its owner can tell."""
    late = [s for s in signed if s.key.revoked]
    return f"the key of {late[0].key.person} was revoked at {late[0].key.revoked}; its signature says {late[0].approval.time}" if late else ""


def _read_all(folder: Path, trusted: tuple[PublicKey, ...]) -> tuple[tuple[Signed, ...], list[str], list[str]]:
    """(approvals, problems, ids of unknown keys)."""
    known = {k.keyid for k in trusted}
    signed, problems, strangers = [], [], []
    for place in places(folder):
        try:
            signed.append(read_approval(folder, place, trusted))
        except VerificationError as e:
            ids = _signers(folder / place / ENVELOPE)
            if ids and not known & set(ids):
                strangers.append(f"{ids[0][:16]}...")
            else:
                problems.append(f"{place}: {e.cause}")
        except OSError as e:
            problems.append(f"{place} cannot be read: {e.strerror}")
    return tuple(signed), problems, strangers


def _signers(path: Path) -> tuple[str, ...]:
    try:
        return tuple(i for i, _ in parse(path.read_bytes())[2]) if regular(path) else ()
    except (VerificationError, OSError):
        return ()


def _cover(folder: Path, signed: tuple[Signed, ...]) -> Iterator[str]:
    """What an approval should cover and does not, and what lies in the folder of approvals without being covered."""
    for n, s in enumerate(signed, 1):
        subjects = dict(s.subjects)
        if s.place != f"{APPROVALS}/{n}-{s.approval.role}":
            yield f"{s.place} is not approval {n}: one was removed, renamed or added"
        wanted = [ATTESTATION, *(f"{p.place}/{ENVELOPE}" for p in signed[: n - 1])]
        if lost := [w for w in wanted if w not in subjects]:
            yield f"{s.place} does not cover {lost[0]}"
        for name, digest in s.subjects:
            if name.startswith("/") or ".." in name.split("/") or not regular(folder / name):
                yield f"{name}, which {s.place} covers, is missing (or not a regular file)"
            elif file_digest(folder / name) != digest:
                yield f"{name} is not what {s.place} covers"
    covered = {n for s in signed for n, _ in s.subjects} | {f"{p}/{ENVELOPE}" for p in places(folder)}
    for name in files_of(folder):
        if name.startswith(f"{APPROVALS}/") and name not in covered:
            yield f"{name} is covered by no approval"


def _policed(signed: tuple[Signed, ...], policy: Policy | None, finished: str, *, complete: bool) -> tuple[Answer, str]:
    """Without a policy only the usual one can be compared with, and nobody has asked for it: a difference is told, not refused."""
    given = tuple(s.approval for s in signed)
    if not complete:
        return Answer.UNKNOWN, "an approval could not be read"
    try:
        trouble = (policy or Policy()).problem(given, finished) if given else ""
    except ValueError:
        return Answer.UNKNOWN, "the attestation names no time"
    lacking = ", ".join((policy or Policy()).missing(given))
    if policy is None:
        return Answer.OK, "no policy was given" + (f"; by the usual one, {trouble or f'still to sign: {lacking}'}" if trouble or lacking else "")
    if trouble or lacking:
        return Answer.NOT_OK, trouble or f"still to sign: {lacking}"
    return Answer.OK, "every role has signed"
