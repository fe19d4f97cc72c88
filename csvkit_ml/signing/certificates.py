"""A certification authority for small teams, and personal certificates for signatures in PDFs: X.509, ECDSA P-256."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from csvkit_ml.errors import KeyFileError

CA_DAYS, PERSON_DAYS = 3650, 730


def new_ca(directory: Path, name: str, passphrase: bytes, now: datetime) -> Path:
    """Make an authority: `NAME.ca.pem` for those who verify, `NAME.ca.key` encrypted. Raises KeyFileError."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    made = _builder(subject, subject, key.public_key(), now, CA_DAYS)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    certificate = made.sign(key, hashes.SHA256())
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _protection(passphrase))
    _new_file(directory / f"{name}.ca.key", secret)
    _new_file(directory / f"{name}.ca.pem", certificate.public_bytes(serialization.Encoding.PEM))
    return directory / f"{name}.ca.pem"


def issue(directory: Path, ca: str, ca_passphrase: bytes, name: str, person: str, passphrase: bytes, now: datetime) -> Path:
    """Make a personal certificate signed by the authority: `NAME.p12`, encrypted with the person's passphrase. Raises KeyFileError."""
    try:
        issuer = x509.load_pem_x509_certificate((directory / f"{ca}.ca.pem").read_bytes())
        authority = serialization.load_pem_private_key((directory / f"{ca}.ca.key").read_bytes(), ca_passphrase)
    except OSError as e:
        raise KeyFileError(f"no authority {ca}: {e.strerror}", "make one with `mlcsv keys ca NAME`") from e
    except (ValueError, TypeError) as e:
        raise KeyFileError(f"the authority {ca} cannot be unlocked: wrong passphrase, or not a key", "try again") from e
    if not isinstance(authority, ec.EllipticCurvePrivateKey):
        raise KeyFileError(f"the key of {ca} is not an ECDSA key", "make the authority again")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, person)])
    made = _builder(subject, issuer.subject, key.public_key(), now, PERSON_DAYS)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    certificate = made.add_extension(identifier, critical=False).sign(authority, hashes.SHA256())
    bundle = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [issuer], _protection(passphrase))
    _new_file(directory / f"{name}.p12", bundle)
    return directory / f"{name}.p12"


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5))
    made = made.not_valid_after(now + timedelta(days=days))
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{n: given.get(n, False) for n in names})


def _protection(passphrase: bytes) -> serialization.BestAvailableEncryption:
    if not passphrase:
        raise KeyFileError("the passphrase is empty", "choose one: it is the second component of the signature")
    return serialization.BestAvailableEncryption(passphrase)


def _new_file(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(data)
    except FileExistsError as e:
        raise KeyFileError(f"{path.name} exists", "choose another name; a key is never overwritten") from e
    except OSError as e:
        raise KeyFileError(f"cannot write {path}: {e.strerror}", "check the folder") from e
