"""Signatures in PDFs (PAdES, ECDSA P-256 or RSA) for readers that people have. Needs the extra `sign`; pyHanko is imported when used."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from csvkit_ml.errors import ApprovalError
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer, Check
from csvkit_ml.signing.pdf_signer import Certificate, unlocked

WHAT = (
    "the file is a PDF that can be read",
    "it carries signatures",
    "every signature is valid over the bytes that it covers, and nothing but further signatures was added since",
    "the last signature covers the whole file",
    "every certificate leads to a trusted authority",
)
_COLUMNS, _WIDTH, _HEIGHT, _LEFT, _TOP = 2, 238, 62, 48, 700
"""Places of the stamps on the last page, in points."""


def field_names(roles: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """One field for every signature that the policy asks for."""
    return tuple(f"{role}-{n + 1}" for role, count in roles for n in range(count))


def sign_pdf(
    data: bytes,
    approval: Approval,
    roles: Sequence[tuple[str, int]],
    *,
    certificate: Certificate,
    secret: bytes,
    stamp: bytes,
    tsa: str = "",
) -> bytes:
    """Sign a PDF by an incremental update.

    1. Before the first signature, all fields of the policy are made, for none may be added after it.
    2. The first signature certifies the file: only further signatures are allowed.
    3. Name, time, reason (the meaning) are signed; the stamp, a typeset PDF page, shows them.

    Args:
        certificate: PKCS#12 file or token of the person. secret: its passphrase or PIN.
        tsa: address of an RFC 3161 time stamping authority; empty = the time is the signer's own.

    Raises:
        KeyFileError: wrong passphrase or PIN, no such certificate. ApprovalError: no free field for this role; no answer of the time
            stamping authority; pyHanko is not installed.
    """
    try:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers
        from pyhanko.sign.timestamps import TimestampRequestError
    except ImportError as e:
        raise ApprovalError("signatures in PDFs need pyHanko", "pip install 'csvkit-ml[sign]'") from e
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    signed = {s.field_name for s in writer.prev.embedded_signatures}
    if not signed:
        for n, name in enumerate(field_names(roles)):
            fields.append_signature_field(writer, fields.SigFieldSpec(name, on_page=-1, box=_box(n), readable_field_name=f"Signature, {name}"))
    free = [n for n in field_names(roles) if n.rpartition("-")[0] == approval.role and n not in signed]
    if not free:
        raise ApprovalError(f"the PDF has no free signature field for {approval.role}", "its fields were made for another policy")
    metadata = signers.PdfSignatureMetadata(
        field_name=free[0],
        name=approval.name,
        reason=f"{approval.role}: {approval.meaning}",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=not signed,
        docmdp_permissions=fields.MDPPerm.FILL_FORMS,
    )
    with TemporaryDirectory() as scratch, unlocked(certificate, secret) as signer:
        page = Path(scratch) / "stamp.pdf"
        page.write_bytes(stamp)
        pdf_signer = signers.PdfSigner(metadata, signer, timestamper=_stamper(tsa), stamp_style=_style(page))
        try:
            out = pdf_signer.sign_pdf(writer)
        except TimestampRequestError as e:
            raise ApprovalError(f"no time stamp from {tsa}: {e}", "check the address, or sign without --tsa") from e
    return bytes(out.getvalue())


def _stamper(tsa: str) -> Any:
    from pyhanko.sign.timestamps import HTTPTimeStamper

    return HTTPTimeStamper(tsa, timeout=30) if tsa else None


def _style(page: Path) -> Any:
    from pyhanko.stamp import StaticStampStyle

    return StaticStampStyle.from_pdf_file(str(page), border_width=0, background_opacity=1.0)


def _box(n: int) -> tuple[int, int, int, int]:
    left = _LEFT + (n % _COLUMNS) * (_WIDTH + 18)
    top = _TOP - (n // _COLUMNS) * (_HEIGHT + 14)
    return left, top - _HEIGHT, left + _WIDTH, top


def _stamped(status: Any) -> tuple[str, str]:
    """(time by an authority in words, why it cannot be relied on) of a signature; both empty where its time is the signer's own."""
    stamp = status.timestamp_validity
    if stamp is None:
        return "", ""
    who = stamp.signing_cert.subject.native.get("common_name", "?")
    if not (stamp.intact and stamp.valid):
        return "", f"the time stamp of {who} does not hold"
    return f"{stamp.timestamp} by the time stamp of {who}", "" if stamp.trusted else f"the time stamp of {who} leads to no trusted authority"


def verify_pdf(data: bytes, authorities: Sequence[bytes]) -> tuple[Check, ...]:
    """Every signature of a PDF, offline. Never crashes on hostile input: what cannot be read is not ok.

    Args:
        authorities: PEM certificates that are trusted; without any, nobody can tell who signed.
    """
    answers = _looked_at(data, authorities)
    rest = [(Answer.UNKNOWN, "not looked at")] * (len(WHAT) - len(answers))
    return tuple(Check(number=n + 1, what=WHAT[n], answer=a, detail=d) for n, (a, d) in enumerate([*answers, *rest]))


def _looked_at(data: bytes, authorities: Sequence[bytes]) -> list[tuple[Answer, str]]:
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader
    except ImportError:
        return [(Answer.UNKNOWN, "pyHanko is not installed: pip install 'csvkit-ml[sign]', or use pdfsig")]
    try:
        signatures = list(PdfFileReader(io.BytesIO(data)).embedded_signatures)
    except Exception as e:  # noqa: BLE001  a hostile file can raise anything inside the reader
        return [(Answer.NOT_OK, f"cannot be read as a PDF: {type(e).__name__}")]
    if not signatures:
        return [(Answer.OK, ""), (Answer.UNKNOWN, "no signature is in this file; its folder's attestation covers it")]
    try:
        roots = [_certificate(a) for a in authorities]
        return [(Answer.OK, ""), (Answer.OK, f"{len(signatures)}"), *_each(signatures, roots)]
    except Exception as e:  # noqa: BLE001
        return [(Answer.OK, ""), (Answer.OK, f"{len(signatures)}"), (Answer.NOT_OK, f"a signature cannot be read: {type(e).__name__}")]


def _certificate(pem: bytes) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data

    return next(iter(load_certs_from_pemder_data(pem)))


def _each(signatures: list[Any], roots: list[Any]) -> list[tuple[Answer, str]]:
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    told, broken, strangers = [], "", ""
    coverage = None
    for s in signatures:
        context = ValidationContext(trust_roots=roots, allow_fetching=False)
        status = validate_pdf_signature(s, signer_validation_context=context)
        who = status.signing_cert.subject.native.get("common_name", "?")
        stamped, doubt = _stamped(status)
        told.append(f"{s.field_name}: {who}, {stamped or status.signer_reported_dt}")
        strangers = strangers or (doubt and f"{s.field_name}: {doubt}")
        if not (status.intact and status.valid and status.docmdp_ok) or status.modification_level > ModificationLevel.FORM_FILLING:
            broken = broken or f"{s.field_name} ({who}) does not hold"
        if not status.trusted:
            strangers = strangers or f"{s.field_name}: the certificate of {who} leads to no trusted authority"
        coverage = status.coverage
    whole = coverage is SignatureCoverageLevel.ENTIRE_FILE
    lacking = Answer.NOT_OK if roots else Answer.UNKNOWN
    return [
        (Answer.NOT_OK, broken) if broken else (Answer.OK, "; ".join(told)),
        (Answer.OK, "") if whole else (Answer.NOT_OK, "bytes follow the last signature, or it covers only a part"),
        (lacking, strangers if roots else "give the authority's certificate with --ca") if strangers else (Answer.OK, ""),
    ]
