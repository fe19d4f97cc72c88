"""The machine attestation: an in-toto Statement v1 over every file of a report folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from csvkit_ml.errors import DiskFullError, OutputUnwritableError, no_space
from csvkit_ml.signing.envelope import sign
from csvkit_ml.signing.keys import Signer

ATTESTATION = "attestation.dsse.json"
APPROVALS = "approvals"
"""Folder of the personal signatures, which are added after the attestation."""
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://csvkit-ml.dev/attestation/run/v1"
COMPARISON_TYPE = "https://csvkit-ml.dev/attestation/comparison/v1"
"""Of comparisons and determinism matrices: records made from runs."""


def files_of(folder: Path) -> Iterator[str]:
    """Every file and link below a folder except the attestation, by relative path, sorted."""
    found = []
    for root, folders, names in os.walk(folder):
        links = [f for f in folders if (Path(root) / f).is_symlink()]
        found += [(Path(root) / n).relative_to(folder).as_posix() for n in [*names, *links]]
    yield from sorted(n for n in found if n != ATTESTATION)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def statement(subjects: Mapping[str, str], predicate: Mapping[str, object], kind: str = PREDICATE_TYPE) -> bytes:
    """Canonical bytes of the statement; subjects are path -> SHA-256."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in sorted(subjects.items())],
            "predicateType": kind,
            "predicate": dict(predicate),
        }
    )


def canonical_json(tree: Mapping[str, object]) -> bytes:
    """RFC 8785 bytes of plain JSON values."""
    import rfc8785

    return rfc8785.dumps(dict(tree))  # type: ignore[arg-type]


def attest(folder: Path, predicate: Mapping[str, object], signer: Signer, kind: str = PREDICATE_TYPE) -> bytes:
    """Sign the folder as it is now and write the envelope into it. Raises OutputUnwritableError, DiskFullError."""
    subjects = {name: file_digest(folder / name) for name in files_of(folder)}
    envelope = sign(PAYLOAD_TYPE, statement(subjects, predicate, kind), signer)
    try:
        part = folder / (ATTESTATION + ".partial")
        part.write_bytes(envelope)
        part.replace(folder / ATTESTATION)
    except OSError as e:
        if no_space(e):
            raise DiskFullError("no space is left for the attestation", "free some space and run the same command again") from e
        raise OutputUnwritableError(f"cannot write the attestation: {e.strerror}", "check the folder") from e
    return envelope


__all__ = [
    "APPROVALS", "ATTESTATION", "COMPARISON_TYPE", "PAYLOAD_TYPE", "PREDICATE_TYPE", "STATEMENT_TYPE", "attest", "file_digest", "files_of",
    "statement",
]  # fmt: skip
