"""Keys and envelopes (DSSE, in-toto Statement v1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """Public half of an Ed25519 key."""

    name: str
    """Who or what signs with it."""
    keyid: str
    """SHA-256 of the DER SubjectPublicKeyInfo, hexadecimal."""
    pem: str
    created: str
    """UTC, ISO 8601."""
    person: str = ""
    """Printed name of the person whose personal key this is; empty = a machine's key. The two are never mixed."""
    expires: str = ""
    """UTC, ISO 8601; empty = does not expire."""
    revoked: str = ""
    """UTC, ISO 8601: from when on it must not be relied on; empty = in force."""


class Answer(Enum):
    """What a check gave."""

    OK = "ok"
    NOT_OK = "not ok"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One numbered check of a verification."""

    number: int
    what: str
    answer: Answer
    detail: str

    @property
    def ok(self) -> bool:
        return self.answer is Answer.OK
