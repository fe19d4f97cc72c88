"""Keys and envelopes (DSSE, in-toto Statement v1)."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One numbered check of a verification."""

    number: int
    what: str
    ok: bool
    detail: str
