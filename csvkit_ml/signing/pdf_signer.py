"""Whose key signs a PDF: a PKCS#12 file, or a PKCS#11 token named by an RFC 7512 address. pyHanko is imported when used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from csvkit_ml.errors import ApprovalError, KeyFileError

SCHEME = "pkcs11:"
_ATTRIBUTES = ("token", "object", "serial", "slot-id", "type", "id", "manufacturer", "model", "library-manufacturer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A certificate with its key on a token: `pkcs11:token=Ada;object=signing?module-path=/usr/lib/opensc-pkcs11.so`."""

    module: str
    """Path of the vendor's PKCS#11 library."""
    token: str
    """Label of the token."""
    label: str
    """Label of certificate and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a person signs PDFs with, still locked."""

    bundle: bytes = b""
    """PKCS#12 file; empty = the token."""
    token: Token | None = None


def read_token(address: str) -> Token:
    """The token of a PKCS#11 address. Raises KeyFileError: not of RFC 7512, or without token, object or module-path."""
    path, _, query = address.removeprefix(SCHEME).partition("?")
    pairs = [p.partition("=") for p in path.split(";") if p]
    given = {k: unquote(v) for k, _, v in pairs}
    module = dict(parse_qsl(query)).get("module-path", "")
    strange = sorted(set(given) - set(_ATTRIBUTES))
    if not address.startswith(SCHEME) or strange or len(given) != len(pairs) or not (given.get("token") and given.get("object") and module):
        told = f"not the address of a certificate on a token: {address[:120]}"
        raise KeyFileError(told, "pkcs11:token=LABEL;object=LABEL?module-path=/path/of/the/vendor's.so")
    return Token(module=module, token=given["token"], label=given["object"])


@contextmanager
def unlocked(certificate: Certificate, secret: bytes) -> Iterator[Any]:
    """pyHanko's signer while the key is open: the passphrase of the file, or the PIN of the token.

    Raises:
        KeyFileError: wrong passphrase or PIN, not a PKCS#12 file, no such module, token or object. ApprovalError: what the token needs is not installed.
    """
    if certificate.token:
        with _on_token(certificate.token, secret.decode()) as signer:
            yield signer
        return
    from pyhanko.sign import signers

    try:
        signer = signers.SimpleSigner.load_pkcs12_data(certificate.bundle, other_certs=[], passphrase=secret)
    except ValueError as e:
        raise KeyFileError("the certificate cannot be unlocked: wrong passphrase, or not a PKCS#12 file", "try again") from e
    yield signer


@contextmanager
def _on_token(token: Token, pin: str) -> Iterator[Any]:
    try:
        import pkcs11
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    except ImportError as e:
        raise ApprovalError("signatures by a token need python-pkcs11", "pip install 'csvkit-ml[token]'") from e
    from pyhanko.sign.general import SigningError

    try:
        session = open_pkcs11_session(token.module, token_criteria=TokenCriteria(label=token.token), user_pin=pin)
    except (pkcs11.exceptions.PKCS11Error, SigningError, RuntimeError, OSError) as e:
        raise KeyFileError(f"the token {token.token!r} cannot be opened: {type(e).__name__} {e}".strip(), "check module, label and PIN") from e
    with session:
        # Hashing is done here: many tokens, smart cards among them, sign only digests.
        signer = PKCS11Signer(session, cert_label=token.label, key_label=token.label, use_raw_mechanism=True)
        try:
            if signer.signing_cert is None:
                raise KeyFileError(f"the token holds no certificate {token.label!r}", "check the object's label")
            yield signer
        except (pkcs11.exceptions.PKCS11Error, SigningError) as e:
            raise KeyFileError(f"the token cannot sign: {type(e).__name__} {e}".strip(), "check the object's label, and that it is a key to sign with") from e
