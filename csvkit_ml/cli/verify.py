"""mlcsv verify: is this folder what was signed, by someone trusted?"""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def verify(
    folder: o.Folder,
    trust: Annotated[list[Path], typer.Option("--trust", help="Public key file or folder of them; default: your own keys.")] = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Verify a report folder offline. Exit 0 intact and trusted, 7 otherwise, with the first difference named."""
    from csvkit_ml import pipeline
    from csvkit_ml.signing.verification import require, verify_folder

    trusted = pipeline.trusted_keys(tuple(trust), pipeline.places())
    checks = verify_folder(folder, trusted)
    if json:
        out = [{"number": c.number, "what": c.what, "ok": c.ok, "detail": c.detail} for c in checks]
        sys.stdout.write(json_text.dumps({"folder": str(folder), "ok": bool(checks) and all(c.ok for c in checks), "checks": out}) + "\n")
    else:
        for c in checks:
            sys.stdout.write(f"{c.number:2d} {'ok    ' if c.ok else 'NOT OK'} {c.what}{': ' + c.detail if c.detail else ''}\n")
    require(checks)
