"""mlcsv qualify: the checker checked."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def qualify(
    function: o.Globs = [],  # noqa: B006
    list_only: Annotated[bool, typer.Option("--list", help="Only list the functions.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the detection table to this JSON file.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute every detection again.")] = False,
    json: o.Json = False,
) -> None:
    """Show that every function's cases reject its seeded faults and accept the true result. Exit 3 when one does not."""
    from csvkit_ml import pipeline, registry
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.evidence.folder import write_file
    from csvkit_ml.planning.catalogue import select

    chosen = select(registry.functions(), tuple(function))
    if list_only:
        for f in chosen.values():
            sys.stdout.write(f"{f.id}\t{f.side.value}\t{f.area}\t{f.requirement}\n")
        return
    console = Console(quiet=False)
    ids, at = tuple(chosen), pipeline.places()
    with progress(console) as watch, pipeline.ahead(() if fresh else ids, at):
        found = pipeline.detections(ids, places=at, watch=watch, fresh=fresh)
    rows = [
        {
            "function": d.function, "fault": d.fault, "tried": d.tried, "rejected": d.rejected, "true_accepted": d.accepted_true,
            "detected": d.detected,
        }
        for d in found
    ]  # fmt: skip
    missed = [d for d in found if not d.detected]
    if output:
        write_file(output, json_text.dumps(rows, indent=1).encode())
    if json:
        sys.stdout.write(json_text.dumps({"functions": len(chosen), "faults": len(found), "missed": len(missed), "rows": rows}) + "\n")
    else:
        for d in found:
            state = "detected" if d.detected else "true result rejected" if not d.accepted_true else "NOT DETECTED"
            sys.stdout.write(f"{d.function:28} {d.fault:28} {state:12} by {d.rejected} of {d.tried} samples\n")
    sys.stderr.write(f"{len(chosen)} functions, {len(found)} seeded faults, {len(found) - len(missed)} detected, {len(missed)} missed\n")
    raise typer.Exit(3 if missed else 0)
