"""DSSE envelopes (Dead Simple Signing Envelope v1): sign those bytes, verify those bytes, only then parse."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidSignature

from csvkit_ml.errors import VerificationError
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.signing.keys import Signer, public_of

LARGEST = 256 * 1024 * 1024


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: what is really signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """An envelope with one signature."""
    signature = base64.b64encode(signer.sign(pae(payload_type, payload))).decode()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": signer.public.keyid, "sig": signature}],
    }
    return json.dumps(envelope, separators=(",", ":"), sort_keys=True).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({k for k, _ in pairs}) != len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def parse(data: bytes) -> tuple[str, bytes, tuple[tuple[str, bytes], ...]]:
    """(payload type, payload, signatures) of an envelope in exactly the form that `sign` gives. Raises VerificationError."""
    try:
        if len(data) > LARGEST:
            raise ValueError("too large")
        tree = json.loads(data, object_pairs_hook=_unique)
        if set(tree) != {"payload", "payloadType", "signatures"}:
            raise ValueError("unknown or missing fields")
        payload = base64.b64decode(tree["payload"], validate=True)
        signatures = tuple(
            (str(s["keyid"]), base64.b64decode(s["sig"], validate=True)) for s in tree["signatures"] if set(s) == {"keyid", "sig"}
        )
        again = json.dumps(tree, separators=(",", ":"), sort_keys=True).encode()
        if again != data or base64.b64encode(payload).decode() != tree["payload"] or len(signatures) != len(tree["signatures"]):
            raise ValueError("not in canonical form")
        if any(base64.b64encode(b).decode() != s["sig"] for (_, b), s in zip(signatures, tree["signatures"], strict=True)):
            raise ValueError("not in canonical form")
        return str(tree["payloadType"]), payload, signatures
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error, RecursionError) as e:
        raise VerificationError(f"the envelope is not well formed: {e}", "ask for the folder again") from e


def verify(data: bytes, trusted: tuple[PublicKey, ...]) -> tuple[str, bytes, PublicKey]:
    """(payload type, payload, signer) once a trusted key has signed.

    Raises:
        VerificationError: not an envelope, no signature, no trusted signer, or a bad signature.
    """
    kind, payload, signatures = parse(data)
    if not signatures:
        raise VerificationError("the envelope carries no signature", "ask for the folder again")
    by_id = {k.keyid: k for k in trusted}
    known = [(by_id[i], s) for i, s in signatures if i in by_id]
    if not known:
        raise VerificationError(f"signed by {signatures[0][0][:16]}..., which is not trusted", "give the signer's public key with --trust")
    for key, signature in known:
        try:
            public_of(key).verify(signature, pae(kind, payload))
        except InvalidSignature as e:
            raise VerificationError(
                f"the signature of {key.name} is not valid", "the attestation was altered or made with another key"
            ) from e
    return kind, payload, known[0][0]
