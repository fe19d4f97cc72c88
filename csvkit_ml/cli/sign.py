"""mlcsv sign: a person approves a report, with a name, a time and a meaning inside the signed bytes."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.approving import PdfSigner
    from csvkit_ml.model.report import Approval
    from csvkit_ml.signing.policy import Policy


def sign(
    folder: Annotated[Path, typer.Argument(help="Report folder; or a plan (from `mlcsv plan`), before its run.")],
    role: Annotated[str, typer.Option("--as", help="Role: author, reviewer, approver, or one of the policy.")],
    meaning: Annotated[str, typer.Option("--meaning", help="What the signature means; default: the usual words of the role.")] = "",
    key: Annotated[str, typer.Option("--key", help="Personal key; default: the only one there is.")] = "",
    certificate: Annotated[str, typer.Option("--certificate", help="PKCS#12 file, or pkcs11:token=T;object=O?module-path=M: sign the PDFs too (PAdES).")] = "",
    tsa: Annotated[str, typer.Option("--tsa", help="Address of an RFC 3161 time stamping authority.")] = "",
    policy: o.PolicyFile = None,
    device: o.Device = None,
    impact: Annotated[Path | None, typer.Option("--impact", help="Answers to the questions of a comparison (impact-form.toml), first signature.")] = None,
    trust: o.Trust = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Approve the folder of a report or comparison, or a plan before its run. The passphrase is asked every time.

    Exit 2 when the policy does not allow it, 7 when the folder is not intact.
    """
    from datetime import UTC, datetime

    from csvkit_ml import pipeline
    from csvkit_ml.approving import approve_folder, approve_plan_file
    from csvkit_ml.assessing import assess_folder, is_comparison
    from csvkit_ml.cli.log import note
    from csvkit_ml.cli.unlock import personal_key
    from csvkit_ml.model.digest import sha256

    here = pipeline.places()
    trusted = pipeline.trusted_keys((*trust, here.keys) if trust else (), here)
    rules = o.policy_input(policy)
    o.device_input(device)
    signer = personal_key(here, key)
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    if folder.is_file():
        place = approve_plan_file(folder, role, meaning, signer, now=now, policy=rules)
        note(here, "sign", signer.public.person, {"plan": sha256(folder.read_bytes()), "role": role, "keyid": signer.public.keyid, "file": place.name})
        _told(place, role, signer.public.person, now, json=json)
        return
    if is_comparison(folder):
        place = assess_folder(folder, role, meaning, signer, now=now, trusted=trusted, policy=rules, impact=_bytes(impact))
    else:
        in_pdf = _pdf_signer(certificate, tsa, rules) if certificate else None
        place = approve_folder(
            folder, role, meaning, signer, now=now, trusted=trusted, policy=rules, device=_bytes(device), pdf_signer=in_pdf
        )
    note(here, "sign", signer.public.person, {"folder": folder.resolve().name, "role": role, "keyid": signer.public.keyid, "place": place.name})
    _told(place, role, signer.public.person, now, json=json)


def _told(place: Path, role: str, person: str, now: str, *, json: bool) -> None:
    if json:
        sys.stdout.write(json_text.dumps({"approval": str(place), "role": role, "name": person, "time": now}) + "\n")
    sys.stderr.write(f"signed as {role} by {person} at {now}: {place}\n")


def _bytes(path: Path | None) -> bytes:
    from csvkit_ml.errors import UsageError

    try:
        return path.read_bytes() if path else b""
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "name a file that can be read") from e


def _pdf_signer(named: str, tsa: str, rules: Policy) -> PdfSigner:
    """Read the certificate once; its passphrase or PIN is asked too."""
    from csvkit_ml.cli.unlock import asked
    from csvkit_ml.errors import KeyFileError
    from csvkit_ml.reporting.pdf import stamp
    from csvkit_ml.signing.pdf_signature import sign_pdf
    from csvkit_ml.signing.pdf_signer import SCHEME, Certificate, read_token

    try:
        on_token = named.startswith(SCHEME)
        opened = Certificate(token=read_token(named)) if on_token else Certificate(bundle=Path(named).read_bytes())
    except OSError as e:
        raise KeyFileError(f"cannot read {named}: {e.strerror}", "make one with `mlcsv keys certificate`") from e
    secret = asked(f"PIN of the token {opened.token.token}" if opened.token else f"passphrase of {Path(named).name}")

    def in_pdf(approval: Approval, data: bytes) -> bytes:
        return sign_pdf(data, approval, rules.roles, certificate=opened, secret=secret, stamp=stamp(approval), tsa=tsa)

    return in_pdf
