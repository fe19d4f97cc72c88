"""Content digests: always SHA-256, never truncated where identity matters."""

from __future__ import annotations

import hashlib
import re
from typing import NewType

Digest = NewType("Digest", str)
"""`sha256:` followed by 64 lower-case hexadecimal digits."""

_FORM = re.compile(r"sha256:[0-9a-f]{64}")


def sha256(data: bytes) -> Digest:
    """Digest of some bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def parse_digest(text: str) -> Digest:
    """Check the form of a digest. Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError(f"not a sha256 digest: {text[:80]!r}")
    return Digest(text)


def hex_of(digest: Digest) -> str:
    """The 64 hexadecimal digits alone, as `sha256sum` prints them."""
    return digest.removeprefix("sha256:")
