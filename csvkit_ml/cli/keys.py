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
    json: o.Json = False,
) -> None:
    """Make an Ed25519 key, protected by a passphrase (asked, or from MLCSV_PASSPHRASE)."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.unlock import passphrase
    from csvkit_ml.signing.keys import new_key

    places = pipeline.places()
    made = new_key(places.keys, name, passphrase(f"new passphrase for {name}", confirm=True))
    if json:
        sys.stdout.write(json_text.dumps({"name": made.name, "keyid": made.keyid, "folder": str(places.keys)}) + "\n")
    sys.stderr.write(f"key {made.name} ({made.keyid[:16]}...) in {places.keys}\ngive the public half (.pub.json) to those who verify\n")


@keys.command("list")
def list_all(json: o.Json = False) -> None:
    """List the keys of this user."""
    from csvkit_ml import pipeline
    from csvkit_ml.signing.keys import list_keys

    found = list_keys(pipeline.places().keys)
    if json:
        sys.stdout.write(json_text.dumps([{"name": k.name, "keyid": k.keyid, "created": k.created} for k in found]) + "\n")
        return
    for k in found:
        sys.stdout.write(f"{k.keyid}  {k.created}  {k.name}\n")
