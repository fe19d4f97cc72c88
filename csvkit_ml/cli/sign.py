"""mlcsv sign: a person approves a report, with a name, a time and a meaning inside the signed bytes."""

from __future__ import annotations

import json as json_text
import sys
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def sign(
    folder: o.Folder,
    role: Annotated[str, typer.Option("--as", help="Role: author, reviewer, approver, or one of the policy.")],
    meaning: Annotated[str, typer.Option("--meaning", help="What the signature means; default: the usual words of the role.")] = "",
    key: Annotated[str, typer.Option("--key", help="Personal key; default: the only one there is.")] = "",
    policy: o.PolicyFile = None,
    device: o.Device = None,
    trust: o.Trust = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Approve a report folder. The passphrase is asked every time. Exit 2 when the policy does not allow it, 7 when the folder is not intact."""
    from datetime import UTC, datetime

    from csvkit_ml import pipeline
    from csvkit_ml.approving import approve_folder
    from csvkit_ml.cli.unlock import personal_key

    here = pipeline.places()
    trusted = pipeline.trusted_keys((*trust, here.keys) if trust else (), here)
    rules = o.policy_input(policy)
    o.device_input(device)
    signer = personal_key(here, key)
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    place = approve_folder(
        folder, role, meaning, signer, now=now, trusted=trusted, policy=rules, device=device.read_bytes() if device else b""
    )
    if json:
        sys.stdout.write(json_text.dumps({"approval": str(place), "role": role, "name": signer.public.person, "time": now}) + "\n")
    sys.stderr.write(f"signed as {role} by {signer.public.person} at {now}: {place}\n")
