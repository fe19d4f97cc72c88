"""mlcsv doctor: what this machine can validate, and what is missing."""

from __future__ import annotations

import json as json_text
import sys

import typer

from csvkit_ml.cli import options as o


def doctor(json: o.Json = False) -> None:
    """Interpreters, uv, devices, keys, libraries and backends at hand. Exit 6 when nothing can be validated here."""
    from csvkit_ml import pipeline

    facts = pipeline.doctor()
    if json:
        sys.stdout.write(json_text.dumps(dict(facts.rows) | {"missing": list(facts.missing)}) + "\n")
    else:
        for name, value in facts.rows:
            sys.stdout.write(f"{name:14} {value}\n")
        for text in facts.missing:
            sys.stdout.write(f"missing        {text}\n")
    raise typer.Exit(6 if facts.blocking else 0)
