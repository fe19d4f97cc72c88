"""PDFs signed with the time of an authority, and by a token: a stamping authority over HTTP and SoftHSM, both on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from csvkit_ml.errors import ApprovalError, KeyFileError
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer
from csvkit_ml.reporting import pdf
from csvkit_ml.reporting.document import TOOL
from csvkit_ml.signing.certificates import issue, new_ca
from csvkit_ml.signing.pdf_signature import sign_pdf, verify_pdf
from csvkit_ml.signing.pdf_signer import Certificate, Token, read_token
from tests.unit.reporting.fake_records import records

ADA = Approval(role="author", name="Ada Author", time="2026-03-03T10:00:00+00:00", meaning="Mine.", keyid="0" * 64)
MODULES = (os.environ.get("SOFTHSM2_MODULE", ""), "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
SOFTHSM = [m for m in MODULES if m and Path(m).exists()]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, now = tmp_path_factory.mktemp("ca"), datetime.now(UTC)
    for name in ("qa", "clock", "other"):
        new_ca(folder, name, b"capw", now)
    issue(folder, "qa", b"capw", "ada", "Ada Author", b"pw", now)
    return folder


@pytest.fixture(scope="module")
def paper() -> bytes:
    return pdf.render(records(functions=1, samples=1).model(), TOOL)


def ca_of(keys: Path, *names: str) -> tuple[bytes, ...]:
    return tuple((keys / f"{n}.ca.pem").read_bytes() for n in names)


def _stamper(keys: Path) -> DummyTimeStamper:
    """An authority whose certificate may only stamp times, issued by the CA `clock`."""
    issuer = x509.load_pem_x509_certificate((keys / "clock.ca.pem").read_bytes())
    authority = serialization.load_pem_private_key((keys / "clock.ca.key").read_bytes(), b"capw")
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Clock")])).issuer_name(issuer.subject)
    made = made.public_key(key.public_key()).serial_number(7).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    der = made.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    secret = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DummyTimeStamper(asn1_x509.Certificate.load(der), asn1_keys.PrivateKeyInfo.load(secret))


@pytest.fixture(scope="module")
def clock(keys: Path) -> Iterator[str]:
    """Address of a stamping authority."""
    stamper = _stamper(keys)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            data = stamper.request_tsa_response(asked).dump()
            self.send_response(500 if "broken" in self.path else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def signed(paper: bytes, keys: Path, tsa: str) -> bytes:
    certificate = Certificate(bundle=(keys / "ada.p12").read_bytes())
    return sign_pdf(paper, ADA, (("author", 1),), certificate=certificate, secret=b"pw", stamp=pdf.stamp(ADA), tsa=tsa)


def test_the_time_is_the_authoritys_and_hers_is_told(paper: bytes, keys: Path, clock: str, tmp_path: Path) -> None:
    data = signed(paper, keys, clock)
    checks = verify_pdf(data, ca_of(keys, "qa", "clock"))
    assert {c.answer for c in checks} == {Answer.OK} and "by the time stamp of Test Clock" in checks[2].detail
    stranger = verify_pdf(data, ca_of(keys, "qa", "other"))[4]
    assert stranger.answer is Answer.NOT_OK and "the time stamp of Test Clock leads to no trusted authority" in stranger.detail
    (tmp_path / "s.pdf").write_bytes(data)
    if shutil.which("pdfsig"):
        told = subprocess.run(["pdfsig", "-nocert", str(tmp_path / "s.pdf")], capture_output=True, text=True).stdout
        assert told.count("Signature is Valid.") == 1


def test_an_authority_that_does_not_answer_is_named(paper: bytes, keys: Path, clock: str) -> None:
    for address in (clock + "broken", "http://127.0.0.1:1/"):
        with pytest.raises(ApprovalError, match="no time stamp from"):
            signed(paper, keys, address)


@pytest.mark.parametrize(
    "address",
    ["pkcs11:", "pkcs11:token=a;object=b", "pkcs11:token=a?module-path=/m.so", "pkcs11:token=a;token=b;object=c?module-path=/m.so",
     "pkcs11:token=a;object=b;pin-value=1?module-path=/m.so", "ada.p12"],
)  # fmt: skip
def test_what_is_no_address_of_a_certificate_is_refused(address: str) -> None:
    with pytest.raises(KeyFileError, match="not the address"):
        read_token(address)


def test_an_address_is_read_and_a_module_that_is_none_is_named(paper: bytes, tmp_path: Path) -> None:
    token = read_token("pkcs11:token=Ada%20A;object=sign?module-path=/nowhere/x.so")
    assert token == Token(module="/nowhere/x.so", token="Ada A", label="sign")
    (tmp_path / "none.so").write_text("not a library")
    for module in ("/nowhere/x.so", str(tmp_path / "none.so")):
        certificate = Certificate(token=Token(module=module, token="Ada A", label="sign"))
        with pytest.raises(KeyFileError, match="the token 'Ada A' cannot be opened"):
            sign_pdf(paper, ADA, (("author", 1),), certificate=certificate, secret=b"1234", stamp=pdf.stamp(ADA))


@pytest.fixture
def token(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Token:
    """Ada's key and certificate on a token in software."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    import pkcs11
    from pkcs11.util.ec import decode_ec_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    made = ["softhsm2-util", "--module", SOFTHSM[0], "--init-token", "--free", "--label", "ada", "--pin", "1234", "--so-pin", "123456"]
    subprocess.run(made, check=True, capture_output=True)
    key, certificate, _ = pkcs12.load_key_and_certificates((keys / "ada.p12").read_bytes(), b"pw")
    assert isinstance(key, ec.EllipticCurvePrivateKey) and certificate is not None
    secret = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    named = {pkcs11.Attribute.LABEL: "sign", pkcs11.Attribute.ID: b"1", pkcs11.Attribute.TOKEN: True}
    with pkcs11.lib(SOFTHSM[0]).get_token(token_label="ada").open(rw=True, user_pin="1234") as session:
        session.create_object({**decode_ec_private_key(secret), pkcs11.Attribute.SIGN: True, **named})
        session.create_object({**decode_x509_certificate(certificate.public_bytes(serialization.Encoding.DER)), **named})
    return Token(module=SOFTHSM[0], token="ada", label="sign")


@pytest.mark.skipif(not (SOFTHSM and shutil.which("softhsm2-util")), reason="softhsm2 is not installed")
def test_a_token_signs_and_a_wrong_pin_or_label_is_named(paper: bytes, keys: Path, token: Token) -> None:
    def by(used: Token, pin: bytes) -> bytes:
        return sign_pdf(paper, ADA, (("author", 1),), certificate=Certificate(token=used), secret=pin, stamp=pdf.stamp(ADA))

    assert {c.answer for c in verify_pdf(by(token, b"1234"), ca_of(keys, "qa"))} == {Answer.OK}
    with pytest.raises(KeyFileError, match="cannot be opened: PinIncorrect"):
        by(token, b"9999")
    with pytest.raises(KeyFileError, match="cannot be opened"):
        by(replace(token, token="nobody"), b"1234")
    with pytest.raises(KeyFileError):
        by(replace(token, label="nothing"), b"1234")
