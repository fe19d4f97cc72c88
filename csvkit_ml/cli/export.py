"""mlcsv export and mlcsv archive: what other systems take, and one file for the shelf."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def export(
    folder: o.Folder,
    form: Annotated[str, typer.Option("--as", help="soup-csv, soup-md, cyclonedx or test-result.")] = "soup-csv",
    json: o.Json = False,
) -> None:
    """Print a report as SOUP list (CSV, Markdown), CycloneDX SBOM or in-toto test-result; human input of the approvals is included."""
    from csvkit_ml.approving import shown_model
    from csvkit_ml.errors import UsageError
    from csvkit_ml.reporting.exports import EXPORTS

    if form not in EXPORTS:
        raise UsageError(f"no export {form!r}", f"there are: {', '.join(EXPORTS)}")
    data = EXPORTS[form](shown_model(folder))
    sys.stdout.write(json_text.dumps({form: data.decode()}) + "\n" if json else data.decode())


def archive(
    folder: o.Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, .zip.")],
    trust: o.Trust = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Verify a report folder and pack it into one ZIP, the same bytes every time; exit 7 when it is not intact."""
    from csvkit_ml import pipeline
    from csvkit_ml.approving import check_folder
    from csvkit_ml.evidence.folder import packed, write_file
    from csvkit_ml.model.digest import sha256
    from csvkit_ml.signing.verification import require

    require(check_folder(folder, pipeline.trusted_keys(tuple(trust), pipeline.places()), None))
    data = packed(folder)
    write_file(out, data)
    if json:
        sys.stdout.write(json_text.dumps({"archive": str(out), "digest": sha256(data)}) + "\n")
    sys.stderr.write(f"{out}: {len(data):,} bytes, {sha256(data)}\n")
