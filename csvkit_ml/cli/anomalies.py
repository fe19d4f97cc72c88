"""mlcsv anomalies: the supplier's list of known anomalies."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o

_COLUMNS = "id, title, url, state, labels, affected, changed, text"

anomalies = typer.Typer(help="Take suppliers' lists of known anomalies and keep decisions on them.", no_args_is_help=True)


@anomalies.callback()
def group() -> None:
    """Known anomalies (IEC 62304, 7.1.3)."""


@anomalies.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help=f"GitHub issues as exported JSON, OSV records as JSON, or CSV ({_COLUMNS}).")],
    library: Annotated[str, typer.Option("--library", "-l", help="Release that it is about, e.g. torch==2.13.0.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the snapshot and the decisions.")] = Path("anomalies"),
    label: Annotated[list[str], typer.Option("--label", help="Only entries with a label that matches this glob (repeatable).")] = [],  # noqa: B006
    name: Annotated[list[str], typer.Option("--name", help="Only entries that mention a public name that matches this glob (repeatable).")] = [],  # noqa: B006
    scope: Annotated[Path | None, typer.Option("--scope", help="Only entries that may concern what this scope uses (from `mlcsv scope`).")] = None,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Entries to decide beyond those that must be.")] = 20,
    date: Annotated[str, typer.Option("--date", help="Date of the list (ISO 8601); default: today.")] = "",
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    json: o.Json = False,
) -> None:
    """Take a list: a dated, hashed snapshot, ranked, and a file in which people record their decisions."""
    from datetime import UTC, datetime
    from datetime import date as calendar

    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.errors import UsageError

    try:
        taken = calendar.fromisoformat(date).isoformat() if date else datetime.now(UTC).date().isoformat()
    except ValueError as e:
        raise UsageError(f"{date!r} is no date", "write e.g. 2026-01-31") from e
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend)
    with progress(Console(quiet=json)) as watch:
        made = pipeline.import_anomalies(
            file, library, labels=tuple(label), names=tuple(name), sample=sample, taken=taken, folder=output, environment=request,
            places=pipeline.places(), watch=watch, scope=scope,
        )  # fmt: skip
    s, count = made.snapshot, {"read": made.snapshot.read, "kept": len(made.snapshot.anomalies), "review": len(made.snapshot.review)}
    if json:
        sys.stdout.write(json_text.dumps({"folder": str(output), "format": s.format, **count, "undecided": made.undecided}) + "\n")
    sys.stderr.write(f"{count['read']} entries read, {count['kept']} may concern {s.library} {s.version}, ")
    sys.stderr.write(f"{count['review']} to be decided, {made.undecided} still open\n")
    sys.stderr.write(f"decide in {output / 'anomalies.toml'}; then: mlcsv validate {library} --anomalies {output}\n")
