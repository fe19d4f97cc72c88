"""Verifying a report folder offline: numbered checks, each with the first difference named. Never crashes on hostile input."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

from csvkit_ml.errors import IndeterminateError, VerificationError
from csvkit_ml.model.signature import Answer, Check, PublicKey
from csvkit_ml.signing.envelope import LARGEST, verify
from csvkit_ml.signing.keys import fault_at
from csvkit_ml.signing.statement import (
    APPROVALS,
    ATTESTATION,
    COMPARISON_TYPE,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    file_digest,
    files_of,
)  # fmt: skip

WHAT = (
    "the attestation is there and its signature is valid and of a trusted key",
    "the attestation is a statement of mlcsv, made while its key was in force",
    "every subject is present as a regular file",
    "every subject has the signed digest",
    "nothing extra is in the folder",
    "plan and manifest are those that the attestation names",
    "every blob that the manifest names is present, or listed as held by digest",
)
BY_DIGEST = "held-by-digest.json"
"""Cases of sweeps whose outputs the folder names and does not hold."""
_SWEEP = re.compile(r"[^/]+/float32-sweep-[0-9a-f]{8}/[^/]+")
WHAT_COMPARED = (*WHAT[:5], "comparisons and matrices are those that the attestation names")
"""Of a folder that compares runs: it has no plan and no evidence of its own."""


def verify_folder(folder: Path, trusted: tuple[PublicKey, ...]) -> tuple[Check, ...]:
    """All checks of the run's own record in order, approvals apart; nothing is told by a check that depends on a failed one."""
    checks: list[Check] = []

    def add(problem: str, good: str = "") -> bool:
        answer = Answer.NOT_OK if problem else Answer.OK
        checks.append(Check(number=len(checks) + 1, what=WHAT[len(checks)], answer=answer, detail=problem or good))
        return not problem

    payload, problem, key = _attested(folder, trusted)
    if not add(problem, f"{key.name} ({key.keyid[:16]}...)" if key else "") or key is None:
        return _rest(checks)
    tree, problem = _statement(payload)
    if not add(problem or _in_force(tree["predicate"], key)):
        return _rest(checks)
    compared = tree["predicateType"] == COMPARISON_TYPE
    subjects: dict[str, str] = {s["name"]: s["digest"]["sha256"] for s in tree["subject"]}
    missing = [n for n in subjects if not regular(folder / n)]
    add(f"{missing[0]} is missing (or not a regular file)" if missing else "", f"{len(subjects)} files")
    altered = [n for n, d in subjects.items() if n not in missing and file_digest(folder / n) != d]
    add(f"{altered[0]} has been altered" if altered else "")
    extra = [n for n in files_of(folder) if n not in subjects and not n.startswith(f"{APPROVALS}/")]
    add(f"{extra[0]} was not there when the folder was signed" if extra else "")
    if compared:
        trouble = _records(tree["predicate"], subjects)
        answer = Answer.NOT_OK if trouble else Answer.OK
        return (*checks, Check(number=6, what=WHAT_COMPARED[5], answer=answer, detail=trouble))
    add(_chain(tree["predicate"], subjects))
    add(*(_blobs(folder, subjects) if not altered and not missing else ("not looked at: files differ",)))
    return tuple(checks)


def _rest(checks: list[Check]) -> tuple[Check, ...]:
    done = len(checks)
    return (*checks, *(Check(number=i + 1, what=WHAT[i], answer=Answer.UNKNOWN, detail="not looked at") for i in range(done, len(WHAT))))


def _attested(folder: Path, trusted: tuple[PublicKey, ...]) -> tuple[bytes, str, PublicKey | None]:
    """(payload, problem, signer)."""
    path = folder / ATTESTATION
    if not folder.is_dir():
        return b"", f"{folder} is not a folder", None
    if not regular(path):
        return b"", "UNSIGNED: there is no attestation", None
    try:
        if path.stat().st_size > LARGEST:
            return b"", "the attestation is too large", None
        kind, payload, key = verify(path.read_bytes(), trusted)
    except VerificationError as e:
        return b"", e.cause, None
    except OSError as e:
        return b"", f"cannot read the attestation: {e.strerror}", None
    if key.person:
        return b"", f"signed with the personal key of {key.person}: a machine attests, a person approves", None
    return payload, "" if kind == PAYLOAD_TYPE else f"payload type {kind[:80]!r}", key


def _in_force(predicate: dict[str, Any], key: PublicKey) -> str:
    """Why the machine key cannot be relied on for this run; an attestation without a time counts as made now, by an open-ended key only."""
    if not (key.revoked or key.expires):
        return ""
    try:
        return fault_at(key, str(predicate["finished"]))
    except (KeyError, ValueError):
        return "the attestation names no time, and its key was revoked or expires"


def _statement(payload: bytes) -> tuple[Any, str]:
    try:
        tree = json.loads(payload)
        if tree["_type"] != STATEMENT_TYPE or tree["predicateType"] not in (PREDICATE_TYPE, COMPARISON_TYPE):
            return None, "another type of statement"
        names = [s["name"] for s in tree["subject"]]
        if not names or len(set(names)) != len(names):
            return None, "no subjects, or one twice"
        if any(not isinstance(n, str) or n.startswith("/") or ".." in n.split("/") for n in names):
            return None, "a subject outside the folder"
        if any(not isinstance(s["digest"]["sha256"], str) for s in tree["subject"]) or not isinstance(tree["predicate"], dict):
            return None, "not of the documented form"
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        return None, f"not of the documented form: {type(e).__name__}"
    return tree, ""


def regular(path: Path) -> bool:
    """Whether this is a file, and neither a link nor below one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not any(p.is_symlink() for p in list(path.parents)[:3])
    except (OSError, ValueError):
        return False


def _chain(predicate: dict[str, Any], subjects: dict[str, str]) -> str:
    for name, file in (("plan", "plan.json"), ("manifest", "manifest.json")):
        if predicate.get(name) != f"sha256:{subjects.get(file)}":
            return f"{file} is not the {name} of the attestation"
    return ""


def _records(predicate: dict[str, Any], subjects: dict[str, str]) -> str:
    named = predicate.get("records")
    if not isinstance(named, dict) or not named:
        return "the attestation names no record"
    if "report.json" in subjects:
        return "a report needs the attestation of a run"
    other = [n for n, d in named.items() if d != f"sha256:{subjects.get(n)}"]
    return f"{other[0]} is not the one that the attestation names" if other else ""


def _blobs(folder: Path, subjects: dict[str, str]) -> tuple[str, str]:
    """(problem, what is good)."""
    try:
        tree = json.loads((folder / "manifest.json").read_bytes())
        seen = [(str(o.get("case", "")), _digests(o)) for o in tree.get("observations", [])]
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as e:
        return f"manifest.json cannot be read: {type(e).__name__}", ""
    try:
        listed = json.loads((folder / BY_DIGEST).read_bytes())["cases"] if BY_DIGEST in subjects else []
        absent = {c["case"]: set(c["blobs"]) for c in listed}
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as e:
        return f"{BY_DIGEST} cannot be read: {type(e).__name__}", ""
    for case, digests in seen:
        for digest in sorted(digests - absent.get(case, set()) if _SWEEP.fullmatch(case) else digests):
            name = digest.removeprefix("sha256:")
            if subjects.get(f"evidence/{name[:2]}/{name}") != name:
                return f"blob {digest} of {case} is not in the folder", ""
    return "", f"{len(absent)} cases of sweeps are held by digest alone ({BY_DIGEST})" if absent else ""


def _digests(tree: Any) -> set[str]:
    """Values of `blob` and `stderr` anywhere below."""
    found: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            found |= {v for k, v in node.items() if k in ("blob", "stderr") and isinstance(v, str)}
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return found


def require(checks: tuple[Check, ...]) -> None:
    """Raises VerificationError that names the first check that is not ok, IndeterminateError for one that could not tell.

    No checks at all prove nothing.
    """
    for check in checks:
        if check.answer is Answer.NOT_OK:
            raise VerificationError(f"check {check.number}, {check.what}: {check.detail}", "do not rely on this folder")
    for check in checks:
        if check.answer is Answer.UNKNOWN:
            raise IndeterminateError(f"check {check.number}, {check.what}: could not tell: {check.detail}", "see the checks above")
    if not checks:
        raise VerificationError("nothing was checked", "give the folder of a report")
