"""mlcsv scope: what a product uses of a library."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Callable

    from csvkit_ml.model.scope import Scope


def scope(
    files: Annotated[
        list[str], typer.Argument(help="Models (.onnx), exported programs (.pt2), scope files (.json); or, behind --, a script and its arguments.")
    ],
    python: Annotated[str, typer.Option("--python", help="Interpreter of the environment in which a script runs.")] = "",
    limit: Annotated[float, typer.Option("--time-limit", min=1.0, help="Seconds after which a script is ended.")] = 600.0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Scope file to write; default: stdout.")] = None,
    json: o.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table.")] = False,
) -> None:
    """Write what a model, exported program or traced script uses. Exit 4 when something was not seen."""
    from csvkit_ml.evidence.folder import write_file
    from csvkit_ml.scope.collect import digest, to_text

    found = _found(files, python, limit)
    data = to_text(found)
    if output:
        write_file(output, data)
    if json:
        facts = {"digest": digest(found), "library": found.library, "operators": list(found.operators), "uses": len(found.uses),
                 "problems": list(found.problems), "file": str(output or "")}  # fmt: skip
        sys.stdout.write(json_text.dumps(facts) + "\n")
    elif not output:
        sys.stdout.write(data.decode())
    if not quiet:
        _table(found)
    raise typer.Exit(4 if found.problems else 0)


def _found(files: list[str], python: str, limit: float) -> Scope:
    """Read or trace. Raises UsageError."""
    from csvkit_ml.errors import UsageError
    from csvkit_ml.pipeline.places import places
    from csvkit_ml.scope.collect import from_text, merge
    from csvkit_ml.scope.exported_program import scope_of_program
    from csvkit_ml.scope.onnx_model import scope_of_model
    from csvkit_ml.scope.script import scope_of_script

    first = Path(files[0])
    if first.suffix == ".py":
        bytecode = places().cache.absolute() / "scratch" / "traced"
        return scope_of_script(python or "python3", first, files[1:], limit_s=limit, bytecode=bytecode, output=sys.stderr.fileno())
    readers: dict[str, Callable[[Path], Scope]] = {
        ".onnx": scope_of_model, ".pt2": scope_of_program, ".json": lambda path: from_text(path.read_bytes(), path.name),
    }  # fmt: skip
    if strange := [f for f in files if Path(f).suffix not in readers]:
        raise UsageError(f"{strange[0]} is no model, exported program, scope file or script", "known endings: .onnx .pt2 .json .py")
    try:
        return merge(readers[Path(f).suffix](Path(f)) for f in files)
    except OSError as e:
        raise UsageError(f"cannot read {e.filename}: {e.strerror}", "name files that can be read") from e


def _table(found: Scope) -> None:
    """Operators with phases, dtypes and counts, for people."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from csvkit_ml.model.scope import base

    console = Console(stderr=True)
    table = Table(title=escape(f"{found.library}: {len(found.operators)} operators, {len(found.uses)} different uses"))
    for column in ("operator", "phases", "dtypes", "uses", "count"):
        table.add_column(column, justify="right" if column in ("uses", "count") else "left")
    for name in found.operators:
        uses = [u for u in found.uses if base(u.operator) == name]
        phases = sorted({u.phase.value for u in uses})
        dtypes = sorted({x.dtype for u in uses for x in u.operands})
        table.add_row(*map(escape, (name, ", ".join(phases), ", ".join(dtypes))), str(len(uses)), str(sum(u.count for u in uses)))
    console.print(table)
    for problem in found.problems:
        console.print(f"[yellow]not all was seen[/]: {escape(problem)}", highlight=False)
