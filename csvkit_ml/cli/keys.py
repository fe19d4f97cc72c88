"""mlcsv keys: machine keys."""

from __future__ import annotations

import json as json_text
import sys
from typing import Annotated

import typer

from csvkit_ml.cli import options as o

keys = typer.Typer(help="Make and list signing keys.", no_args_is_help=True)


@keys.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Who or what signs with it, e.g. ci-runner-1.")],
    person: Annotated[str, typer.Option("--person", help="Printed name: makes a personal key, for approvals.")] = "",
    expires: Annotated[str, typer.Option("--expires", help="Date (YYYY-MM-DD, UTC) from which on it must not be relied on.")] = "",
    json: o.Json = False,
) -> None:
    """Make an Ed25519 key, protected by a passphrase (asked, or from MLCSV_PASSPHRASE)."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.unlock import passphrase
    from csvkit_ml.signing.keys import new_key

    places = pipeline.places()
    end = f"{_date(expires)}T00:00:00+00:00" if expires else ""
    made = new_key(places.keys, name, passphrase(f"new passphrase for {name}", confirm=True), person=person.strip(), expires=end)
    if json:
        sys.stdout.write(json_text.dumps({"name": made.name, "keyid": made.keyid, "folder": str(places.keys)}) + "\n")
    sys.stderr.write(f"key {made.name} ({made.keyid[:16]}...) in {places.keys}\ngive the public half (.pub.json) to those who verify\n")


def _date(text: str) -> str:
    from datetime import date

    from csvkit_ml.errors import UsageError

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as e:
        raise UsageError(f"not a date: {text!r}", "YYYY-MM-DD") from e


@keys.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Key to revoke.")],
    json: o.Json = False,
) -> None:
    """Revoke a key from now on; give the new .pub.json to those who verify."""
    from datetime import UTC, datetime

    from csvkit_ml import pipeline
    from csvkit_ml.signing.keys import revoke_key

    folder = pipeline.places().keys
    record = revoke_key(folder, name, datetime.now(UTC).replace(microsecond=0).isoformat())
    if json:
        sys.stdout.write(json_text.dumps({"name": record.name, "keyid": record.keyid, "revoked": record.revoked}) + "\n")
    sys.stderr.write(f"key {record.name} is revoked from {record.revoked}; give {folder / f'{name}.pub.json'} to those who verify\n")


@keys.command("ca")
def ca(name: Annotated[str, typer.Argument(help="Name of the authority, e.g. Example Medical QA.")], json: o.Json = False) -> None:
    """Make a certification authority for signatures in PDFs; give its .ca.pem to those who verify."""
    from datetime import UTC, datetime

    from csvkit_ml import pipeline
    from csvkit_ml.cli.unlock import passphrase
    from csvkit_ml.signing.certificates import new_ca

    path = new_ca(pipeline.places().keys, name, passphrase(f"new passphrase for {name}", confirm=True), datetime.now(UTC))
    sys.stdout.write(json_text.dumps({"certificate": str(path)}) + "\n" if json else f"{path}\n")


@keys.command("certificate")
def certificate(
    key: Annotated[str, typer.Argument(help="Personal key whose printed name the certificate carries.")],
    ca: Annotated[str, typer.Option("--ca", help="Authority that issues it.")],
    json: o.Json = False,
) -> None:
    """Issue a personal certificate (PKCS#12) for signatures in PDFs; asks the passphrases of authority and person."""
    from datetime import UTC, datetime

    from csvkit_ml import pipeline
    from csvkit_ml.cli.unlock import asked
    from csvkit_ml.errors import KeyFileError
    from csvkit_ml.signing.certificates import issue
    from csvkit_ml.signing.keys import list_keys

    folder = pipeline.places().keys
    person = next((k.person for k in list_keys(folder) if k.name == key and k.person), "")
    if not person:
        raise KeyFileError(f"no personal key {key}", 'make one: mlcsv keys new NAME --person "Printed Name"')
    authority, own = asked(f"passphrase of {ca}"), asked(f"new passphrase for the certificate of {person}")
    path = issue(folder, ca, authority, key, person, own, datetime.now(UTC))
    sys.stdout.write(json_text.dumps({"certificate": str(path)}) + "\n" if json else f"{path}\n")


@keys.command("list")
def list_all(json: o.Json = False) -> None:
    """List the keys of this user."""
    from csvkit_ml import pipeline
    from csvkit_ml.signing.keys import list_keys

    found = list_keys(pipeline.places().keys)
    if json:
        sys.stdout.write(json_text.dumps([{"name": k.name, "keyid": k.keyid, "created": k.created, "person": k.person} for k in found]) + "\n")
        return
    for k in found:
        sys.stdout.write(f"{k.keyid}  {k.created}  {k.name}{f'  {k.person}' if k.person else ''}{f'  revoked {k.revoked}' if k.revoked else ''}\n")
