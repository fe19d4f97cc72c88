"""mlcsv log: who did what, and when."""

from __future__ import annotations

import json as json_text
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csvkit_ml.pipeline import Places


def log(
    verify: Annotated[bool, typer.Option("--verify", help="Only check the chain; exit 7 when it is broken.")] = False,
    json: o.Json = False,
) -> None:
    """Show the audit trail of this user: plans, runs, judgements, signatures. A broken chain is refused."""
    from csvkit_ml import pipeline
    from csvkit_ml.evidence.log import as_json, load_log

    entries = load_log(pipeline.places().log)
    if json:
        sys.stdout.write(json_text.dumps({"ok": True, "entries": [as_json(e) for e in entries]}) + "\n")
        return
    for e in () if verify else entries:
        what = "  ".join(f"{k}={v}" for k, v in e.what)
        text = f"{e.number:5d}  {e.time}  {e.event:9}  {e.who or '-'}  {what}"
        sys.stdout.write("".join(ch if ch.isprintable() else "?" for ch in text) + "\n")
    sys.stderr.write(f"{len(entries)} entries, the chain holds\n")


def note(places: Places, event: str, who: str, what: Mapping[str, str]) -> None:
    """Add an event of now to the audit trail. Raises IntegrityError, OutputUnwritableError, DiskFullError."""
    from datetime import UTC, datetime

    from csvkit_ml.evidence.log import append

    append(places.log, event=event, who=who, what=what, now=datetime.now(UTC).replace(microsecond=0).isoformat())
