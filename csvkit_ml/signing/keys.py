"""Ed25519 keys: encrypted at rest, public half for those who verify."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from csvkit_ml.errors import KeyFileError
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.signature import PublicKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Signer:
    """An unlocked private key with its public record."""

    public: PublicKey
    private: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data)


def _keyid(public: Ed25519PublicKey) -> str:
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _paths(directory: Path, name: str) -> tuple[Path, Path]:
    if not _NAME.fullmatch(name):
        raise KeyFileError(f"not a key name: {name[:80]!r}", "letters, digits, dot, dash and underscore, at most 64")
    return directory / f"{name}.key", directory / f"{name}.pub.json"


def new_key(
    directory: Path, name: str, passphrase: bytes, *, insecure_no_passphrase: bool = False, person: str = "", expires: str = ""
) -> PublicKey:
    """Make a key pair.

    1. `NAME.key`: PKCS#8 PEM, encrypted with the passphrase, mode 0600, never overwritten.
    2. `NAME.pub.json`: the PublicKey record.

    Raises:
        KeyFileError: the name is taken or not a name, the passphrase is empty, or the folder cannot be written.
    """
    private_path, public_path = _paths(directory, name)
    if not passphrase and not insecure_no_passphrase:
        raise KeyFileError("the passphrase is empty", "choose one: it is the second component of the signature")
    private = Ed25519PrivateKey.generate()
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    secret = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    record = PublicKey(name=name, keyid=_keyid(private.public_key()), pem=pem, created=now, person=person, expires=expires)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(private_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(secret)
        public_path.write_bytes(canonical(record))
    except FileExistsError as e:
        raise KeyFileError(f"a key named {name} exists", "choose another name; a key is never overwritten") from e
    except OSError as e:
        raise KeyFileError(f"cannot write the key: {e.strerror}", f"check {directory}") from e
    return record


def load_public(path: Path) -> PublicKey:
    """Read a public key record and check that its id is that of its key. Raises KeyFileError."""
    try:
        record = decode(PublicKey, path.read_bytes())
        key = public_of(record)
    except OSError as e:
        raise KeyFileError(f"cannot read {path}: {e.strerror}", "give a .pub.json file") from e
    except (CodecError, ValueError, UnsupportedAlgorithm) as e:
        raise KeyFileError(f"{path} is not a public key record: {e}", "give a .pub.json file made by `mlcsv keys new`") from e
    if _keyid(key) != record.keyid:
        raise KeyFileError(f"{path}: the id is not that of the key", "ask for the file again")
    return record


def public_of(record: PublicKey) -> Ed25519PublicKey:
    """The key of a record. Raises ValueError."""
    key = serialization.load_pem_public_key(record.pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key


def load_signer(directory: Path, name: str, passphrase: bytes) -> Signer:
    """Unlock a key. Raises KeyFileError: missing, readable by others, wrong passphrase."""
    private_path, public_path = _paths(directory, name)
    try:
        if private_path.stat().st_mode & 0o077:
            raise KeyFileError(f"{private_path} can be read by others", f"chmod 600 {private_path}")
        secret = private_path.read_bytes()
        private = serialization.load_pem_private_key(secret, passphrase or None)
    except OSError as e:
        raise KeyFileError(f"no key {name}: {e.strerror}", "list them with `mlcsv keys list`, make one with `mlcsv keys new`") from e
    except (ValueError, TypeError) as e:
        raise KeyFileError(f"key {name} cannot be unlocked: wrong passphrase, or not a key", "try again") from e
    public = load_public(public_path)
    if not isinstance(private, Ed25519PrivateKey) or _keyid(private.public_key()) != public.keyid:
        raise KeyFileError(f"{public_path.name} is not the public half of {private_path.name}", "restore both from the same backup")
    return Signer(public=public, private=private)


def revoke_key(directory: Path, name: str, when: str) -> PublicKey:
    """Mark a key as not to be relied on from a time on; give the new record to those who verify. Raises KeyFileError."""
    _, path = _paths(directory, name)
    record = replace(load_public(path), revoked=when)
    try:
        path.write_bytes(canonical(record))
    except OSError as e:
        raise KeyFileError(f"cannot write {path}: {e.strerror}", "check the folder") from e
    return record


def fault_at(key: PublicKey, time: str) -> str:
    """Why a key cannot be relied on for a signature of this time, empty when it can. Times are compared as instants."""
    moment = instant(time)
    for word, at in (("was revoked", key.revoked), ("had expired", key.expires)):
        if at and moment >= instant(at):
            return f"the key of {key.person or key.name} {word} at {at}; the signature says {time}"
    return ""


def instant(text: str) -> datetime:
    """A point in time from ISO 8601 with a zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def list_keys(directory: Path) -> tuple[PublicKey, ...]:
    """Public records of a folder, by name."""
    return tuple(load_public(p) for p in sorted(directory.glob("*.pub.json"))) if directory.is_dir() else ()
